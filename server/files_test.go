package server_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/server"
)

func TestFilesAreReadFromTheDirectoryOfDesignsOnly(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	dir, secret := filepath.Join(top, "designs"), filepath.Join(top, "secret.yaml")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub dir"), 0o700))
	for _, file := range []string{secret, filepath.Join(dir, "site.yaml"), filepath.Join(dir, "sub dir", "a.yaml")} {
		require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	}
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "out.yaml")))
	require.NoError(t, os.Symlink("site.yaml", filepath.Join(dir, "in.yaml")))
	require.NoError(t, os.MkdirAll(dir+"-other", 0o700))

	var read string
	load := func(_ context.Context, ref string) (server.Design, error) { read = ref; return server.Design{}, nil }
	for name, c := range map[string]struct {
		dir, ref string
		reads    string // "" when it is refused
	}{
		"a file by its address":                  {dir, "file://" + dir + "/site.yaml", dir + "/site.yaml"},
		"a file whose address is escaped":        {dir, "FILE://localhost" + dir + "/sub%20dir/a.yaml", dir + "/sub dir/a.yaml"},
		"a file by its path":                     {dir, dir + "/site.yaml", dir + "/site.yaml"},
		"a path from the directory":              {dir, "sub dir", dir + "/sub dir"},
		"the directory itself":                   {dir, dir, dir},
		"a link within":                          {dir, dir + "/in.yaml", dir + "/site.yaml"},
		"an address elsewhere":                   {dir, "deckhand+http://h/d", "deckhand+http://h/d"},
		"a stored design":                        {"", "design:sha256:00", "design:sha256:00"},
		"a stored design by its digest":          {"", "sha256:00", "sha256:00"},
		"a file above":                           {dir, "file://" + secret, ""},
		"a file above in steps":                  {dir, dir + "/../secret.yaml", ""},
		"a file above in escaped steps":          {dir, "file://" + dir + "/%2e%2e/secret.yaml", ""},
		"a link that leads out":                  {dir, dir + "/out.yaml", ""},
		"a directory whose name begins the same": {dir, dir + "-other", ""},
		"a file that is not there":               {dir, dir + "/none.yaml", ""},
		"a file of another host":                 {dir, "file://host" + dir + "/site.yaml", ""},
		"standard input":                         {dir, "-", ""},
		"a file when none is allowed":            {"", "file://" + dir + "/site.yaml", ""},
		"a path when none is allowed":            {"", "site.yaml", ""},
		"a directory that is gone":               {top + "/gone", top + "/gone/site.yaml", ""},
	} {
		t.Run(name, func(t *testing.T) {
			read = ""
			_, err := server.FilesBelow(c.dir, load)(t.Context(), c.ref)
			assert.Equal(t, c.reads, read)
			assert.Equal(t, c.reads == "", err != nil, "%v", err)
		})
	}
	_, missing := server.FilesBelow(dir, load)(t.Context(), "file://"+top+"/none")
	_, there := server.FilesBelow(dir, load)(t.Context(), "file://"+secret)
	assert.Equal(t, missing.Error(), there.Error(), "whether a file outside exists is not told")
}
