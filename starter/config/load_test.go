package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/starter/config"
)

const canary = "CONSUMERCANARY:TOKENCANARY:SECRETCANARY"

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drydock.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestAnEmptyConfigurationIsTheDefault(t *testing.T) {
	for name, path := range map[string]string{"no file": "", "an empty file": write(t, ""), "only a comment": write(t, "# nothing\n")} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(path, nil)
			require.NoError(t, err)
			assert.Equal(t, config.Default(), c)
		})
	}
}

func TestEnvironmentWinsOverFileAndFileOverDefaults(t *testing.T) {
	path := write(t, `
task_queue: lab
drivers:
  oob: {libvirt: redfish}
  addresses: {10.0.0.5: "127.0.0.1:8443"}
  overrides: [{nodes: [n1, n2], oob: manual}]
  maas: {url: "http://maas.example:5240/MAAS", poll_interval: 3s}
  ipmi: {cipher_suites: [17]}
`)
	c, err := config.Load("", []string{
		"DRYDOCK_CONFIG=" + path,
		"DRYDOCK_TASK_QUEUE=production",
		"DRYDOCK_DRIVERS__MAAS__API_KEY=" + canary,
		"DRYDOCK_DRIVERS__REDFISH__INSECURE=true",
		"DRYDOCK_DRIVERS__OOB__IPMI=bmclib",
		"DRYDOCK_TEST_ANYTHING=1", "DRYDOCK_REQUIRE_COUNTERPARTS=1", "PATH=/bin",
	})
	require.NoError(t, err)
	assert.Equal(t, "production", c.TaskQueue)
	assert.Equal(t, 3*time.Second, c.Drivers.MAAS.PollInterval)
	assert.Equal(t, canary, c.Drivers.MAAS.APIKey.Reveal())
	assert.True(t, c.Drivers.Redfish.Insecure)
	assert.Equal(t, []int{17}, c.Drivers.IPMI.CipherSuites, "a list replaces the default list")
	assert.Equal(t, map[string]string{"ipmi": "bmclib", "redfish": "redfish", "manual": "manual", "libvirt": "redfish"}, c.Drivers.OOB)
	assert.Equal(t, map[string]string{"10.0.0.5": "127.0.0.1:8443"}, c.Drivers.Addresses)
	assert.Equal(t, []config.Override{{Nodes: []string{"n1", "n2"}, OOB: "manual"}}, c.Drivers.Overrides)
	assert.NoError(t, c.CheckWorker())
}

func TestAListInAVariableIsSeparatedByCommas(t *testing.T) {
	c, err := config.Load("", []string{"DRYDOCK_DRIVERS__IPMI__CIPHER_SUITES=3, 17"})
	require.NoError(t, err)
	assert.Equal(t, []int{3, 17}, c.Drivers.IPMI.CipherSuites)
}

func TestEveryMistakeIsNamedAtOnceWithItsPlace(t *testing.T) {
	path := write(t, `task_queue: lab
colour: blue
drivers:
  maas:
    url: ftp://maas
    poll_interval: 15
    retries: 3
  ipmi:
    port: many
    cipher_suites: [17, 0]
  overrides:
    - {site: harbor}
    - {site: harbor, oob: manual, nodse: [n1]}
  locations: [nowhere]
`)
	_, err := config.Load(path, []string{"DRYDOCK_WORKER__MAX_ACTIVITIES=0", "DRYDOCK_DRIVERS_MAAS_URL=http://x", "DRYDOCK_NONSENSE=1",
		"DRYDOCK_DRIVERS__ADDRESSES=x"})
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	at := func(line int) string { return fmt.Sprintf("%s:%d: ", path, line) }
	assert.ElementsMatch(t, []string{
		at(2) + "colour: unknown key",
		at(5) + "drivers.maas.url: must be a URL such as http://maas.example:5240/MAAS",
		at(6) + "drivers.maas.poll_interval: a duration needs a unit, such as 30s",
		at(7) + "drivers.maas.retries: unknown key",
		at(9) + "drivers.ipmi.port: must be a whole number",
		at(10) + "drivers.ipmi.cipher_suites: must not contain 0, which authenticates nobody",
		at(12) + "drivers.overrides[0]: chooses nothing: give oob, network or node",
		at(13) + "drivers.overrides[1].nodse: unknown key",
		at(14) + "drivers.locations[0]: must be a network such as 127.0.0.1/32",
		"DRYDOCK_WORKER__MAX_ACTIVITIES: worker.max_activities: must be at least 1",
		"DRYDOCK_DRIVERS_MAAS_URL: unknown variable: there is no key drivers_maas_url; drivers.maas.url is DRYDOCK_DRIVERS__MAAS__URL",
		"DRYDOCK_NONSENSE: unknown variable: there is no key nonsense (two underscores stand between levels, such as DRYDOCK_DRIVERS__MAAS__URL)",
		"DRYDOCK_DRIVERS__ADDRESSES: drivers.addresses: can't be set by a variable: set it in the configuration file",
	}, lines)
}

func TestUnreadableFilesAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ path, want string }{
		"a file that is not there":    {filepath.Join(t.TempDir(), "none.yaml"), "no such file or directory"},
		"a file that is no YAML":      {write(t, "a: [1,\nb: }"), "is no YAML: line"},
		"a file that is a plain text": {write(t, canary), "must hold keys and values"},
		"a file with a list":          {write(t, "- a\n- b\n"), "must hold keys and values"},
		"a file with a key twice":     {write(t, "task_queue: a\ntask_queue: b\n"), "task_queue"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(c.path, nil)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, c.path)
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
}

func TestTheWorkerNamesTheKeysThatItLacks(t *testing.T) {
	c, err := config.Load("", nil)
	require.NoError(t, err)
	err = c.CheckWorker()
	require.ErrorContains(t, err, "drivers.maas.url: is missing")
	assert.ErrorContains(t, err, "drivers.maas.api_key: is missing")
	assert.ErrorContains(t, err, "DRYDOCK_DRIVERS__MAAS__API_KEY")

	c.Drivers.Node = "another"
	assert.NoError(t, c.CheckWorker(), "only the maas driver needs a region")
}

func TestTheKeyFileIsReadAtLoad(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(canary+"\n"), 0o600))
	c, err := config.Load("", []string{"DRYDOCK_DRIVERS__MAAS__API_KEY_FILE=" + key})
	require.NoError(t, err)
	assert.Equal(t, canary, c.Drivers.MAAS.APIKey.Reveal())

	_, err = config.Load("", []string{"DRYDOCK_DRIVERS__MAAS__API_KEY_FILE=" + key + ".none"})
	assert.ErrorContains(t, err, key+".none: no such file or directory")

	_, err = config.Load("", []string{"DRYDOCK_DRIVERS__MAAS__API_KEY_FILE=" + key, "DRYDOCK_DRIVERS__MAAS__API_KEY=" + canary})
	require.ErrorContains(t, err, "keep one of them")
	assert.NotContains(t, err.Error(), "CANARY")
}

func TestNoFormOfPrintingShowsASecret(t *testing.T) {
	c := config.Default()
	c.Drivers.MAAS.APIKey = canary
	c.State.DSN = "postgres://drydock:PASSWORDCANARY@db/drydock"
	marshalled, err := json.Marshal(c)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), string(marshalled)} {
		assert.NotContains(t, text, "CANARY")
		assert.Contains(t, text, "[redacted]")
	}
}

func TestAMalformedSecretIsNotQuoted(t *testing.T) {
	for name, environ := range map[string][]string{
		"a key of two parts":       {"DRYDOCK_DRIVERS__MAAS__API_KEY=CANARY:CANARY"},
		"a DSN of another kind":    {"DRYDOCK_STATE__DSN=mysql://u:CANARY@db"},
		"a URL that holds the key": {"DRYDOCK_DRIVERS__MAAS__URL=http://u:CANARY@maas/MAAS"},
		"a URL that is none":       {"DRYDOCK_DRIVERS__MAAS__URL=http://u:CANARY@[maas/MAAS"},
		"text instead of a number": {"DRYDOCK_DRIVERS__IPMI__PORT=CANARY"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load("", environ)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
}
