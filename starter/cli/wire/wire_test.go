package wire

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"drydock/design"
	"drydock/starter"
	"drydock/starter/cli"
	"drydock/starter/config"
	"drydock/starter/dev"
)

// nowhere is an address that nobody listens at.
func nowhere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func TestAnUnreachableTemporalIsNamedWithItsAddress(t *testing.T) {
	address := nowhere(t)
	t.Setenv("TEMPORAL_ADDRESS", address)
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "none.toml"))
	for name, args := range map[string][]string{
		"a command": {"task", "list"},
		"a service": {"server"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, talk bytes.Buffer
			app := &cli.App{In: &bytes.Buffer{}, Out: &out, Err: &talk, Dir: t.TempDir(), Parts: Parts("test")}
			assert.Equal(t, cli.ExitUnreachable, app.Run(t.Context(), args))
			assert.Contains(t, talk.String(), "error: connect to Temporal at "+address)
			assert.Contains(t, talk.String(), "TEMPORAL_ADDRESS")
			assert.NotContains(t, talk.String(), "goroutine")
			assert.Empty(t, out.String())
		})
	}
}

// served is the REST API without a Temporal behind it.
func served(t *testing.T) (connection, config.Config) {
	t.Helper()
	c, err := client.NewLazyClient(client.Options{HostPort: nowhere(t), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	cfg := config.Default()
	cfg.State.DSN = design.Secret("sqlite:" + filepath.Join(t.TempDir(), "state.db"))
	cfg.Server.Listen = nowhere(t)
	return connection{starter.New(c, client.DefaultNamespace, "drydock"), "test"}, cfg
}

func TestTheRESTServerAnswersUntilItsContextEnds(t *testing.T) {
	connection, cfg := served(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- connection.Serve(ctx, cfg, slog.New(slog.DiscardHandler)) }()
	base := "http://" + cfg.Server.Listen
	require.Eventually(t, func() bool { return status(base+"/versions") == http.StatusOK }, 10*time.Second, 20*time.Millisecond)
	assert.Equal(t, http.StatusServiceUnavailable, status(base+"/api/v1.0/health"), "there is no Temporal")
	cancel()
	require.NoError(t, <-ended)
	assert.Zero(t, status(base+"/versions"))
}

// status is that of a GET, 0 where nobody answers.
func status(url string) int {
	answer, err := http.Get(url) //nolint:gosec,noctx // an address of the test
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

func TestATakenListenAddressNamesTheKeyThatChoosesAnother(t *testing.T) {
	connection, cfg := served(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	cfg.Server.Listen = l.Addr().String()
	err = connection.Serve(t.Context(), cfg, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, l.Addr().String())
	assert.ErrorContains(t, err, "server.listen")
}

func TestTheSimulatedSiteIsTheRealSimulator(t *testing.T) {
	s, err := simulate(t.Context(), &design.Site{Name: "empty"}, dev.SimulatorOptions{Seed: 1, Speed: 1})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	assert.Equal(t, http.StatusOK, status(s.MAASURL()+"/api/2.0/version/"))

	_, taken, _ := net.SplitHostPort(s.MAASURL()[len("http://") : len(s.MAASURL())-len("/MAAS")])
	none, err := simulate(t.Context(), &design.Site{Name: "empty"}, dev.SimulatorOptions{MAASAddr: "127.0.0.1:" + taken})
	require.ErrorContains(t, err, taken)
	assert.Nil(t, none)
}
