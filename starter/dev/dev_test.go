package dev

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/starter"
	"drydock/starter/config"
)

// freePorts are ports that nobody listens at.
func freePorts(t *testing.T) Ports {
	t.Helper()
	var p Ports
	for _, port := range p.All() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close() // all at once, so that no number comes twice
		*port.Number = l.Addr().(*net.TCPAddr).Port
	}
	return p
}

func TestEveryTakenPortIsNamedWithTheFlagThatChoosesAnother(t *testing.T) {
	p := freePorts(t)
	for _, number := range []int{p.Temporal, p.MAAS} {
		l, err := net.Listen("tcp", address(number))
		require.NoError(t, err)
		defer l.Close()
	}
	err := p.check()
	require.Error(t, err)
	assert.Equal(t, strings.Join([]string{
		"port " + itoa(p.Temporal) + " for Temporal is taken: choose another with --port-temporal",
		"port " + itoa(p.MAAS) + " for the simulated MAAS is taken: choose another with --port-maas",
	}, "\n"), err.Error())
}

func itoa(n int) string { return strings.TrimPrefix(address(n), "127.0.0.1:") }

func TestPortsThatCannotBeAreRefused(t *testing.T) {
	p := freePorts(t)
	require.NoError(t, p.check())
	p.UI = p.Temporal
	p.REST = 70000
	err := p.check()
	require.Error(t, err)
	assert.ErrorContains(t, err, "port "+itoa(p.UI)+" is meant for Temporal and for the Temporal UI: choose another with --port-ui")
	assert.ErrorContains(t, err, "port 70000 for the REST API is no port: choose another with --port-rest")
}

func TestATakenPortStopsTheStackBeforeAnythingIsTouched(t *testing.T) {
	p := freePorts(t)
	l, err := net.Listen("tcp", address(p.REST))
	require.NoError(t, err)
	defer l.Close()
	dir := filepath.Join(t.TempDir(), "data")
	_, err = Start(t.Context(), Options{Site: &design.Site{}, Data: dir, Ports: p, Speed: 1}, Parts{})
	require.ErrorContains(t, err, "--port-rest")
	assert.NoDirExists(t, dir)
}

func TestTheDataOfAnEarlierRunIsRemovedAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{temporalDB, temporalDB + "-wal", stateDB, "notes.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	d, err := openData(dir, true)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(dir, stateDB), "kept when asked to")
	d.close()

	d, err = openData(dir, false)
	require.NoError(t, err)
	defer d.close()
	assert.NoFileExists(t, filepath.Join(dir, temporalDB))
	assert.NoFileExists(t, filepath.Join(dir, temporalDB+"-wal"))
	assert.NoFileExists(t, filepath.Join(dir, stateDB))
	assert.FileExists(t, filepath.Join(dir, "notes.txt"))
}

func TestADataDirectoryInUseIsRefusedAndLeftAlone(t *testing.T) {
	dir := t.TempDir()
	d, err := openData(dir, false)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, stateDB), []byte("x"), 0o600))
	_, err = openData(dir, false)
	require.ErrorContains(t, err, "--data")
	assert.FileExists(t, filepath.Join(dir, stateDB))
	d.close()
	d, err = openData(dir, false)
	require.NoError(t, err, "the lock is given back")
	d.close()
}

// script is an executable file.
func script(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700))
	return path
}

func TestTemporalCLIsAreTakenByTheirVersion(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		ok   bool
	}{
		"the first that has all we need":   {"temporal version 1.5.0 (Server 1.29.1, UI 2.42.1)", true},
		"a newer one":                      {"temporal version 1.12.3 (Server 1.40.0, UI 3.0.0)", true},
		"the next generation":              {"temporal version 2.0.0 (Server 2.0.0, UI 3.0.0)", true},
		"an older one":                     {"temporal version 1.4.9 (Server 1.28.0, UI 2.40.0)", false},
		"one that go install built":        {"temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)", true},
		"an old one that go install built": {"temporal version 0.0.0-DEV (Server 1.28.0, UI 2.40.0)", false},
		"another program of that name":     {"hello", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := script(t, "temporal", "echo '"+c.says+"'")
			got, err := FindTemporal(t.Context(), path)
			if !c.ok {
				require.ErrorContains(t, err, path)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, path, got)
		})
	}
}

func TestTheTemporalCLIIsLookedForOnThePathAndThenInOurPlaces(t *testing.T) {
	old := script(t, "temporal", "echo 'temporal version 1.2.0 (Server 1.25.0, UI 2.0.0)'")
	fresh := script(t, "temporal", "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'")
	nowhere := filepath.Join(t.TempDir(), "temporal")

	t.Setenv("PATH", filepath.Dir(old))
	got, err := FindTemporal(t.Context(), "", nowhere, fresh)
	require.NoError(t, err)
	assert.Equal(t, fresh, got)

	_, err = FindTemporal(t.Context(), "", nowhere)
	require.ErrorContains(t, err, "is older than 1.5")
	assert.ErrorContains(t, err, "make bin/temporal")

	t.Setenv("PATH", t.TempDir())
	_, err = FindTemporal(t.Context(), "", nowhere)
	assert.ErrorContains(t, err, "--temporal-cli")
	_, err = FindTemporal(t.Context(), nowhere)
	assert.ErrorContains(t, err, nowhere)
}

