package conformance_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi/ipmitest"
)

// qemuScript powers a machine under software emulation: the boot device that the BMC keeps decides what it is started with.
// The network is that of QEMU itself, with a TFTP server in it and no way out.
const qemuScript = `#!/bin/sh
d=$1
pid=$(cat "$d/pid" 2>/dev/null)
case $2 in
1) [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && exit 0
   case $(cat "$d/boot") in pxe) from=n;; *) from=c,strict=on;; esac
   echo "started with $from" >> "$d/console"
   {{QEMU}} -accel tcg -machine pc,graphics=off -m 128 -display none -no-reboot -boot $from \
     -chardev file,id=c,path="$d/console",append=on -serial chardev:c -monitor none \
     -drive file="$d/disk",format=raw,if=ide \
     -netdev user,id=n0,tftp="$d/tftp",bootfile=boot.ipxe,restrict=on -device virtio-net-pci,netdev=n0 \
     -pidfile "$d/pid" -daemonize </dev/null >"$d/qemu.log" 2>&1;;
0) [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; rm -f "$d/pid";;
esac
exit 0
`

// What the machine says where it came to.
const (
	fromNetwork = "drydock: booted from the network"
	fromDisk    = "drydock: booted from the disk"
)

// bootSector is a disk that says so: 16-bit code that prints the text behind it and halts.
func bootSector() []byte {
	code := []byte{
		0x31, 0xc0, // xor ax, ax
		0x8e, 0xd8, // mov ds, ax
		0xbe, 0x15, 0x7c, // mov si, text
		0xac,       // next: lodsb
		0x08, 0xc0, // or al, al
		0x74, 0x06, // jz end
		0xb4, 0x0e, // mov ah, 0eh: teletype
		0xcd, 0x10, // int 10h
		0xeb, 0xf5, // jmp next
		0xf4,       // end: hlt
		0xeb, 0xfd, // jmp end
	}
	sector := make([]byte, 512)
	copy(sector, append(code, fromDisk+"\r\n"...))
	sector[510], sector[511] = 0x55, 0xaa
	return sector
}

// TestAMachineBootsFromWhereTheDriverSays has nothing simulated on the machine's side but its hardware: a BMC of OpenIPMI
// that starts and kills QEMU, with the firmware and the network ROM of real machines.
func TestAMachineBootsFromWhereTheDriverSays(t *testing.T) {
	qemu := conformance.Program(t, "qemu-system-x86_64")
	conformance.Program(t, "ipmi_sim")
	t.Parallel() // it waits for the emulation most of the time
	s := ipmitest.StartSim(t, `"$d/qemu.sh" "$d" "$2"`)
	file := func(name string) string { return filepath.Join(s.Dir, name) }
	require.NoError(t, os.WriteFile(file("qemu.sh"), []byte(strings.ReplaceAll(qemuScript, "{{QEMU}}", qemu)), 0o755))
	require.NoError(t, os.Mkdir(file("tftp"), 0o755))
	require.NoError(t, os.WriteFile(file("tftp/boot.ipxe"), []byte("#!ipxe\necho "+fromNetwork+"\nsleep 3600\n"), 0o644))
	require.NoError(t, os.WriteFile(file("disk"), append(bootSector(), make([]byte, 1<<20)...), 0o644))
	require.NoError(t, os.WriteFile(file("console"), nil, 0o644))
	t.Cleanup(func() {
		raw, err := os.ReadFile(file("pid"))
		if pid, bad := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil && bad == nil {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
	})
	driver := s.Driver(t)
	boot := func(device drivers.BootDevice, once bool) {
		call := ipmitest.Call(ipmitest.Password)
		call.Boot = drivers.BootTarget{Device: device, Once: once}
		_, err := driver.SetNodeBoot(t.Context(), call)
		require.NoError(t, err)
		call.Journal = conformance.NewJournal()
		rep, err := driver.PowerCycleNode(t.Context(), call)
		require.NoError(t, err)
		require.Equal(t, drivers.Changed, rep.Outcome)
	}
	// said is what the console shows since the machine was started for the nth time.
	said := func(nth int) string {
		parts := strings.Split(s.Read(t, "console"), "started with ")
		if len(parts) <= nth {
			return ""
		}
		return parts[nth]
	}

	boot(drivers.BootPXE, true)
	waitFor(t, func() bool { return strings.Contains(said(1), fromNetwork) }, func() string { return said(1) + logOf(s, "qemu.log") })
	assert.NotContains(t, said(1), fromDisk)

	boot(drivers.BootDisk, false)
	waitFor(t, func() bool { return strings.Contains(said(2), fromDisk) }, func() string { return said(2) + logOf(s, "qemu.log") })
	assert.NotContains(t, said(2), fromNetwork)
	assert.NotContains(t, said(2), "DHCP", "the network was not tried")
	assert.Empty(t, said(3), "the machine was started twice, and not more often")

	call := ipmitest.Call(ipmitest.Password)
	_, err := driver.PowerOffNode(t.Context(), call)
	require.NoError(t, err)
	require.NoFileExists(t, file("pid"), "off is off")
}

func waitFor(t *testing.T, there func() bool, shown func() string) {
	t.Helper()
	if !assert.Eventually(t, there, 100*time.Second, 200*time.Millisecond) {
		t.Fatalf("the machine did not come so far; its console shows:\n%s", shown())
	}
}

func logOf(s *ipmitest.Sim, name string) string {
	raw, _ := os.ReadFile(filepath.Join(s.Dir, name))
	return string(raw)
}
