package bootaction_test

import (
	"encoding/base64"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design"
	"drydock/design/bootaction"
)

// harbor is a site with one node on three networks, one of them with DHCP.
func harbor(actions ...*design.BootAction) (*design.Site, *design.Node) {
	node := &design.Node{
		Name: "n1", Domain: "harbor.test", Rack: "r1", PrimaryNetwork: "mgmt",
		OOB: design.OOB{Type: design.OOBRedfish, Account: "root", Credential: "canary-credential"},
		Addresses: []design.Address{
			{Network: "pxe", DHCP: true},
			{Network: "mgmt", IP: netip.MustParseAddr("10.20.30.11")},
			{Network: "calico", IP: netip.MustParseAddr("10.20.72.11")},
		},
		Interfaces: []design.Interface{
			{Name: "bond0"},
			{Name: "eth7", SRIOV: &design.SRIOV{VFCount: 8, TrustMode: true}},
		},
		Tags:      []string{"control", "lab"},
		OwnerData: map[string]string{"role": "control", "beta.kubernetes.io/fluentd-ds-ready": "true", "a-b": "1"},
	}
	site := &design.Site{
		Name:  "harbor",
		Racks: []design.Rack{{Name: "r1", Labels: map[string]string{"row": "1"}}},
		Networks: []*design.Network{
			{Name: "pxe", CIDR: netip.MustParsePrefix("10.20.20.0/24"), DNSDomain: "local"},
			{Name: "mgmt", CIDR: netip.MustParsePrefix("10.20.30.0/24"), DNSDomain: "harbor.test"},
			{Name: "calico", CIDR: netip.MustParsePrefix("10.20.72.0/24"), DNSDomain: "local"},
		},
		Nodes:       []*design.Node{node},
		BootActions: actions,
	}
	return site, node
}

func options() bootaction.Options {
	return bootaction.Options{
		DesignRef: "deckhand+http://deckhand.test/api/v1.0/revisions/7/rendered?a=b&c=d",
		ActionID:  func(action string) string { return "id-of-" + action },
		ReportURL: "http://drydock.test/api/v1.0/bootactions/",
		ActionKey: "canary-action-key",
	}
}

func action(name string, assets ...design.Asset) *design.BootAction {
	return &design.BootAction{Name: name, Assets: assets}
}

func file(path, data string, pipeline ...string) design.Asset {
	return design.Asset{Type: design.AssetFile, Path: path, Permissions: "644", Data: data, DataPipeline: pipeline}
}

func template(data string) design.Asset { return file("/t", data, "utf8_decode", "template") }

// cloudConfig is the document as cloud-init reads it.
type cloudConfig struct {
	WriteFiles []struct {
		Path, Owner, Permissions, Encoding, Content string
	} `yaml:"write_files"`
	PackageUpdate bool       `yaml:"package_update"`
	Packages      []any      `yaml:"packages"`
	RunCmd        [][]string `yaml:"runcmd"`
}

func (c cloudConfig) content(t *testing.T, path string) string {
	t.Helper()
	for _, f := range c.WriteFiles {
		if f.Path == path {
			require.Equal(t, "b64", f.Encoding)
			raw, err := base64.StdEncoding.DecodeString(f.Content)
			require.NoError(t, err)
			return string(raw)
		}
	}
	require.Failf(t, "no such file", "%s is not in user data", path)
	return ""
}

func read(t *testing.T, data []byte) cloudConfig {
	t.Helper()
	require.Regexp(t, "^#cloud-config\n", string(data), "cloud-init takes a document for what its first line says")
	var c cloudConfig
	require.NoError(t, yaml.Unmarshal(data, &c))
	return c
}

// made is the user data of a node with these actions, and fails the test on an error.
func made(t *testing.T, actions ...*design.BootAction) cloudConfig {
	t.Helper()
	site, node := harbor(actions...)
	result, err := bootaction.UserData(site, node, options())
	require.NoError(t, err)
	return read(t, result.UserData)
}

// refused is the error of a node with these actions.
func refused(t *testing.T, actions ...*design.BootAction) error {
	t.Helper()
	site, node := harbor(actions...)
	result, err := bootaction.UserData(site, node, options())
	require.Error(t, err)
	require.Empty(t, result.UserData, "nothing is delivered beside an error")
	return err
}
