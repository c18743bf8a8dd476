// Package endtoend tests the whole house at once: the real binary, the real Temporal development server, and the
// simulated site over its real protocols. It holds tests only.
package endtoend

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"gopkg.in/yaml.v3"

	"drydock/design"
	"drydock/design/validate"
	"drydock/simulator"
	"drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/starter"
	"drydock/workflows"
)

// binary is built once for all tests of the package.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "drydock-endtoend-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "drydock")
	build := exec.Command("go", "build", "-o", binary, root())
	build.Dir = root()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build drydock: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// temporalCLI finds the Temporal CLI: make test names it.
func temporalCLI(t testing.TB) string {
	if path := os.Getenv("TEMPORAL_CLI"); path != "" {
		return path
	}
	if path := filepath.Join(root(), "bin", "temporal"); exists(path) { // make put it there
		return path
	}
	path, err := exec.LookPath("temporal")
	if err != nil {
		if os.Getenv("DRYDOCK_REQUIRE_COUNTERPARTS") == "1" {
			t.Fatal("no Temporal CLI: run make test, which gets it")
		}
		t.Skip("no Temporal CLI: run make test, which gets it")
	}
	return path
}

// stack is a Temporal server, a simulated site, and a worker, each of which can be killed.
type stack struct {
	t        testing.TB
	dir      string
	design   string // path
	site     *design.Site
	sim      *simulator.Site
	address  string // of Temporal
	config   string // path
	temporal *process
	worker   *process
	tasks    *starter.Client
}

type options struct {
	design string
	// rewrite changes the text of the design before it is used.
	rewrite func(string) string
	speed   float64
	// persistent keeps the server's data in a file, so that the server can be killed.
	persistent bool
	apiKey     string
	// manual has all BMCs operated by hand.
	manual bool
	// reach changes where BMCs are reached, by their designed addresses; nil: each where it is.
	reach func(site *design.Site, addresses map[string]string)
	// durations of what machines do, in simulated time; zero fields are the world's.
	durations world.Durations
	// quirks are those of the Redfish services; nil: none.
	quirks func(*world.Machine) redfish.Quirks
}

