package maas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordingsEnv is the folder of the recordings of a real region, one JSON file per topic. The contract is made of them.
const recordingsEnv = "DRYDOCK_TEST_MAAS_RECORDINGS"

var update = flag.Bool("update", false, "write testdata/contract*.json anew, from the recordings in the folder $"+recordingsEnv)

// recordedTopics are the topics by test data and, where machines matter, by the group of calls that follow each other. A
// topic without a group goes on in the region of the one before; one that was recorded in two parts is replayed in two.
var recordedTopics = []struct {
	file, group string
	topics      []string
}{
	{"contract", "", []string{"version", "auth-errors", "zones", "resourcepools", "tags", "sshkeys", "maas-config", "package-repositories",
		"boot-resources", "boot-sources", "scripts", "fabrics", "spaces", "vlans <13", "subnets", "subnet-delete", "ipranges",
		"static-routes", "vlans >=13", "domains", "dnsresources", "dnsresourcerecords", "devices", "account", "regioncontrollers"}},
	{"contract_machines", "interfaces", []string{"interfaces"}},
	{"contract_machines", "interfaces-create", []string{"interfaces-create"}},
	{"contract_machines", "storage", []string{"storage <20", "volume-groups", "storage >=20"}},
	{"contract_machines", "raids", []string{"raids-bcache"}},
	{"contract_machines", "partitions", []string{"partitions"}},
	{"contract_machines", "storage-layout", []string{"storage-layout"}},
	{"contract_machines", "allocate", []string{"allocate", "owner-data"}},
	{"contract_machines", "lists", []string{"machines-list-filters", "power-parameters", "machines-collection-ops", "tags-nodes", "events",
		"machine-read", "machines-list-full", "machine-details", "installation-results-legacy"}},
	{"contract_machines", "create", []string{"machines-create"}},
	{"contract_machines", "update", []string{"machine-update"}},
	{"contract_machines", "addresses", []string{"ipaddresses"}},
	{"contract_machines", "generic", []string{"generic-errors"}},
	{"contract_machines", "release", []string{"machines-release-many", "delete"}},
	{"contract_machines", "locked", []string{"locked-machine"}},
	{"contract_machines", "deployed", []string{"deployed-ops"}},
	{"contract_machines", "racks", []string{"rackcontrollers"}},
	{"contract_machines", "bmc", []string{"bmc-unreachable"}},
	{"contract_machines", "norack", []string{"no-rack-controller"}},
	{"contract_machines", "results", []string{"commissioning-results"}},
	{"contract_machines", "parallel", []string{"parallel-writers"}},
	{"contract_life", "lifecycle", []string{"lifecycle", "events-lifecycle"}},
	{"contract_life", "import", []string{"boot-resources-import"}},
	{"contract_life", "deploy", []string{"deploy-errors"}},
	{"contract_life", "curtin", []string{"curtin-config"}},
	{"contract_life", "blank", []string{"deploy-blank-storage"}},
	{"contract_life", "broken", []string{"broken-rescue"}},
	{"contract_life", "failures", []string{"failures"}},
	{"contract_life", "power", []string{"power"}},
}

// TestTheContractIsThatOfTheRecordings compares the test data with the recordings it is made of, or writes it.
func TestTheContractIsThatOfTheRecordings(t *testing.T) {
	folder := os.Getenv(recordingsEnv)
	if folder == "" {
		t.Skip("the recordings of a real region are not in this tree; " + recordingsEnv + " names their folder")
	}
	calls := map[string][]exchange{}
	known := map[string]bool{"state-operation-matrix": true} // matrix_test.go
	for _, x := range recordedTopics {
		for _, topic := range x.topics {
			topic, part, _ := strings.Cut(topic, " ")
			known[topic] = true
			list := readRecording(t, folder, topic, x.group)
			if n, ok := strings.CutPrefix(part, "<"); ok {
				list = list[:atoi(t, n)]
			} else if n, ok := strings.CutPrefix(part, ">="); ok {
				list = list[atoi(t, n):]
			}
			calls[x.file] = append(calls[x.file], list...)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, known[strings.TrimSuffix(filepath.Base(f), ".json")], "no test replays %s", f)
	}
	for name, list := range calls {
		var b bytes.Buffer
		for n, x := range list {
			line, err := json.Marshal(x)
			require.NoError(t, err)
			b.WriteString(map[bool]string{true: "[\n", false: ",\n"}[n == 0])
			b.Write(line)
		}
		b.WriteString("\n]\n")
		path := filepath.Join("testdata", name+".json")
		if *update {
			require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
			continue
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(b.Bytes(), have), "%s is not what the recordings say; go test ./simulator/maas -update", path)
	}
}

func atoi(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

type recording struct {
	Exchanges []struct {
		Note    string
		Request struct {
			Method, Path, As string
			Query, Form      [][2]string
		}
		Response recordedAnswer
		Results  []struct { // of calls that were made at once
			Status int
			Body   any
		}
	}
}

type recordedAnswer struct {
	Status  int
	Headers map[string]string
	Bytes   int
	Body    any
}

func readRecording(t *testing.T, folder, topic, group string) (out []exchange) {
	data, err := os.ReadFile(filepath.Join(folder, topic+".json"))
	require.NoError(t, err)
	var r recording
	require.NoError(t, json.Unmarshal(data, &r), topic)
	for _, e := range r.Exchanges {
		x := exchange{File: topic, Group: group, Note: e.Note, As: e.Request.As, Method: e.Request.Method,
			Path: strings.TrimPrefix(e.Request.Path, "/MAAS/api/2.0/"), Query: e.Request.Query, Form: e.Request.Form,
			Status: e.Response.Status, Type: e.Response.Headers["Content-Type"], Vary: e.Response.Headers["Vary"],
			Hash: e.Response.Headers["X-Maas-Api-Hash"] != "", Realm: e.Response.Headers["WWW-Authenticate"],
			Retry: e.Response.Headers["Retry-After"], Allow: e.Response.Headers["Allow"]}
		for _, result := range e.Results {
			x.Together = append(x.Together, together{result.Status, result.Body})
		}
		x.take(e.Response)
		out = append(out, x)
	}
	return out
}
