package maas

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/simulator/world"
)

const (
	firmwareScript = "#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: check-firmware\n# script_type: commissioning\n# may_reboot: true\n# --- End MAAS 1.0 script metadata ---\ntrue\n"
	cablingScript  = "#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: check-cabling\n# script_type: testing\n# tags: [site]\n# --- End MAAS 1.0 script metadata ---\ntrue\n"
)

// scriptFiles is a directory of files.
func scriptFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600))
	}
	return directory
}

// prepareHardware runs PrepareHardwareConfig and returns its writes.
func (r *region) prepareHardware() (drivers.Report, []string, error) {
	r.t.Helper()
	r.meter.reset()
	report, err := r.driver.PrepareHardwareConfig(context.Background(), r.siteCall())
	return report, r.meter.written(), err
}

func TestScriptsOfADirectoryAreUploadedAndThenCommissionTheMachine(t *testing.T) {
	directory := scriptFiles(t, map[string]string{"check-firmware": firmwareScript, "check-cabling": cablingScript, ".hidden": "no script"})
	require.NoError(t, os.Mkdir(filepath.Join(directory, "old"), 0o700))
	r := newRegion(t, testSite(), func(c *Config) {
		c.Scripts, c.CommissioningScripts, c.TestingScripts = directory, []string{"check-firmware"}, []string{"site", "memtester"}
	})
	report, writes, err := r.prepareHardware()
	require.NoError(t, err)
	require.Equal(t, drivers.Changed, report.Outcome)
	require.Contains(t, report.Messages, "Script check-firmware was uploaded.")
	require.Contains(t, report.Messages, "Script check-cabling was uploaded.")
	require.Equal(t, 2, count(writes, "POST scripts/ "))

	report, writes, err = r.prepareHardware()
	require.NoError(t, err)
	require.Equal(t, drivers.Already, report.Outcome)
	require.Empty(t, writes, "what is equal is not written")

	require.NoError(t, os.WriteFile(filepath.Join(directory, "check-cabling"), []byte(cablingScript+"# better\n"), 0o600))
	report, writes, err = r.prepareHardware()
	require.NoError(t, err)
	require.Equal(t, []string{"Script check-cabling was uploaded anew, as its text has changed."}, report.Messages)
	require.Equal(t, []string{"PUT scripts/check-cabling "}, writes)
	require.Empty(t, writesOf(r.prepareHardware()), "the newest revision is what counts")

	r.prepareSite()
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.ConfigureHardware)
	require.Contains(t, r.ran("harbor-n1", "commissioning"), "check-firmware")
	require.ElementsMatch(t, []string{"check-cabling", "memtester"}, r.ran("harbor-n1", "testing"), "a tag stands for the scripts that have it")
}

// ran are the scripts of the newest run of a kind.
func (r *region) ran(node, kind string) (names []string) {
	r.t.Helper()
	set, err := r.admin("").scriptResults(r.build[node].Provisioner.ID, kind)
	require.NoError(r.t, err)
	if set == nil {
		return nil
	}
	for _, x := range set.Results {
		names = append(names, x.Name)
	}
	return names
}

func count(list []string, what string) (n int) {
	for _, x := range list {
		if x == what {
			n++
		}
	}
	return n
}

func writesOf(_ drivers.Report, writes []string, _ error) []string { return writes }

func TestWithoutConfiguredScriptsMAASSelectsAndNobodyAsksForThem(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	_, _, err := r.prepareHardware()
	require.NoError(t, err)
	r.meter.reset()
	r.meter.cut = func(int) (bool, bool) { return false, false }
	_, _, err = r.prepareHardware()
	require.NoError(t, err)
	require.Equal(t, 4, r.meter.reads, "images, two settings and tags")
	r.prepareSite()
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.ConfigureHardware)
	require.Contains(t, r.ran("harbor-n1", "testing"), "smartctl-validate")
}

func TestNoneLeavesTestsOut(t *testing.T) {
	r := newRegion(t, testSite(), func(c *Config) { c.TestingScripts = []string{"none"} })
	_, _, err := r.prepareHardware()
	require.NoError(t, err, "none is a word, and not a script to look for")
	r.prepareSite()
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.ConfigureHardware)
	require.Empty(t, r.ran("harbor-n1", "testing"))
}

func TestAMachineThatFailedItsTestsIsNotOverriddenWhereNoneAreConfigured(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.prepareSite()
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	m, _ := r.world.Machine("harbor-n1")
	m.SetFault(world.FaultTest, true)
	_, err := r.finish("harbor-n1", newMemory(), r.driver.ConfigureHardware)
	classed(t, err, drivers.HardwareFault)
	r.driver.cfg.TestingScripts = []string{"none"}
	e := r.refused(drivers.NeedsPerson, "harbor-n1", r.driver.ConfigureHardware)
	require.Contains(t, e.Error(), "smartctl-validate")
	require.Contains(t, e.Advice, "drivers.maas.testing_scripts")
}

