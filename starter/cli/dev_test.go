package cli

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/starter"
	"drydock/starter/config"
	"drydock/starter/dev"
	"drydock/workflows"
)

// stack is everything but the Temporal server of "drydock dev", on the memory of a harness.
type stack struct{ tasks starter.Starter }

func (s stack) Tasks() starter.Starter { return s.tasks }
func (s stack) Close()                 {}
func (s stack) Work(ctx context.Context, _ config.Config, _ *slog.Logger) error {
	<-ctx.Done()
	return nil
}
func (s stack) Serve(ctx context.Context, c config.Config, l *slog.Logger) error {
	return s.Work(ctx, c, l)
}

type simulatedSite struct{}

func (simulatedSite) MAASURL() string                    { return "http://127.0.0.1:1/MAAS" }
func (simulatedSite) APIKey() string                     { return "a:b:c" }
func (simulatedSite) ControlURL() string                 { return "http://127.0.0.1:2" }
func (simulatedSite) BMCAddresses() map[string]string    { return nil }
func (simulatedSite) BMCCertificates() map[string][]byte { return nil }
func (simulatedSite) Close() error                       { return nil }

// devHarness is a harness for "drydock dev", with the arguments that every run of it needs.
func devHarness(t *testing.T) (*harness, []string) {
	t.Helper()
	h := newHarness(t)
	h.Stack = dev.Parts{
		Connect: func(context.Context, string, string, *slog.Logger) (dev.Connection, error) {
			return stack{h.memory}, nil
		},
		Simulate: func(context.Context, *design.Site, dev.SimulatorOptions) (dev.Simulator, error) {
			return simulatedSite{}, nil
		},
	}
	temporal := filepath.Join(h.Dir, "temporal")
	require.NoError(t, os.WriteFile(temporal, []byte("#!/bin/sh\n"+
		"case $1 in --version) echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'; exit;; esac\n"+
		"trap 'exit 0' TERM; while :; do sleep 0.05; done\n"), 0o700))
	args := []string{"dev", "--temporal-cli", temporal}
	for _, flag := range []string{"temporal", "ui", "rest", "maas", "control"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close() // all at once, so that no number comes twice
		args = append(args, "--port-"+flag, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return h, args
}

func twelve() workflows.Result {
	r := workflows.Result{Status: workflows.StatusSuccess}
	for n := range 12 {
		r.Successes = append(r.Successes, workflows.NodeResult{Node: "n" + strconv.Itoa(n), Outcome: "changed"})
	}
	return r
}

func TestDevDeploysTheWholeSiteAndSaysWhereToLook(t *testing.T) {
	h, args := devHarness(t)
	h.memory.result = twelve()
	got := h.run(t, append(args, "--design", "site.yaml", "--exit")...)
	require.Equal(t, ExitDone, got.code, got.err)
	request := h.started(t)
	assert.Equal(t, "file://"+h.design, request.DesignRef)
	assert.True(t, request.AllNodes)
	assert.Contains(t, got.out, "12 nodes: 12 done, 0 failed")
	assert.Contains(t, got.out, "Temporal UI        http://127.0.0.1:")
	assert.Contains(t, got.out, "simulated MAAS     http://127.0.0.1:1/MAAS\n")
}

func TestDevIsDoneOnlyWhenEveryNodeIsDeployed(t *testing.T) {
	h, args := devHarness(t)
	h.memory.result = twelve()
	h.memory.result.Skipped = h.memory.result.Successes[:1]
	h.memory.result.Successes = h.memory.result.Successes[1:]
	got := h.run(t, append(args, "--design", "site.yaml", "--exit")...)
	assert.Equal(t, ExitPartial, got.code)
	assert.Contains(t, got.err, "log: "+filepath.Join(h.Dir, ".drydock", "temporal.log"))
}

func TestDevDeploysItsExampleAndStaysUntilInterrupted(t *testing.T) {
	h, args := devHarness(t)
	h.memory.result = twelve()
	text, err := os.ReadFile(h.design)
	require.NoError(t, err)
	h.Example = text
	signals := make(chan os.Signal, 1)
	h.Interrupts = signals
	h.Terminal = nil
	out := &onText{text: "all of it stays up", then: func() { signals <- syscall.SIGINT }}
	h.Out, h.Err = out, out
	assert.Equal(t, ExitDone, h.Run(t.Context(), args))
	assert.Equal(t, "file://"+filepath.Join(h.Dir, ".drydock", "example.yaml"), h.started(t).DesignRef)
}

func TestDevInterruptedBeforeTheEndSaysSoByItsExitCode(t *testing.T) {
	h, args := devHarness(t)
	signals := make(chan os.Signal, 1)
	h.Interrupts = signals
	h.memory.runs, h.memory.watching = true, make(chan struct{})
	go func() { <-h.memory.watching; signals <- syscall.SIGINT }()
	assert.Equal(t, ExitInterrupted, h.run(t, append(args, "--design", "site.yaml")...).code)
}

func TestDevRefusesBeforeAnythingIsStarted(t *testing.T) {
	h, args := devHarness(t)
	wrong := filepath.Join(h.Dir, "wrong.yaml")
	require.NoError(t, os.WriteFile(wrong, []byte("schema: drydock/Network/v1\nmetadata: {name: a}\ndata: {cidr: x}\n"), 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an invalid design":        {[]string{"--design", wrong}, ExitInvalidDesign, wrong + ":3: error: "},
		"a design that is not":     {[]string{"--design", "none.yaml"}, ExitUsage, "none.yaml: no such file"},
		"a speed of nothing":       {[]string{"--design", "site.yaml", "--speed", "0"}, ExitUsage, "--speed must be greater than 0"},
		"a configuration":          {[]string{"--design", "site.yaml", "--config", "x.yaml"}, ExitUsage, "takes no configuration"},
		"no example in the binary": {nil, ExitUsage, "--design"},
		"a CLI that is not":        {[]string{"--design", "site.yaml", "--temporal-cli", "/none"}, ExitUsage, "/none does not run"},
		"a taken port": {[]string{"--design", "site.yaml", "--port-rest", port}, ExitFailed,
			"port " + port + " for the REST API is taken: choose another with --port-rest"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.run(t, append(append([]string{}, args...), c.args...)...)
			assert.Equal(t, c.code, got.code, got.err)
			assert.Contains(t, got.err, c.says)
			assert.Empty(t, h.memory.order, "no task was started")
		})
	}
}
