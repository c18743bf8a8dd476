package ipmi_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi"
)

// program finds a counterpart; without it the test is skipped, unless counterparts are required.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("DRYDOCK_REQUIRE_COUNTERPARTS") == "1" {
		t.Fatalf("%s is required and not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// chassisScript is the machine behind ipmi_sim: power and boot device in files, one line per start.
const chassisScript = `#!/bin/sh
d=$1; op=$2; shift 2
was=$(cat "$d/power")
case $op in
get) for p; do case $p in
       power) echo "power:$was";;
       boot)  echo "boot:$(cat "$d/boot")";;
       *) exit 1;; esac; done;;
set) while [ $# -gt 0 ]; do case $1 in
       power) [ "$2" = 1 ] && [ "$was" = 0 ] && echo on >> "$d/starts"; echo "$2" > "$d/power"; shift 2;;
       boot)  echo "$2" > "$d/boot"; shift 2;;
       reset) [ "$was" = 1 ] || exit 1; echo reset >> "$d/starts"; shift 2;;
       shutdown) echo 0 > "$d/power"; shift 2;;
       *) shift $#;; esac; done;;
*) exit 1;;
esac
exit 0
`

const lanConf = `name "node1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 %d
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid "node1-bmc-000001"
  endlan
  chassis_control "%s %s"
  user 1 true  ""      ""       user     10 none md2 md5 straight
  user 2 true  "%s" "%s" admin    10 none md2 md5 straight
  user 3 true  "oper"  "oper-secret" operator 10 none md2 md5 straight
`

const nodeEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

// ipmiSim is a running ipmi_sim.
type ipmiSim struct {
	dir, address string
	process      *os.Process
}

func startSim(t *testing.T) *ipmiSim {
	t.Helper()
	binary := program(t, "ipmi_sim")
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), mode))
		return file
	}
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.LocalAddr().(*net.UDPAddr).Port
	require.NoError(t, free.Close())

	write("machine/power", "0\n", 0o644)
	write("machine/boot", "none\n", 0o644)
	write("machine/starts", "", 0o644)
	script := write("chassis.sh", chassisScript, 0o755)
	conf := write("lan.conf", fmt.Sprintf(lanConf, port, script, filepath.Join(dir, "machine"), account, "sim-secret"), 0o644)
	emu := write("node.emu", nodeEmu, 0o644)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "state/ipmi_sim/node1"), 0o755))

	cmd := exec.Command(binary, "-c", conf, "-f", emu, "-s", filepath.Join(dir, "state"), "-n")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &ipmiSim{dir: filepath.Join(dir, "machine"), address: fmt.Sprintf("127.0.0.1:%d", port), process: cmd.Process}
	d := driverAt(t, s.address)
	require.Eventually(t, func() bool {
		_, err := d.InterrogateOob(short(t), callWith("sim-secret"))
		return err == nil
	}, 15*time.Second, 100*time.Millisecond, "ipmi_sim does not answer")
	return s
}

func (s *ipmiSim) read(t *testing.T, name string) string {
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(t, err)
	return strings.TrimSpace(string(raw))
}

func (s *ipmiSim) target(t *testing.T) conformance.OOBTarget {
	return conformance.OOBTarget{
		// ipmi_sim turns a cycled machine on again after a second.
		Driver: driverAt(t, s.address, func(c *ipmi.Config) { c.SettleTimeout = 2 * time.Second; c.PowerTimeout = 10 * time.Second }),
		Call:   callWith("sim-secret"),
		Power:  func() bool { return s.read(t, "power") == "1" },
		SetPower: func(on bool) {
			value := "0\n"
			if on {
				value = "1\n"
			}
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, "power"), []byte(value), 0o644))
		},
		Starts: func() int { return len(strings.Fields(s.read(t, "starts"))) },
		Boot: func() drivers.BootTarget { // ipmi_sim calls the default disk "default"
			return drivers.BootTarget{Device: map[string]drivers.BootDevice{"pxe": drivers.BootPXE, "default": drivers.BootDisk}[s.read(t, "boot")]}
		},
		Silence:      func() { require.NoError(t, s.process.Signal(syscall.SIGSTOP)) },
		SilentWithin: 4 * time.Second,
	}
}

// TestContractAgainstIpmiSim runs the suite against OpenIPMI's BMC, which has cipher suite 3 and keeps of the boot flags the
// device alone.
func TestContractAgainstIpmiSim(t *testing.T) {
	program(t, "ipmi_sim")
	t.Parallel()
	conformance.OOB(t, func(t *testing.T) conformance.OOBTarget { return startSim(t).target(t) })
}

func TestSilentBMCThatComesBack(t *testing.T) {
	t.Parallel()
	s := startSim(t)
	o := s.target(t)
	o.Silence()
	_, err := o.Driver.PowerOnNode(short(t), o.Call)
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err))
	require.NoError(t, s.process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool {
		_, err := o.Driver.PowerOnNode(short(t), o.Call)
		return err == nil
	}, 10*time.Second, 100*time.Millisecond)
	assert.Equal(t, 1, o.Starts())
}

// TestSecondClientSeesTheSameFlags asks ipmitool what the driver wrote.
func TestSecondClientSeesTheSameFlags(t *testing.T) {
	tool := program(t, "ipmitool")
	r := newReference(t, options{})
	call := callWith(password)
	call.Boot = drivers.BootTarget{Device: drivers.BootDisk}
	_, err := driverAt(t, r.address).SetNodeBoot(short(t), call)
	require.NoError(t, err)

	_, port, err := net.SplitHostPort(r.address)
	require.NoError(t, err)
	cmd := exec.CommandContext(short(t), tool, "-I", "lanplus", "-C", "17", "-H", "127.0.0.1", "-p", port, "-U", account, "-E", "chassis", "bootparam", "get", "5")
	cmd.Env = append(os.Environ(), "IPMITOOL_PASSWORD="+password)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "e008000000")
	assert.Contains(t, string(out), "Force Boot from default Hard-Drive")
}
