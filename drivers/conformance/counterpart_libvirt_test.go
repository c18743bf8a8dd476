package conformance_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	lib "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi/ipmitest"
	"drydock/drivers/oob/libvirt"
)

const domainXML = `<domain type='test'>
  <name>%s</name>
  <uuid>6f1d4a52-8f0e-4c0b-9a27-3d3c5f1f2a11</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64'>hvm</type>%s</os>
  <devices>
    <disk type='block' device='disk'><source dev='/dev/vg/n'/><target dev='vda' bus='virtio'/><serial>DISK-1</serial></disk>
    <interface type='network'><source network='default'/><mac address='52:54:00:1a:95:0d'/></interface>
    <graphics type='vnc' port='-1' passwd='screen1'/>
  </devices>
</domain>`

// hypervisor is a running libvirtd with a socket of its own and libvirt's test driver, whose machines exist in its memory;
// a connection of ours keeps them there.
type hypervisor struct {
	socket  string
	process *os.Process
	client  *lib.Libvirt
	domain  lib.Domain
	probes  int
}

func startLibvirtd(t *testing.T, name string, boot ...string) *hypervisor {
	t.Helper()
	binary := conformance.Program(t, "libvirtd")
	dir, err := os.MkdirTemp("", "libvirtd-") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	conf := filepath.Join(dir, "libvirtd.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "unix_sock_dir = %q\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\nlisten_tls = 0\n", dir), 0o600))
	none := filepath.Join(dir, "drivers")
	require.NoError(t, os.Mkdir(none, 0o700))
	cmd := exec.Command(binary, "-f", conf, "-p", filepath.Join(dir, "pid"))
	// Without the drivers of real hypervisors, which want a whole system around them. The test driver is in the library.
	cmd.Env = append(os.Environ(), "LIBVIRT_DRIVER_DIR="+none)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	h := &hypervisor{socket: filepath.Join(dir, "libvirt-sock"), process: cmd.Process}
	require.Eventually(t, func() bool {
		h.client = lib.NewWithDialer(dialers.NewLocal(dialers.WithSocket(h.socket)))
		return h.client.ConnectToURI(lib.TestDefault) == nil
	}, 15*time.Second, 20*time.Millisecond, "libvirtd does not answer")
	h.domain, err = h.client.DomainDefineXMLFlags(fmt.Sprintf(domainXML, name, bootElements(boot)), 0)
	require.NoError(t, err)
	return h
}

func bootElements(devices []string) string {
	text := ""
	for _, d := range devices {
		text += "<boot dev='" + d + "'/>"
	}
	return text
}

func (h *hypervisor) power(t *testing.T) bool {
	state, _, err := h.client.DomainGetState(h.domain, 0)
	require.NoError(t, err)
	return lib.DomainState(state) == lib.DomainRunning
}

func (h *hypervisor) setPower(t *testing.T, on bool) {
	if h.power(t) == on {
		return
	}
	if on {
		require.NoError(t, h.client.DomainCreate(h.domain))
		return
	}
	require.NoError(t, h.client.DomainDestroy(h.domain))
}

// starts counts them by the ids of runs: each start takes the next one, and so does a machine that is started to see it.
func (h *hypervisor) starts(t *testing.T) int {
	text := strings.ReplaceAll(fmt.Sprintf(domainXML, "probe", bootElements(nil)), "6f1d4a52", "00000001")
	probe, err := h.client.DomainCreateXML(strings.ReplaceAll(text, "52:54:00:1a:95:0d", "52:54:00:00:00:01"), 0)
	require.NoError(t, err)
	require.NoError(t, h.client.DomainDestroy(probe))
	h.probes++
	return int(probe.ID) - h.probes
}

func (h *hypervisor) definition(t *testing.T) string {
	text, err := h.client.DomainGetXMLDesc(h.domain, lib.DomainXMLInactive|lib.DomainXMLSecure)
	require.NoError(t, err)
	return text
}

// boot is what the next start would boot from; it is for once when the definition says what comes after.
func (h *hypervisor) boot(t *testing.T) drivers.BootTarget {
	text := h.definition(t)
	out := drivers.BootTarget{Device: drivers.BootDisk, Once: strings.Contains(text, "urn:drydock:boot")}
	if _, after, ok := strings.Cut(text, "<boot dev='"); ok && strings.HasPrefix(after, "network") {
		out.Device = drivers.BootPXE
	}
	return out
}

// shell is an ssh server that leads to unix sockets, as sshd does for libvirt's clients.
type shell struct {
	address        string
	knownHosts     string
	logins, joined atomic.Int32
	lose           atomic.Pointer[func() bool] // ends the connection instead of the answer for which it returns true
}

// answers carries what the daemon says.
func (s *shell) answers(to io.Writer, from io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if lose := s.lose.Load(); lose != nil && (*lose)() {
			s.lose.Store(nil)
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func startShell(t *testing.T) *shell {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	key, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := &shell{address: listener.Addr().String(), knownHosts: filepath.Join(t.TempDir(), "known_hosts")}
	require.NoError(t, os.WriteFile(s.knownHosts, []byte(knownhosts.Line([]string{s.address}, key.PublicKey())+"\n"), 0o600))
	config := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
		s.logins.Add(1)
		if c.User() == ipmitest.Account && string(given) == ipmitest.Password {
			return nil, nil
		}
		return nil, errors.New("no")
	}}
	config.AddHostKey(key)
	go func() {
		for {
			made, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(made, config)
		}
	}()
	return s
}

func (s *shell) serve(made net.Conn, config *ssh.ServerConfig) {
	defer made.Close()
	_, channels, requests, err := ssh.NewServerConn(made, config)
	if err != nil {
		return
	}
	s.joined.Add(1)
	defer s.joined.Add(-1)
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		var to struct {
			Path string
			_    string
			_    uint32
		}
		if asked.ChannelType() != "direct-streamlocal@openssh.com" || len(asked.ExtraData()) < 4 {
			_ = asked.Reject(ssh.UnknownChannelType, "sockets only")
			continue
		}
		n := int(asked.ExtraData()[3]) | int(asked.ExtraData()[2])<<8
		to.Path = string(asked.ExtraData()[4 : 4+n])
		socket, err := net.Dial("unix", to.Path)
		if err != nil {
			_ = asked.Reject(ssh.ConnectionFailed, "no such socket")
			continue
		}
		channel, inner, err := asked.Accept()
		if err != nil {
			_ = socket.Close()
			continue
		}
		go ssh.DiscardRequests(inner)
		go func() { s.answers(channel, socket); _ = channel.Close() }()
		go func() { _, _ = io.Copy(socket, channel); _ = socket.Close() }()
	}
}

