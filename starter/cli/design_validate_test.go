package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	"drydock/starter/config"
)

// write puts a design into the directory of the harness.
func (h *harness) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.Dir, name), []byte(text), 0o600))
}

// lab is a public design, with edits.
func lab(t *testing.T, edits ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "design", "testdata", "harbor-lab.yaml"))
	require.NoError(t, err)
	text := string(data)
	for i := 0; i < len(edits); i += 2 {
		require.Contains(t, text, edits[i])
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return text
}

func TestValidateAnswersWithTheDocumentedJSON(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t, "{network: mgmt, address: 10.40.3.12}", "{network: mgmt, address: 10.40.3.11}"))
	got := h.run(t, "design", "validate", "lab.yaml", "-o", "json")
	require.Equal(t, ExitInvalidDesign, got.code, got.err)
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &answer))
	digest, _ := answer["digest"].(string)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, digest)
	assert.Equal(t, map[string]any{
		"valid": false, "site": "harbor-lab", "digest": digest,
		"documents": map[string]any{"Region": 1., "Rack": 1., "NetworkLink": 3., "Network": 4., "HardwareProfile": 1., "HostProfile": 2., "BaremetalNode": 2., "BootAction": 1.},
		"messages": []any{
			map[string]any{
				"code": "DD3001", "rule": "platform-selection", "level": "info", "documents": []any{},
				"message": "whether the images and kernels that nodes name are available was not checked: there is no bootstrapper at hand",
				"hint":    "design validate --site and drydock task run verify-site compare them with the bootstrapper",
			},
			map[string]any{
				"code": "DD2005", "rule": "duplicate-address", "level": "error",
				"message":   "BaremetalNode harbor-n2: 10.40.3.11 is taken by node harbor-n1 on network mgmt",
				"documents": []any{map[string]any{"schema": "drydock/BaremetalNode/v1", "name": "harbor-n2"}},
				"file":      "lab.yaml", "line": 160., "column": 32., "path": "data.addressing[2].address",
				"hint": "each static address belongs to one node",
			},
		},
	}, answer)
}

func TestStrictRefusesWarnings(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t, "rack: row-a-1, tags", "rack: row-z, tags"))
	loose := h.run(t, "design", "validate", "lab.yaml")
	assert.Equal(t, ExitDone, loose.code)
	assert.Contains(t, loose.err, "site harbor-lab is valid: 2 nodes, 0 errors, 1 warning\n")
	strict := h.run(t, "design", "validate", "lab.yaml", "--strict")
	assert.Equal(t, ExitInvalidDesign, strict.code)
	assert.Contains(t, strict.err, "--strict refuses warnings")
	data := h.run(t, "design", "validate", "lab.yaml", "--strict", "-o", "json")
	assert.Equal(t, ExitInvalidDesign, data.code)
	assert.Contains(t, data.out, `"valid": false`)
	h.write(t, "right.yaml", lab(t))
	assert.Equal(t, ExitDone, h.run(t, "design", "validate", "right.yaml", "--strict").code, "an information is no warning")
}

func TestMessagesAreGroupedByFile(t *testing.T) {
	h := newHarness(t)
	h.write(t, "a.yaml", "---\nschema: drydock/Network/v1\nmetadata: {name: a}\ndata: {cidr: x}\n")
	h.write(t, "b.yaml", "---\nschema: drydock/Network/v1\nmetadata: {name: b}\ndata: {cidr: y, mtu: 1}\n")
	got := h.run(t, "design", "validate", "b.yaml", "a.yaml")
	assert.Equal(t, ExitInvalidDesign, got.code)
	for _, head := range []string{"the design as a whole\n", "\na.yaml\n", "\nb.yaml\n"} {
		assert.Equal(t, 1, strings.Count(got.out, head), head)
	}
	assert.Less(t, strings.Index(got.out, "\na.yaml\n"), strings.Index(got.out, "\nb.yaml\n"))
	assert.Equal(t, 2, strings.Count(got.out[strings.Index(got.out, "\nb.yaml\n"):], " error: "))
}

func TestTextIsColouredOnATerminalOnly(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t, "size: 40g", "size: 4g"))
	assert.NotContains(t, h.run(t, "design", "validate", "lab.yaml").out, "\x1b[")
	h.Terminal = func(io.Writer) (int, int, bool) { return 80, 24, true }
	h.Environ = []string{"TERM=xterm"}
	assert.Contains(t, h.run(t, "design", "validate", "lab.yaml").out, "\x1b[")
	h.Environ = []string{"TERM=xterm", "NO_COLOR=1"}
	assert.NotContains(t, h.run(t, "design", "validate", "lab.yaml").out, "\x1b[")
	h.Terminal = func(w io.Writer) (int, int, bool) { return 80, 24, w == h.Err }
	h.Environ = []string{"TERM=xterm"}
	assert.NotContains(t, h.run(t, "design", "validate", "lab.yaml").out, "\x1b[", "stdout goes to a file")
}

func TestSeveralFilesDirectoriesAndStandardInputAreOneDesign(t *testing.T) {
	h := newHarness(t)
	first, second, _ := strings.Cut(lab(t), "---\nschema: drydock/HardwareProfile/v1")
	require.NoError(t, os.Mkdir(filepath.Join(h.Dir, "nets"), 0o700))
	h.write(t, "nets/a.yaml", first)
	h.In = bytes.NewReader([]byte("---\nschema: drydock/HardwareProfile/v1" + second))
	got := h.run(t, "design", "validate", "nets/", "-")
	assert.Equal(t, ExitDone, got.code, got.out+got.err)
	assert.Contains(t, got.err, "site harbor-lab is valid: 2 nodes, 0 errors, 0 warnings")
}

