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

func TestWhatTheMAASDriverCanDoIsConfigured(t *testing.T) {
	scripts := t.TempDir()
	path := write(t, `
drivers:
  maas:
    url: http://maas.example:5240/MAAS
    call_timeout: 2m
    connect_timeout: 3s
    connections: 4
    agent_name: drydock-lab
    erase: region
    delete_released: true
    failed_deployment: keep
    storage_layout: lvm
    commissioning_scripts: [check-firmware]
    scripts: `+scripts+`
`)
	c, err := config.Load(path, []string{"DRYDOCK_DRIVERS__MAAS__TESTING_SCRIPTS=smartctl-validate, site", "DRYDOCK_DRIVERS__MAAS__API_KEY=" + canary})
	require.NoError(t, err)
	assert.Equal(t, config.MAAS{
		URL: "http://maas.example:5240/MAAS", APIKey: canary, PollInterval: 15 * time.Second, CallTimeout: 2 * time.Minute,
		ConnectTimeout: 3 * time.Second, Connections: 4, AgentName: "drydock-lab", Erase: "region", DeleteReleased: true,
		FailedDeployment: "keep", StorageLayout: "lvm", CommissioningScripts: []string{"check-firmware"},
		TestingScripts: []string{"smartctl-validate", "site"}, Scripts: scripts,
	}, c.Drivers.MAAS)
	require.NoError(t, c.CheckWorker())

	c.Drivers.MAAS.Scripts = filepath.Join(scripts, "none")
	assert.ErrorContains(t, c.CheckWorker(), "drivers.maas.scripts: must be a directory of scripts: "+c.Drivers.MAAS.Scripts)
}

func TestMistakesInTheConfigurationOfMAASNameTheirKey(t *testing.T) {
	for text, want := range map[string]string{
		"call_timeout: 0s":                      "call_timeout: must be longer than 0",
		"connect_timeout: 10":                   "connect_timeout: a duration needs a unit, such as 30s",
		"connections: 0":                        "connections: must be at least 1",
		"agent_name: \"\"":                      "agent_name: must be 1 to 64 letters, digits, dots, dashes and underscores",
		"agent_name: our agent":                 "agent_name: must be 1 to 64 letters, digits, dots, dashes and underscores",
		"erase: thorough":                       "erase: must be one of quick, secure, full, none, region",
		"delete_released: perhaps":              "delete_released: must be true or false",
		"failed_deployment: forget":             "failed_deployment: must be one of keep, retry, release",
		"storage_layout: raid":                  "storage_layout: must be one of bcache, blank, custom, flat, lvm, vmfs6, vmfs7",
		"testing_scripts: [none, memtester]":    "testing_scripts: must hold nothing besides none, which means that no script is to run",
		"commissioning_scripts: [\"a, b\"]":     "commissioning_scripts[0]: must be the name or a tag of a script",
		"commissioning_scripts: [ok, ../other]": "commissioning_scripts[1]: must be the name or a tag of a script",
	} {
		t.Run(text, func(t *testing.T) {
			path := write(t, "drivers:\n  maas:\n    "+text+"\n")
			_, err := config.Load(path, nil)
			require.EqualError(t, err, path+":3: drivers.maas."+want)
		})
	}
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

func TestConnectTimeoutOfRedfish(t *testing.T) {
	for value, refused := range map[string]bool{"700ms": false, "0s": true, "-1s": true} {
		c, err := config.Load("", []string{"DRYDOCK_DRIVERS__REDFISH__CONNECT_TIMEOUT=" + value})
		if err == nil {
			err = c.CheckWorker()
		}
		if refused {
			assert.ErrorContains(t, err, "drivers.redfish.connect_timeout", value)
			continue
		}
		assert.Equal(t, 700*time.Millisecond, c.Drivers.Redfish.ConnectTimeout)
		assert.NotContains(t, fmt.Sprint(err), "connect_timeout")
	}
	assert.Equal(t, 5*time.Second, config.Default().Drivers.Redfish.ConnectTimeout)
}
