package conformance_test

import (
	"fmt"
	"net"
	"net/netip"
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
	"drydock/drivers/oob/bmclib"
	"drydock/drivers/oob/ipmi"
)

var loopback = netip.MustParseAddr("127.0.0.1")

const (
	simAccount  = "admin"
	simPassword = "sim-secret"
)

// chassisFiles is the machine behind ipmi_sim: power and boot device in files, one line per start, and a command of its own for when
// the power is moved, which finds the new state in $2.
//
// {{MOVE}} in it is what the machine does then.
const chassisFiles = `#!/bin/sh
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

const simLAN = `name "node1"
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

const simMC = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

// sim is a running ipmi_sim.
type sim struct {
	dir, address string
	process      *os.Process
}

// startSim runs one BMC; move is what its machine does when its power is moved.
func startSim(t *testing.T, move string) *sim {
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
	script := write("chassis.sh", strings.ReplaceAll(chassisFiles, "{{MOVE}}", move), 0o755)
	conf := write("lan.conf", fmt.Sprintf(simLAN, port, script, filepath.Join(dir, "machine"), simAccount, simPassword), 0o644)
	emu := write("node.emu", simMC, 0o644)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "state/ipmi_sim/node1"), 0o755))
	cmd := exec.Command(binary, "-c", conf, "-f", emu, "-s", filepath.Join(dir, "state"), "-n")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &sim{dir: filepath.Join(dir, "machine"), address: fmt.Sprintf("127.0.0.1:%d", port), process: cmd.Process}
	require.Eventually(t, func() bool {
		_, err := s.ipmi(t).InterrogateOob(t.Context(), s.call())
		return err == nil
	}, 15*time.Second, 50*time.Millisecond, "ipmi_sim does not answer")
	return s
}

func (s *sim) call() drivers.NodeCall {
	return drivers.NodeCall{Node: nodeAt(simAccount, simPassword), Journal: conformance.NewJournal()}
}

func (s *sim) ipmi(t *testing.T) drivers.OOB {
	d, err := ipmi.New(ipmi.Config{
		Addresses: map[string]string{loopback.String(): s.address}, Timeout: 200 * time.Millisecond, Retries: 2, Gap: time.Millisecond,
		PollInterval: 20 * time.Millisecond, PowerTimeout: 10 * time.Second, GracefulTimeout: 200 * time.Millisecond,
		// ipmi_sim turns a cycled machine on again after a second.
		SettleTimeout: 2 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func (s *sim) read(t *testing.T, name string) string {
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(t, err)
	return strings.TrimSpace(string(raw))
}

func (s *sim) target(t *testing.T, d drivers.OOB) conformance.OOBTarget {
	return conformance.OOBTarget{
		Driver: d, Call: s.call(),
		Power: func() bool { return s.read(t, "power") == "1" },
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
		SilentWithin: 5 * time.Second,
	}
}

func ipmiOnSim(t *testing.T) conformance.OOBTarget {
	s := startSim(t, ":")
	return s.target(t, s.ipmi(t))
}

// ipmitoolOnSim is the ipmitool provider of bmclib, which starts a program for every command.
func ipmitoolOnSim(t *testing.T) conformance.OOBTarget {
	program(t, "ipmitool")
	s := startSim(t, ":")
	return s.target(t, ipmitoolAt(t, map[string]string{loopback.String(): s.address}, 3))
}

func ipmitoolAt(t *testing.T, addresses map[string]string, suites ...int) drivers.OOB {
	d, err := bmclib.New(bmclib.Config{
		Addresses: addresses, Provider: "ipmitool", CipherSuites: suites,
		Timeout: 2 * time.Second, PollInterval: 20 * time.Millisecond, PowerTimeout: 10 * time.Second,
		GracefulTimeout: 200 * time.Millisecond, SettleTimeout: 2 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestASilentBMCIsNotTakenForAShutdown: bmclib's ipmitool provider answers a graceful shutdown with success then.
func TestASilentBMCIsNotTakenForAShutdown(t *testing.T) {
	o := ipmitoolOnSim(t)
	o.Call.Journal = conformance.NewJournal()
	o.SetPower(true)
	o.Silence()
	_, err := o.Driver.PowerOffNode(t.Context(), o.Call)
	require.Error(t, err)
	require.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
	require.True(t, o.Power())
}
