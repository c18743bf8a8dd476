package ipmitest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers/conformance"
)

// virtualBMC is a BMC of pyghmi with the methods that VirtualBMC (openstack/virtualbmc) has: no cycle, a reset, and a boot
// device that stays. As with a domain of libvirt, a reset keeps what the machine was started from.
const virtualBMC = `import sys
import pyghmi.ipmi.bmc as bmc

d, account, password, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def read(name):
    with open(d + "/" + name) as f:
        return f.read().strip()

def write(name, text, mode="w"):
    with open(d + "/" + name, mode) as f:
        f.write(text + "\n")

class Machine(bmc.Bmc):
    def get_power_state(self):
        return int(read("power"))
    def power_off(self):
        write("power", "0")
    def power_on(self):
        if read("power") == "0":
            write("starts", "from " + read("boot"), "a")
        write("power", "1")
    def power_reset(self):
        if read("power") == "1":
            write("starts", "reset", "a")
    def power_shutdown(self):
        write("power", "0")
    def get_boot_device(self):
        return {"network": 4, "hd": 8}.get(read("boot"), 0)
    def set_boot_device(self, device):
        write("boot", device)

Machine({account: password}, port=port, address="::ffff:127.0.0.1").listen()
`

// Python finds an interpreter that has pyghmi (Debian: python3-pyghmi); without one the test is skipped, unless counterparts
// are required.
func Python(t *testing.T) string {
	t.Helper()
	python := conformance.Program(t, "python3")
	for _, p := range []string{"/usr/bin/python3", python} { // that of the system has the modules of its packages
		if exec.Command(p, "-c", "import pyghmi.ipmi.bmc").Run() == nil {
			return p
		}
	}
	if os.Getenv("DRYDOCK_REQUIRE_COUNTERPARTS") == "1" {
		t.Fatal("pyghmi is required and not installed")
	}
	t.Skip("pyghmi is not installed")
	return ""
}

// StartPyghmi runs it: cipher suite 3, and nothing but Get Device ID, chassis status and control, and boot options.
func StartPyghmi(t *testing.T) *Sim {
	t.Helper()
	python := Python(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"power": "0\n", "boot": "hd\n", "starts": "", "bmc.py": virtualBMC} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.LocalAddr().(*net.UDPAddr).Port
	require.NoError(t, free.Close())
	cmd := exec.Command(python, filepath.Join(dir, "bmc.py"), dir, Account, Password, fmt.Sprint(port))
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &Sim{Dir: dir, Address: fmt.Sprintf("127.0.0.1:%d", port), Process: cmd.Process, devices: map[string]string{"network": "pxe", "hd": "disk"}}
	d := s.Driver(t)
	require.Eventually(t, func() bool {
		_, err := d.InterrogateOob(t.Context(), Call(Password))
		return err == nil
	}, 15*time.Second, 50*time.Millisecond, "pyghmi does not answer")
	require.NoError(t, d.Close())
	return s
}