func TestAChildIsStoppedEvenWhenItDoesNotListen(t *testing.T) {
	p, err := startProcess(exec.Command("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"))
	require.NoError(t, err)
	p.stop(50 * time.Millisecond)
	<-p.done
	assert.Error(t, p.err)
}

// parts is a stack of parts that do nothing but count.
type parts struct {
	serve   func(ctx context.Context) error
	stopped []string
}

func (p *parts) Tasks() starter.Starter { return nil }
func (p *parts) Work(ctx context.Context, _ config.Config, _ *slog.Logger) error {
	<-ctx.Done()
	return nil
}
func (p *parts) Serve(ctx context.Context, _ config.Config, _ *slog.Logger) error {
	return p.serve(ctx)
}
func (p *parts) Close() { p.stopped = append(p.stopped, "connection") }

type simulated struct{ *parts }

func (s simulated) MAASURL() string    { return "http://127.0.0.1:1/MAAS" }
func (s simulated) APIKey() string     { return "a:b:c" }
func (s simulated) ControlURL() string { return "http://127.0.0.1:2" }
func (s simulated) BMCAddresses() map[string]string {
	return map[string]string{"10.0.0.1": "127.0.0.1:3"}
}
func (s simulated) BMCCertificates() map[string][]byte { return nil }
func (s simulated) Close() error                       { s.stopped = append(s.stopped, "simulator"); return nil }

func (p *parts) all() Parts {
	return Parts{
		Connect: func(context.Context, string, string, *slog.Logger) (Connection, error) { return p, nil },
		Simulate: func(context.Context, *design.Site, SimulatorOptions) (Simulator, error) {
			return simulated{p}, nil
		},
	}
}

func options(t *testing.T, temporal string) Options {
	return Options{Site: &design.Site{Name: "harbor"}, Data: t.TempDir(), Temporal: temporal, Ports: freePorts(t), Speed: 60}
}

// A server that stays until it is told to end.
const staying = `trap 'exit 0' TERM; while :; do sleep 0.05; done`

func TestTheStackConfiguresItsWorkerForTheSimulatedSite(t *testing.T) {
	p := &parts{serve: func(ctx context.Context) error { <-ctx.Done(); return nil }}
	o := options(t, script(t, "temporal", staying))
	s, err := Start(t.Context(), o, p.all())
	require.NoError(t, err)
	c := s.Config()
	assert.Equal(t, "http://127.0.0.1:1/MAAS", c.Drivers.MAAS.URL)
	assert.Equal(t, map[string]string{"10.0.0.1": "127.0.0.1:3"}, c.Drivers.Addresses)
	assert.Equal(t, address(o.Ports.REST), c.Server.Listen)
	assert.Equal(t, 250*time.Millisecond, c.Drivers.MAAS.PollInterval)
	assert.NoError(t, c.CheckWorker())
	s.Close()
	assert.Equal(t, []string{"connection", "simulator"}, p.stopped)
	<-s.temporal.done
}

func TestAPartThatEndsByItselfIsToldWithItsLog(t *testing.T) {
	p := &parts{serve: func(context.Context) error { return errors.New("the disk is full") }}
	s, err := Start(t.Context(), options(t, script(t, "temporal", staying)), p.all())
	require.NoError(t, err)
	defer s.Close()
	err = <-s.Failed()
	require.ErrorContains(t, err, "the REST server ended: the disk is full: see ")
	assert.ErrorContains(t, err, drydockLog)
}

func TestATemporalServerThatDoesNotStartIsToldWithItsLog(t *testing.T) {
	p := (&parts{}).all()
	p.Connect = func(context.Context, string, string, *slog.Logger) (Connection, error) {
		return nil, errors.New("refused")
	}
	o := options(t, script(t, "temporal", "echo broken; exit 1"))
	_, err := Start(t.Context(), o, p)
	require.ErrorContains(t, err, "the Temporal development server ended at its start: see ")
	text, readErr := os.ReadFile(filepath.Join(o.Data, temporalLog))
	require.NoError(t, readErr)
	assert.Equal(t, "broken\n", string(text))
}

func TestTheTemporalServerIsAloneOnTheLoopbackAndFast(t *testing.T) {
	args := temporalArgs(&data{dir: "/data"}, DefaultPorts())
	line := strings.Join(args, " ")
	for _, want := range []string{"--ip 127.0.0.1", "--port 7233", "--ui-port 8233", "--db-filename /data/temporal.db",
		"history.transferProcessorMaxPollRPS=200", "journal_mode=wal", "--search-attribute Site=Keyword", "--search-attribute FailedNodes=Int"} {
		assert.Contains(t, line, want)
	}
	assert.False(t, slices.Contains(args, "--headless"), "people want the UI")
}

func TestTheChildSeesNoVariablesOfAnotherTemporal(t *testing.T) {
	t.Setenv("TEMPORAL_API_KEY", "canary")
	dir := t.TempDir()
	d, err := openData(dir, false)
	require.NoError(t, err)
	defer d.close()
	p, err := startTemporal(script(t, "temporal", "env"), d, DefaultPorts())
	require.NoError(t, err)
	<-p.done
	text, err := os.ReadFile(filepath.Join(dir, temporalLog))
	require.NoError(t, err)
	assert.Contains(t, string(text), "PATH=")
	assert.NotContains(t, string(text), "canary")
}