func libvirtDriver(t *testing.T, knownHosts string, uris map[string]string) *libvirt.Driver {
	d, err := libvirt.New(libvirt.Config{
		KnownHosts: knownHosts, URIs: uris, ConnectTimeout: time.Second, Timeout: 2 * time.Second,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 5 * time.Second, GracefulTimeout: 200 * time.Millisecond, SettleTimeout: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func virtualNode(uri string) *design.Node {
	node := nodeAt(ipmitest.Account, ipmitest.Password)
	node.OOB.Type, node.OOB.LibvirtURI = design.OOBLibvirt, uri
	return node
}

func libvirtOnTestDriver(t *testing.T) conformance.OOBTarget {
	s := startShell(t)
	h := startLibvirtd(t, nodeAt("", "").Name, "network", "hd")
	node := virtualNode("test+ssh://" + ipmitest.Account + "@" + s.address + "/default?socket=" + h.socket)
	return conformance.OOBTarget{
		Driver:   libvirtDriver(t, s.knownHosts, nil),
		Call:     drivers.NodeCall{Node: node},
		Power:    func() bool { return h.power(t) },
		SetPower: func(on bool) { h.setPower(t, on) },
		Starts:   func() int { return h.starts(t) },
		Boot:     func() drivers.BootTarget { return h.boot(t) },
		Sessions: func() int { return int(s.joined.Load()) },
		Logins:   func() int { return int(s.logins.Load()) },
		LoseNextAnswer: func() {
			on := h.power(t)
			lose := func() bool { return h.power(t) != on }
			s.lose.Store(&lose)
		},
		Silence: func() {
			require.NoError(t, h.process.Signal(syscall.SIGSTOP))
			t.Cleanup(func() { _ = h.process.Signal(syscall.SIGCONT) })
		},
		SilentWithin: 4 * time.Second,
	}
}

// TestABootOrderForOneStartIsPutBack goes the whole way that a node goes: network once, a restart, and then its disk again,
// with all else in the definition as it was.
func TestABootOrderForOneStartIsPutBack(t *testing.T) {
	node := nodeAt("", "")
	h := startLibvirtd(t, node.Name, "hd")
	d := libvirtDriver(t, "", map[string]string{node.Name: "test+unix:///default?socket=" + h.socket})
	call := func() drivers.NodeCall {
		return drivers.NodeCall{Node: node, Journal: conformance.NewJournal(), Boot: drivers.BootTarget{Device: drivers.BootPXE, Once: true}}
	}
	h.setPower(t, true)
	before := h.definition(t)
	rep, err := d.SetNodeBoot(t.Context(), call())
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.Equal(t, drivers.BootTarget{Device: drivers.BootPXE, Once: true}, h.boot(t))
	assert.Contains(t, h.definition(t), "passwd='screen1'", "a password of the definition is written back")

	rep, err = d.PowerCycleNode(t.Context(), call())
	require.NoError(t, err)
	assert.Contains(t, strings.Join(rep.Messages, " "), "used up")
	live, err := h.client.DomainGetXMLDesc(h.domain, 0)
	require.NoError(t, err)
	assert.Contains(t, live, "<boot dev='network'/>", "the machine was started from the network")
	assert.Equal(t, withoutMetadata(before), withoutMetadata(h.definition(t)), "the definition is as it was")
	assert.Equal(t, drivers.BootTarget{Device: drivers.BootDisk}, h.boot(t))

	rep, err = d.InterrogateOob(t.Context(), call())
	require.NoError(t, err)
	assert.Equal(t, "6f1d4a52-8f0e-4c0b-9a27-3d3c5f1f2a11", rep.Build.Identity.UUID)
	assert.Equal(t, []string{"52:54:00:1a:95:0d"}, rep.Build.Identity.MACs)
	assert.Equal(t, 2, rep.Build.OOB.Processors)
	assert.Equal(t, 512, rep.Build.OOB.MemoryMiB)
	assert.Equal(t, "disk", rep.Build.OOB.BootTarget)
	require.Len(t, rep.Build.Disks, 1)
	assert.Equal(t, "DISK-1", rep.Build.Disks[0].Serial)
}

// withoutMetadata takes out the element that an emptied metadata leaves.
func withoutMetadata(text string) string {
	start, end := strings.Index(text, "  <metadata"), strings.Index(text, "</metadata>\n")
	if start < 0 {
		return text
	}
	if end < 0 {
		return text[:start] + strings.TrimPrefix(text[start:], "  <metadata/>\n")
	}
	return text[:start] + text[end+len("</metadata>\n"):]
}

func TestAHypervisorHasToBeTheKnownOne(t *testing.T) {
	s, other := startShell(t), startShell(t)
	h := startLibvirtd(t, nodeAt("", "").Name)
	node := virtualNode("test+ssh://" + s.address + "/default?socket=" + h.socket)
	raw, err := os.ReadFile(other.knownHosts)
	require.NoError(t, err)
	changed := filepath.Join(t.TempDir(), "changed")
	require.NoError(t, os.WriteFile(changed, []byte(strings.ReplaceAll(string(raw), knownhosts.Normalize(other.address), knownhosts.Normalize(s.address))), 0o600))
	for name, c := range map[string]struct{ file, says string }{
		"a host with another key is refused":     {changed, "its host key is not the known one"},
		"a host that is not known is refused":    {other.knownHosts, "key is unknown"},
		"without known hosts nothing is reached": {"", "there are no known hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := libvirtDriver(t, c.file, nil).InterrogateOob(context.Background(), drivers.NodeCall{Node: node})
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, drivers.Conflict, drivers.ClassOf(err))
			assert.Zero(t, s.logins.Load(), "no password was shown to it")
		})
	}
}
