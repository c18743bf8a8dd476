package ipmitest

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

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi"
)

// chassisScript is the machine behind ipmi_sim: power and boot device in files, one line per start. {{MOVE}} is what the
// machine does when its power is moved.
const chassisScript = `#!/bin/sh
d=$1; op=$2; shift 2
was=$(cat "$d/power")
case $op in
get) for p; do case $p in
       power) echo "power:$was";;
       boot)  echo "boot:$(cat "$d/boot")";;
       *) exit 1;; esac; done;;
set) while [ $# -gt 0 ]; do case $1 in
       power) [ "$2" = 1 ] && [ "$was" = 0 ] && echo on >> "$d/starts"; echo "$2" > "$d/power"; {{MOVE}}; shift 2;;
       boot)  echo "$2" > "$d/boot"; shift 2;;
       reset) [ "$was" = 1 ] || exit 1; echo reset >> "$d/starts"; shift 2;;
       shutdown) set -- power 0; echo 0 > "$d/power"; {{MOVE}}; shift 2;;
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
`

const nodeEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

// Sim is a running ipmi_sim: cipher suite 3, and of the boot flags the device alone.
type Sim struct {
	Dir     string // files of the machine: power, boot, starts
	Address string
	Process *os.Process

	devices map[string]string // boot devices by the words of the file; nil: those of ipmi_sim
}

// StartSim runs ipmi_sim; move is the shell command that its machine does when its power is moved, with the new state in $2.
// Without the program the test is skipped.
func StartSim(t *testing.T, move string) *Sim {
	t.Helper()
	binary := conformance.Program(t, "ipmi_sim")
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
	script := write("chassis.sh", strings.ReplaceAll(chassisScript, "{{MOVE}}", move), 0o755)
	conf := write("lan.conf", fmt.Sprintf(lanConf, port, script, filepath.Join(dir, "machine"), Account, Password), 0o644)
	emu := write("node.emu", nodeEmu, 0o644)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "state/ipmi_sim/node1"), 0o755))
	cmd := exec.Command(binary, "-c", conf, "-f", emu, "-s", filepath.Join(dir, "state"), "-n")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &Sim{Dir: filepath.Join(dir, "machine"), Address: fmt.Sprintf("127.0.0.1:%d", port), Process: cmd.Process}
	d := s.Driver(t)
	require.Eventually(t, func() bool {
		_, err := d.InterrogateOob(t.Context(), Call(Password))
		return err == nil
	}, 15*time.Second, 50*time.Millisecond, "ipmi_sim does not answer")
	require.NoError(t, d.Close())
	return s
}

// Driver is the ipmi driver for it: ipmi_sim turns a cycled machine on again after a second.
func (s *Sim) Driver(t *testing.T) *ipmi.Driver {
	return Driver(t, s.Address, func(c *ipmi.Config) {
		c.PollInterval, c.SettleTimeout, c.PowerTimeout = 20*time.Millisecond, 2*time.Second, 10*time.Second
	})
}

// sessions asks ipmitool, whose own is left out. A Sim that is silent, or has no ipmitool beside it, shows none.
func (s *Sim) sessions(t *testing.T) int {
	host, port, err := net.SplitHostPort(s.Address)
	require.NoError(t, err)
	tool := exec.Command("ipmitool", "-I", "lanplus", "-C", "3", "-N", "1", "-R", "1", "-H", host, "-p", port, "-U", Account, "-E", "session", "info", "all")
	tool.Env = append(os.Environ(), "IPMITOOL_PASSWORD="+Password)
	out, err := tool.CombinedOutput()
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(out), "active sessions")
	_, rest, _ = strings.Cut(rest, ":")
	var n int
	_, err = fmt.Sscan(rest, &n)
	require.NoError(t, err, string(out))
	return n - 1
}

// Read is the content of one of the machine's files, trimmed.
func (s *Sim) Read(t *testing.T, name string) string {
	raw, err := os.ReadFile(filepath.Join(s.Dir, name))
	require.NoError(t, err)
	return strings.TrimSpace(string(raw))
}

func lines(text string) int {
	if text == "" {
		return 0
	}
	return strings.Count(text, "\n") + 1
}

// Target is a driver against this BMC.
func (s *Sim) Target(t *testing.T, d drivers.OOB) conformance.OOBTarget {
	return conformance.OOBTarget{
		Driver: d, Call: Call(Password),
		Power: func() bool { return s.Read(t, "power") == "1" },
		SetPower: func(on bool) {
			value := "0\n"
			if on {
				value = "1\n"
			}
			require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "power"), []byte(value), 0o644))
		},
		Starts: func() int { return lines(s.Read(t, "starts")) },
		Boot: func() drivers.BootTarget {
			devices := s.devices
			if devices == nil {
				devices = map[string]string{"pxe": "pxe", "default": "disk"} // the default disk
			}
			return drivers.BootTarget{Device: drivers.BootDevice(devices[s.Read(t, "boot")])}
		},
		Sessions:     func() int { return s.sessions(t) },
		Silence:      func() { require.NoError(t, s.Process.Signal(syscall.SIGSTOP)) },
		SilentWithin: 5 * time.Second,
	}
}
