package ingest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/ingest"
)

func TestUserInformationIsSentButNeverShown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "reader" || password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/site.yaml" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	sources, err := ingest.Reader{}.Read(t.Context(), "http://reader:hunter2@"+host+"/site.yaml?key=hunter2")
	require.NoError(t, err)
	assert.NotContains(t, sources[0].Name, "hunter2")
	assert.Equal(t, "http://"+host+"/site.yaml?...", sources[0].Name)

	for _, ref := range []string{
		"http://reader:hunter2@" + host + "/none", "http://reader:hunter2@" + host + "/none?token=hunter2#hunter2",
		"deckhand+http://x:hunter2@" + host + "/site.yaml", "http://reader:hunter2@127.0.0.1:1/x", "ftp://reader:hunter2@host/x",
		"http://reader:hunter2/x@host/y", "http://reader:hunter2?x@host/y", "http://reader:hunter2#x@host/y", "http://reader:hunter2 x@host/y",
		"http://reader:%zzhunter2@host/y", "http://reader:hunter2@[::1/y", "http://reader:hunter2@/y", "file://reader:hunter2@host/y", "http://reader:12hunter2/x@host/y",
		"http://reader:12/hunter2@host/y",
	} {
		_, err := ingest.Reader{}.Read(t.Context(), ref)
		require.Error(t, err, ref)
		assert.NotContains(t, err.Error(), "hunter2", ref)
	}
}

func TestTheTokenGoesToTheServiceOnly(t *testing.T) {
	seen := make(chan string, 10)
	record := func(w http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("X-Auth-Token") }
	other := httptest.NewServer(http.HandlerFunc(record))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record(w, r)
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/x", http.StatusFound)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	reader := ingest.Reader{Token: func() string { return "token" }}

	tests := map[string]struct {
		reader ingest.Reader
		ref    string
		want   []string
	}{
		"a service gets the token":            {reader, "deckhand+http://" + host + "/x", []string{"token"}},
		"any service gets the token":          {reader, "promenade+http://" + host + "/x", []string{"token"}},
		"a plain server does not":             {reader, "http://" + host + "/x", []string{""}},
		"without a token none is sent":        {ingest.Reader{}, "deckhand+http://" + host + "/x", []string{""}},
		"an empty token is not sent":          {ingest.Reader{Token: func() string { return "" }}, "deckhand+http://" + host + "/x", []string{""}},
		"a redirect to the same host has it":  {reader, "deckhand+http://" + host + "/here", []string{"token", "token"}},
		"a redirect to another host does not": {reader, "deckhand+http://" + host + "/away", []string{"token", ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := test.reader.Read(t.Context(), test.ref)
			require.NoError(t, err)
			for _, want := range test.want {
				assert.Equal(t, want, <-seen)
			}
		})
	}
}
