package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program finds a counterpart on this machine. Without it the test is skipped, or fails where DRYDOCK_REQUIRE_COUNTERPARTS
// is 1.
func Program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if path = filepath.Join("/usr/sbin", name); executable(path) { // not on the path of everybody
		return path
	}
	if os.Getenv("DRYDOCK_REQUIRE_COUNTERPARTS") == "1" {
		t.Fatalf("%s is required and not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
