package ipmi_test

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi/ipmitest"
)

func TestSilentBMCThatComesBack(t *testing.T) {
	t.Parallel()
	s := ipmitest.StartSim(t, ":")
	o := s.Target(t, s.Driver(t))
	o.Silence()
	_, err := o.Driver.PowerOnNode(short(t), o.Call)
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err))
	require.NoError(t, s.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool {
		_, err := o.Driver.PowerOnNode(short(t), o.Call)
		return err == nil
	}, 10*time.Second, 100*time.Millisecond)
	assert.Equal(t, 1, o.Starts())
}

// TestSecondClientSeesTheSameFlags asks ipmitool what the driver wrote.
func TestSecondClientSeesTheSameFlags(t *testing.T) {
	tool := conformance.Program(t, "ipmitool")
	r := ipmitest.NewReference(t, ipmitest.Options{})
	call := ipmitest.Call(ipmitest.Password)
	call.Boot = drivers.BootTarget{Device: drivers.BootDisk}
	_, err := ipmitest.Driver(t, r.Address).SetNodeBoot(short(t), call)
	require.NoError(t, err)

	_, port, err := net.SplitHostPort(r.Address)
	require.NoError(t, err)
	cmd := exec.CommandContext(short(t), tool, "-I", "lanplus", "-C", "17", "-H", "127.0.0.1", "-p", port, "-U", ipmitest.Account, "-E", "chassis", "bootparam", "get", "5")
	cmd.Env = append(os.Environ(), "IPMITOOL_PASSWORD="+ipmitest.Password)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "e008000000")
	assert.Contains(t, string(out), "Force Boot from default Hard-Drive")
}

// TestVirtualBMC goes through what VirtualBMC does otherwise: it takes every suite for 3, is silent to unknown accounts, and ends
// when it is told that such a login is given up; its reset keeps what the machine was started from.
func TestVirtualBMC(t *testing.T) {
	t.Parallel()
	s := ipmitest.StartPyghmi(t)
	unknown := ipmitest.Call(ipmitest.Password)
	unknown.Node.OOB.Account = "nobody"
	_, err := s.Driver(t).PowerOnNode(short(t), unknown)
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
	assert.ErrorContains(t, err, "silent to one that they do not know")
	_, err = s.Driver(t).PowerOnNode(short(t), ipmitest.Call("another-password"))
	require.Error(t, err)
	assert.Equal(t, drivers.AuthFailed, drivers.ClassOf(err), err.Error())

	d, call := s.Driver(t), ipmitest.Call(ipmitest.Password)
	_, err = d.PowerOnNode(short(t), call)
	require.NoError(t, err, "it is still there")
	call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	rep, err := d.SetNodeBoot(short(t), call)
	require.NoError(t, err)
	assert.True(t, drivers.IsWarning(rep.Messages[1]), rep.Messages)
	_, err = d.PowerCycleNode(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, "from hd\nfrom network", s.Read(t, "starts"))
	rep, err = d.InterrogateOob(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, "1.00", rep.Build.OOB.BMCVersion)
}