func TestScriptsThatMAASDoesNotHaveAreNamedWithThoseThatItHas(t *testing.T) {
	r := newRegion(t, testSite(), func(c *Config) {
		c.CommissioningScripts, c.TestingScripts = []string{"maas-lshw", "check-firmwear"}, []string{"memtester", "maas-lshw", "network-validation"}
	})
	_, writes, err := r.prepareHardware()
	e := classed(t, err, drivers.NotFound)
	require.Empty(t, count(writes, "POST scripts/ "))
	require.Contains(t, e.Error(), "no script of the name or tag check-firmwear (commissioning_scripts), maas-lshw (testing_scripts)", "a script of the other kind is none")
	require.Contains(t, e.Error(), "smartctl-validate", "what there is")
	require.Contains(t, e.Advice, "drivers.maas.scripts")

	// Where nobody prepared the site, the region's refusal says the same, and the machine is as before.
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	_, err = r.driver.ConfigureHardware(context.Background(), r.call("harbor-n1", newMemory()))
	e = classed(t, err, drivers.NotFound)
	require.Contains(t, e.Error(), "check-firmwear")
	require.Contains(t, e.Advice, "drivers.maas.commissioning_scripts")
	require.Zero(t, func() int { m, _ := r.world.Machine("harbor-n1"); return m.Counters().Commissions }())
}

func TestScriptsThatDestroyWhatIsOnDisksAreAWarning(t *testing.T) {
	r := newRegion(t, testSite(), func(c *Config) { c.TestingScripts = []string{"badblocks-destructive"} })
	report, _, err := r.prepareHardware()
	require.NoError(t, err)
	warned := strings.Join(report.Messages, "\n")
	require.Contains(t, warned, "script badblocks-destructive, chosen by testing_scripts: badblocks-destructive, destroys what is on the disks")
	require.True(t, drivers.IsWarning(report.Messages[len(report.Messages)-1]))
}

func TestDirectoriesOfScriptsThatCannotBeMeantAreRefusedBeforeAnythingIsUploaded(t *testing.T) {
	for sentence, c := range map[string]struct {
		files       map[string]string
		class       drivers.Class
		want        string
		afterUpload bool
	}{
		"a name that MAAS takes for none":    {map[string]string{"two words": firmwareScript}, drivers.InvalidRequest, "two words is no name that MAAS takes", false},
		"a file that is too large":           {map[string]string{"huge": strings.Repeat("#", maxScript+1)}, drivers.InvalidRequest, "huge is larger than 1 MiB", false},
		"the name of a script of MAAS":       {map[string]string{"memtester": cablingScript}, drivers.Conflict, "a script of this name comes with MAAS", false},
		"a text that is no script":           {map[string]string{"text": "hello"}, drivers.InvalidRequest, "Must start with shebang", true},
		"a name that the text contradicts":   {map[string]string{"other": firmwareScript}, drivers.InvalidRequest, "May not override values defined in embedded YAML", true},
		"more files than anybody has in use": {manyFiles(maxScripts + 1), drivers.InvalidRequest, "more than 200 files", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			r := newRegion(t, testSite(), nil)
			r.driver.cfg.Scripts = scriptFiles(t, c.files)
			_, writes, err := r.prepareHardware()
			require.Contains(t, classed(t, err, c.class).Error(), c.want)
			if !c.afterUpload {
				require.Zero(t, count(writes, "POST scripts/ "))
			}
		})
	}
	r := newRegion(t, testSite(), nil)
	r.driver.cfg.Scripts = filepath.Join(t.TempDir(), "gone")
	_, _, err := r.prepareHardware()
	require.Contains(t, classed(t, err, drivers.InvalidRequest).Advice, "drivers.maas.scripts")
}

func manyFiles(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("script-%d", i)] = firmwareScript
	}
	return files
}

func TestAnUploadWhoseAnswerIsLostIsFoundByTheNextAttempt(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	_, _, err := r.prepareHardware()
	require.NoError(t, err)
	r.driver.cfg.Scripts = scriptFiles(t, map[string]string{"check-firmware": firmwareScript})
	lost := false
	r.driver.wire.carrier = roundTrip(func(q *http.Request) (*http.Response, error) {
		resp, err := r.meter.RoundTrip(q)
		if q.Method == http.MethodPost && err == nil && !lost {
			lost = true
			resp.Body.Close()
			return nil, http.ErrHandlerTimeout
		}
		return resp, err
	})
	_, _, err = r.prepareHardware()
	classed(t, err, drivers.Unreachable)
	_, writes, err := r.prepareHardware()
	require.NoError(t, err)
	require.Empty(t, writes)
	require.True(t, lost)
}

func TestWordsThatNameNoScriptAreRefusedByTheConfiguration(t *testing.T) {
	for sentence, c := range map[string]Config{
		"a list in a word":              {TestingScripts: []string{"a,b"}},
		"a path":                        {CommissioningScripts: []string{"../machines/"}},
		"none besides another":          {TestingScripts: []string{"none", "memtester"}},
		"a directory that is not there": {Scripts: "testdata/none"},
		"an unknown policy":             {FailedDeployment: "forget"},
	} {
		c.URL, c.APIKey = "http://host/MAAS", testKey
		_, err := New(c)
		require.ErrorContains(t, err, "configure MAAS driver", sentence)
	}
}