// A credential may be written in any way that YAML has, and a message may point at its line or close to it.
func TestNoWayToWriteACredentialShowsIt(t *testing.T) {
	const secret = "Tr0ub4dor-and-3"
	const oob = "  oob: {type: redfish, network: bmc, account: provisioner, credential: not-a-real-secret}\n"
	for name, text := range map[string]string{
		"in a flow mapping":           "  oob: {type: ilo, network: ilo, credential: " + secret + ", nothing: [x]}\n",
		"in quotes":                   "  oob: {type: ilo, network: ilo, credential: \"" + secret + "\", 'account': 7}\n",
		"as JSON":                     "  oob: {\"type\":\"ilo\",\"credential\":\"" + secret + "\",\"network\":\"ilo\"}\n",
		"in a block":                  "  oob:\n    type: ilo\n    credential: " + secret + " # " + secret + "\n    network: ilo\n",
		"as a literal":                "  oob:\n    type: ilo\n    credential: |\n      " + secret + "\n    network: ilo\n",
		"over two lines":              "  oob:\n    type: ilo\n    credential: \"x\n      " + secret + "\"\n    network: ilo\n",
		"as a list, which it is not":  "  oob:\n    type: ilo\n    credential: [" + secret + ", " + secret + "]\n",
		"as a block list":             "  oob:\n    type: ilo\n    credential:\n      - " + secret + "\n      - {a: " + secret + "}\n",
		"as a mapping":                "  oob:\n    type: ilo\n    credential:\n      value: " + secret + "\n",
		"twice":                       "  oob:\n    credential: " + secret + "\n    credential: " + secret + "\n",
		"with a tag":                  "  oob: {type: ilo, credential: !" + secret + " }\n",
		"as an alias":                 "  oob: {type: ilo, credential: *" + secret + " }\n",
		"as an anchor":                "  oob: {type: ilo, credential: &" + secret + " [" + secret + "]}\n",
		"without a closing quote":     "  oob:\n    type: ilo\n    credential: \"" + secret + "\n    network: ilo\n",
		"without a closing bracket":   "  oob: {type: ilo, credential: " + secret + "\n",
		"before a fault of YAML":      "  oob: {type: ilo, credential: " + secret + "}: x\n",
		"in an address":               "  oob: {type: libvirt, libvirt_uri: 'qemu+tcp://root:" + secret + "@host/system'}\n",
		"under another word":          "  oob: {type: ilo, network: ilo, password: " + secret + ", api_token: " + secret + "}\n",
		"where the account is, too":   "  oob: {type: ilo, network: ilo, account: " + secret + ", credential: " + secret + "}\n",
		"under a key that is unknown": "  oob: {type: ilo, credential: " + secret + "}\n  secret: " + secret + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.write(t, "lab.yaml", lab(t, oob, text))
			for _, format := range []string{"text", "json"} {
				got := h.run(t, "design", "validate", "lab.yaml", "-o", format)
				assert.Equal(t, ExitInvalidDesign, got.code, got.out)
				assert.NotContains(t, got.out+got.err, secret)
				assert.Contains(t, got.out, "lab.yaml")
			}
		})
	}
}

func TestValidateHoldsItselfToTheConfiguredLimits(t *testing.T) {
	h := newHarness(t)
	h.Environ = []string{"DRYDOCK_DESIGN__LIMITS__DOCUMENTS=3"}
	got := h.run(t, "design", "validate", h.design)
	assert.Equal(t, ExitInvalidDesign, got.code)
	assert.Contains(t, got.out, "design-limit")
	assert.Contains(t, got.out, "design.limits.documents")

	h.Environ = []string{"DRYDOCK_DESIGN__LIMITS__SOURCE_BYTES=100"}
	got = h.run(t, "design", "validate", h.design)
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.err, "more than 100 bytes")
}

func TestValidateAsksTheBootstrapperWhereItIsAskedTo(t *testing.T) {
	h := newHarness(t)
	h.Environ = []string{"DRYDOCK_DRIVERS__MAAS__URL=http://maas.example:5240/MAAS", "DRYDOCK_DRIVERS__MAAS__API_KEY=a:b:c"}
	var missing []design.Platform
	h.Images = func(_ context.Context, cfg config.Config, site *design.Site) (drivers.Images, error) {
		assert.Equal(t, "http://maas.example:5240/MAAS", cfg.Drivers.MAAS.URL)
		assert.Equal(t, "harbor", site.Name)
		return drivers.Images{Missing: missing, Available: []string{"focal with kernel ga-20.04"}}, nil
	}
	got := h.run(t, "design", "validate", h.design, "--site")
	assert.Equal(t, ExitDone, got.code, got.out)
	assert.NotContains(t, got.out, "not checked")

	missing = []design.Platform{{Image: "jammy"}}
	got = h.run(t, "design", "validate", h.design, "--site")
	assert.Equal(t, ExitInvalidDesign, got.code)
	assert.Contains(t, got.out, `image "jammy" is not at the bootstrapper`)
	assert.Contains(t, got.out, "focal with kernel ga-20.04")

	h.Images = func(context.Context, config.Config, *design.Site) (drivers.Images, error) {
		return drivers.Images{}, &drivers.Error{Class: drivers.Unreachable, Action: drivers.ValidateNodeServices, Err: errors.New("no answer")}
	}
	got = h.run(t, "design", "validate", h.design, "--site")
	assert.Equal(t, ExitUnreachable, got.code)
	assert.Contains(t, got.err, "no answer")
	assert.Empty(t, got.out, "what was not compared is not called valid")

	h.Environ = nil
	got = h.run(t, "design", "validate", h.design, "--site")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.err, "drivers.maas.url: is missing")
}
