package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/ingest"
)

const knownDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var errNotStored = errors.New("no such design")

// stored is a store of one design.
type stored map[string]string

func (s stored) Design(_ context.Context, digest string) ([]byte, error) {
	if text, ok := s[digest]; ok {
		return []byte(text), nil
	}
	return nil, fmt.Errorf("read design: %w", errNotStored)
}

type unreachableStore struct{}

func (unreachableStore) Design(context.Context, string) ([]byte, error) {
	return nil, fmt.Errorf("query: %w", &ingest.Error{Kind: ingest.Unreachable, Err: errors.New("connection refused"), Advice: "check the database"})
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReadTakesEverySortOfReference(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b.yaml"), "b")
	write(t, filepath.Join(dir, "a.yml"), "a")
	write(t, filepath.Join(dir, "C.YAML"), "c")
	write(t, filepath.Join(dir, "readme.md"), "no")
	write(t, filepath.Join(dir, ".hidden.yaml"), "no")
	write(t, filepath.Join(dir, "below", "d.yaml"), "no")
	write(t, filepath.Join(dir, "folder.yaml", "x.yaml"), "no")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RequestURI()) }))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	reader := ingest.Reader{Stdin: strings.NewReader("piped"), Designs: stored{knownDigest: "kept"}}

	tests := map[string]struct {
		ref  string
		want []string
	}{
		"a file":                        {filepath.Join(dir, "b.yaml"), []string{"b"}},
		"a file of any name":            {filepath.Join(dir, "readme.md"), []string{"no"}},
		"a directory, sorted by name":   {dir, []string{"c", "a", "b"}},
		"a file address":                {"file://" + filepath.Join(dir, "a.yml"), []string{"a"}},
		"a file address with its host":  {"file://localhost" + filepath.Join(dir, "a.yml"), []string{"a"}},
		"standard input":                {"-", []string{"piped"}},
		"http":                          {server.URL + "/x?y=1", []string{"/x?y=1"}},
		"a service over http":           {"deckhand+http://" + host + "/rendered", []string{"/rendered"}},
		"a stored design":               {"design:" + knownDigest, []string{"kept"}},
		"the digest of a stored design": {knownDigest, []string{"kept"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sources, err := reader.Read(t.Context(), test.ref)
			require.NoError(t, err)
			var got []string
			for _, s := range sources {
				got = append(got, string(s.Data))
				assert.NotEmpty(t, s.Name)
			}
			assert.Equal(t, test.want, got)
		})
	}
	sources, err := reader.Read(t.Context(), filepath.Join(dir, "b.yaml"), knownDigest)
	require.NoError(t, err)
	assert.Len(t, sources, 2, "references come in their order")
	assert.Equal(t, knownDigest, sources[1].Name)
}

func TestErrorsSayWhichReferenceAndWhatToCheck(t *testing.T) {
	dir := t.TempDir()
	secret := write(t, filepath.Join(dir, "locked.yaml"), "x")
	require.NoError(t, os.Chmod(secret, 0))
	large := write(t, filepath.Join(dir, "large", "site.yaml"), strings.Repeat("x", 101))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			fmt.Fprint(w, strings.Repeat("x", 101))
		case "/short":
			w.Header().Set("Content-Length", "50")
			fmt.Fprint(w, "cut")
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			var status int
			fmt.Sscanf(r.URL.Path, "/%d", &status)
			w.WriteHeader(status)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	gone := httptest.NewServer(nil)
	gone.Close()

	tests := map[string]struct {
		ref  string
		kind ingest.Kind
	}{
		"a file that is not there":           {filepath.Join(dir, "none.yaml"), ingest.NotFound},
		"a directory without designs":        {filepath.Join(dir, "..", filepath.Base(dir), "empty"), ingest.NotFound},
		"a file that is too large":           {large, ingest.TooLarge},
		"a path through a file":              {filepath.Join(large, "x.yaml"), ingest.Malformed},
		"a file address without a path":      {"file://", ingest.Malformed},
		"a file address of another host":     {"file://other/x.yaml", ingest.Malformed},
		"nothing":                            {"", ingest.Malformed},
		"standard input where there is none": {"-", ingest.Malformed},
		"an unknown scheme":                  {"ftp://host/x", ingest.Malformed},
		"an unknown transport":               {"deckhand+ftp://host/x", ingest.Malformed},
		"an address without a host":          {"http:///x", ingest.Malformed},
		"an address that can't be read":      {"http://[::1/x", ingest.Malformed},
		"a digest that is too short":         {"design:sha256:0123", ingest.Malformed},
		"a digest of capital letters":        {strings.ToUpper(knownDigest), ingest.NotFound},
		"a design that is not stored":        {strings.Replace(knownDigest, "0", "f", 1), ingest.NotFound},
		"a server that is gone":              {gone.URL + "/x", ingest.Unreachable},
		"an answer that is too large":        {server.URL + "/large", ingest.TooLarge},
		"an answer that ends early":          {server.URL + "/short", ingest.Unreachable},
		"redirects in a circle":              {server.URL + "/loop", ingest.Unreachable},
		"status 400":                         {server.URL + "/400", ingest.Malformed},
		"status 204":                         {server.URL + "/204", ingest.Malformed},
		"status 401":                         {server.URL + "/401", ingest.Denied},
		"status 403 of a service":            {"deckhand+http://" + host + "/403", ingest.Denied},
		"status 404":                         {server.URL + "/404", ingest.NotFound},
		"status 413":                         {server.URL + "/413", ingest.TooLarge},
		"status 429":                         {server.URL + "/429", ingest.Unreachable},
		"status 503":                         {server.URL + "/503", ingest.Unreachable},
	}
	if os.Geteuid() != 0 {
		tests["a file without permission"] = struct {
			ref  string
			kind ingest.Kind
		}{secret, ingest.Denied}
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ingest.Reader{Designs: stored{}, Limit: 100}.Read(t.Context(), test.ref)
			var failed *ingest.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.kind, failed.Kind, err)
			assert.NotEmpty(t, failed.Advice)
			assert.NotEmpty(t, failed.Ref)
			assert.Contains(t, err.Error(), "read design "+failed.Ref)
		})
	}
	_, err := ingest.Reader{}.Read(t.Context())
	assert.ErrorContains(t, err, "no reference")
	_, err = ingest.Reader{}.Read(t.Context(), knownDigest)
	assert.ErrorContains(t, err, "no stored designs")
	_, err = ingest.Reader{Designs: unreachableStore{}}.Read(t.Context(), knownDigest)
	var failed *ingest.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, ingest.Unreachable, failed.Kind, "a store says itself in which way it failed")
	assert.Equal(t, knownDigest, failed.Ref)
}

func TestAStoreThatFailsIsNotAStoreWithoutTheDesign(t *testing.T) {
	kind := func(missing error) ingest.Kind {
		_, err := ingest.Reader{Designs: stored{}, Missing: missing}.Read(t.Context(), knownDigest)
		var failed *ingest.Error
		require.ErrorAs(t, err, &failed)
		return failed.Kind
	}
	assert.Equal(t, ingest.NotFound, kind(errNotStored))
	assert.Equal(t, ingest.Unreachable, kind(errors.New("another error")))
}

func TestAFileOfTheLimitIsNotTooLarge(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "site.yaml"), strings.Repeat("x", 100))
	sources, err := ingest.Reader{Limit: 100}.Read(t.Context(), path)
	require.NoError(t, err)
	assert.Len(t, sources[0].Data, 100)
}

func TestReadEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := ingest.Reader{}.Read(ctx, server.URL)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = ingest.Reader{}.Read(ctx, "-")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
