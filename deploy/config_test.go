package deploy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/starter/config"
)

// TestTheSampleConfigurationIsAccepted reads deploy/drydock.yaml as "drydock worker" would, with a key in place.
func TestTheSampleConfigurationIsAccepted(t *testing.T) {
	text, err := os.ReadFile("drydock.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "drydock.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	key := filepath.Join(t.TempDir(), "maas.key")
	require.NoError(t, os.WriteFile(key, []byte("consumer:token:secret"), 0o600))
	cfg, err := config.Load(path, []string{"DRYDOCK_DRIVERS__MAAS__API_KEY_FILE=" + key})
	require.NoError(t, err)
	require.NoError(t, cfg.CheckWorker())
}