func start(t testing.TB, o options) *stack {
	t.Helper()
	s := &stack{t: t, dir: t.TempDir()}
	if o.design == "" {
		o.design = filepath.Join(root(), "deploy", "examples", "harbor.yaml")
	}
	text, err := os.ReadFile(o.design)
	require.NoError(t, err)
	if o.rewrite != nil {
		text = []byte(o.rewrite(string(text)))
	}
	s.design = filepath.Join(s.dir, "site.yaml")
	require.NoError(t, os.WriteFile(s.design, text, 0o600))
	loaded := validate.Load(design.Source{Name: s.design, Data: text})
	require.Empty(t, loaded.Messages.Errors(), "the design of the test is valid")
	s.site = loaded.Site

	if o.speed == 0 {
		o.speed = 60
	}
	s.sim, err = simulator.Start(t.Context(), s.site, simulator.Options{Seed: 1, Speed: o.speed, APIKey: o.apiKey, Quirks: o.quirks, Durations: o.durations,
		MAASAddr: "127.0.0.1:0", ControlAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { s.sim.Close() })

	s.startTemporal(o.persistent)
	s.writeConfig(o)
	s.startWorker()
	s.connect()
	t.Cleanup(s.record)
	return s
}

// process is a child that is surely gone at the end of the test.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

func (s *stack) run(name string, env []string, path string, args ...string) *process {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	p := &process{cmd: exec.Command(path, args...), log: log.Name(), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(s.t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		_ = log.Close()
		close(p.done)
	}()
	s.t.Cleanup(func() {
		p.kill()
		if s.t.Failed() {
			text, _ := os.ReadFile(p.log)
			s.t.Logf("%s:\n%s", name, tail(string(text), 6000))
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func tail(text string, n int) string {
	if len(text) > n {
		return "..." + text[len(text)-n:]
	}
	return text
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *stack) startTemporal(persistent bool) {
	s.t.Helper()
	port := freePort(s.t)
	if s.address != "" { // again, where it was
		_, text, _ := net.SplitHostPort(s.address)
		_, err := fmt.Sscan(text, &port)
		require.NoError(s.t, err)
	}
	s.address = fmt.Sprintf("127.0.0.1:%d", port)
	args := []string{"server", "start-dev", "--ip", "127.0.0.1", "--port", fmt.Sprint(port), "--headless", "--log-level", "warn",
		"--dynamic-config-value", "history.transferProcessorMaxPollRPS=200",
		"--dynamic-config-value", "history.timerProcessorMaxPollRPS=200",
		"--dynamic-config-value", "history.visibilityProcessorMaxPollRPS=200"}
	if persistent {
		args = append(args, "--db-filename", filepath.Join(s.dir, "temporal.db"), "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
	}
	s.temporal = s.run("temporal", nil, temporalCLI(s.t), args...)
	require.Eventually(s.t, func() bool {
		c, err := client.Dial(client.Options{HostPort: s.address, Logger: quiet{}})
		if err != nil {
			return false
		}
		defer c.Close()
		_, err = c.CheckHealth(context.Background(), nil)
		return err == nil
	}, 60*time.Second, 100*time.Millisecond, "Temporal answers")
}

func (s *stack) writeConfig(o options) {
	key := filepath.Join(s.dir, "maas.key")
	require.NoError(s.t, os.WriteFile(key, []byte(s.sim.APIKey()), 0o600))
	addresses := s.sim.BMCAddresses()
	if o.reach != nil {
		o.reach(s.site, addresses)
	}
	drivers := map[string]any{
		"addresses": addresses,
		"maas":      map[string]any{"url": s.sim.MAASURL(), "api_key_file": key, "poll_interval": "300ms"},
		"redfish":   map[string]any{"insecure": true, "poll_interval": "100ms"},
		"ipmi":      map[string]any{"poll_interval": "100ms", "timeout": "1s"},
	}
	if o.manual {
		drivers["oob"] = map[string]string{design.OOBIPMI: "manual", design.OOBRedfish: "manual"}
	}
	text, err := yaml.Marshal(map[string]any{
		"state":   map[string]any{"dsn": "sqlite:" + filepath.Join(s.dir, "state.db")},
		"drivers": drivers,
	})
	require.NoError(s.t, err)
	s.config = filepath.Join(s.dir, "drydock.yaml")
	require.NoError(s.t, os.WriteFile(s.config, text, 0o600))
}

func (s *stack) env() []string {
	return []string{"TEMPORAL_ADDRESS=" + s.address, "DRYDOCK_CONFIG=" + s.config, "NO_COLOR=1"}
}

func (s *stack) startWorker() {
	s.t.Helper()
	s.worker = s.run("worker", s.env(), binary, "worker")
}

func (s *stack) connect() {
	s.t.Helper()
	if s.tasks != nil {
		s.tasks.Close()
	}
	var c client.Client
	require.Eventually(s.t, func() bool {
		var err error
		c, err = client.Dial(client.Options{HostPort: s.address, Logger: quiet{}})
		return err == nil
	}, 30*time.Second, 100*time.Millisecond)
	s.tasks = starter.New(c, client.DefaultNamespace, "drydock")
	s.t.Cleanup(c.Close)
}

// quiet drops the log of a client of the test.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// submit starts a task on the design of the stack.
func (s *stack) submit(kind workflows.Kind, change func(*workflows.Request)) starter.Task {
	s.t.Helper()
	request := workflows.Request{DesignRef: "file://" + s.design}
	if kind.Touches {
		request.AllNodes = true
	}
	if change != nil {
		change(&request)
	}
	task, err := s.tasks.Start(s.t.Context(), kind, request)
	require.NoError(s.t, err)
	return task
}

func (s *stack) wait(id string) starter.Task {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 4*time.Minute)
	defer cancel()
	task, err := s.tasks.Wait(ctx, id)
	require.NoError(s.t, err)
	return task
}

// cli runs the binary and returns what it printed and its exit code.
func (s *stack) cli(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), s.env()...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // exec returns it bare
		return out.String(), errs.String(), exit.ExitCode()
	}
	require.NoError(s.t, err)
	return out.String(), errs.String(), 0
}

// history is the whole history of a workflow as JSON, as "temporal workflow show -o json" exports it.
func (s *stack) history(id, run string) []byte {
	s.t.Helper()
	cmd := exec.Command(temporalCLI(s.t), "workflow", "show", "-w", id, "-r", run, "-o", "json", "--address", s.address)
	out, err := cmd.Output()
	require.NoError(s.t, err)
	require.True(s.t, json.Valid(out))
	return out
}
