package libvirt

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
)

func TestConnectionURIs(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want uri
	}{
		"ssh with a user":              {"qemu+ssh://lab@hv.test/system", uri{"ssh", "lab", "hv.test", 22, defaultSocket, "qemu:///system"}},
		"ssh with a port and a socket": {"qemu+ssh://hv.test:2222/session?socket=/run/s", uri{"ssh", "", "hv.test", 2222, "/run/s", "qemu:///session"}},
		"TCP with an IPv6 address":     {"qemu+tcp://[fd00::1]/system", uri{"tcp", "", "fd00::1", 16509, defaultSocket, "qemu:///system"}},
		"a socket of the same machine": {"qemu+unix:///system", uri{"unix", "", "", 0, defaultSocket, "qemu:///system"}},
		"the test driver of libvirt":   {"test+unix:///default?socket=/run/s", uri{"unix", "", "", 0, "/run/s", "test:///default"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseURI(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for name, c := range map[string]struct{ text, says string }{
		"a check that is switched off": {"qemu+ssh://hv.test/system?no_verify=1", "no_verify"},
		"a key of the design's choice": {"qemu+ssh://hv.test/system?keyfile=/etc/passwd", "keyfile"},
		"a password":                   {"qemu+ssh://lab:s3cret@hv.test/system", "holds a password"},
		"another hypervisor":           {"xen+ssh://hv.test/system", "none of the schemes"},
		"no transport":                 {"qemu:///system", "none of the schemes"},
		"ssh to nowhere":               {"qemu+ssh:///system", "names a host exactly"},
		"no path":                      {"qemu+ssh://hv.test", "has no path"},
		"a port that is none":          {"qemu+tcp://hv.test:70000/system", "port"},
		"no URI":                       {"://s3cret", "is no URI"},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			_, err := parseURI(c.text)
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestAConfiguredURITakesThePlaceOfTheDesigned(t *testing.T) {
	d, err := New(Config{URIs: map[string]string{"n1": "qemu+tcp://other.test/system"}})
	require.NoError(t, err)
	node := &design.Node{Name: "n1", OOB: design.OOB{LibvirtURI: "qemu+ssh://hv.test/system"}}
	u, err := d.uriOf(node)
	require.NoError(t, err)
	assert.Equal(t, "other.test", u.host)
	node.Name = "n2"
	u, err = d.uriOf(node)
	require.NoError(t, err)
	assert.Equal(t, "hv.test", u.host)
	_, err = d.SetNodeBoot(t.Context(), drivers.NodeCall{Node: &design.Node{Name: "n3"}, Boot: drivers.BootTarget{Device: drivers.BootPXE}})
	require.ErrorContains(t, err, "has no libvirt_uri")
	assert.Equal(t, drivers.InvalidDesign, drivers.ClassOf(err))

	_, err = New(Config{URIs: map[string]string{"n1": "qemu+ssh://lab:s3cret@hv.test/system"}})
	require.ErrorContains(t, err, "node n1")
	assert.NotContains(t, err.Error(), "s3cret")
	for name, c := range map[string]Config{"a key that is not there": {KeyFile: "/nonexistent"}, "known hosts that are not there": {KnownHosts: "/nonexistent"}} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c)
			require.ErrorContains(t, err, "configure libvirt")
		})
	}
}
