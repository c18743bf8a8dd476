package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/starter/config"
)

// every command below a command, itself included.
func every(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		list = append(list, every(sub)...)
	}
	return list
}

func TestEveryCommandHasOneLineOfHelpAndAnExample(t *testing.T) {
	h := newHarness(t)
	root, _ := h.root()
	for _, cmd := range every(root) {
		if !cmd.Runnable() { // a help topic
			continue
		}
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			assert.NotEmpty(t, cmd.Short)
			assert.NotContains(t, cmd.Short, "\n")
			assert.Contains(t, cmd.Example, cmd.CommandPath())
		})
	}
}

func TestACommandLineThatIsNotUnderstoodIsUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"no command":               {},
		"a noun alone":             {"task"},
		"an unknown noun":          {"nodes"},
		"an unknown verb":          {"task", "explode"},
		"an unknown flag":          {"task", "list", "--colour"},
		"an unknown format":        {"task", "list", "-o", "xml"},
		"a task without ID":        {"task", "show"},
		"two IDs":                  {"task", "cancel", "a", "b"},
		"a run without a kind":     {"task", "run", "--design", "site.yaml"},
		"a run without a design":   {"task", "run", "deploy-nodes", "--all"},
		"validate without a path":  {"design", "validate"},
		"a sim without a design":   {"sim"},
		"version with an argument": {"version", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			got := newHarness(t).run(t, args...)
			assert.Equal(t, ExitUsage, got.code)
			assert.Empty(t, got.out)
			assert.True(t, strings.HasPrefix(got.err, "error: "), got.err)
			assert.Contains(t, got.err, "see: drydock")
		})
	}
}

func TestVersionAndExitCodesAreData(t *testing.T) {
	assert.Equal(t, ran{ExitDone, "drydock 1.2.3\n", ""}, newHarness(t).run(t, "version"))
	got := newHarness(t).run(t, "help", "exit-codes")
	assert.Equal(t, ExitDone, got.code)
	for _, m := range exitMeanings {
		assert.Contains(t, got.out, m.means)
	}
}

func TestAWrongConfigurationEndsEveryCommandThatReadsIt(t *testing.T) {
	for _, args := range [][]string{{"worker"}, {"server"}, {"task", "list"}} {
		h := newHarness(t)
		h.Environ = []string{"DRYDOCK_COLOUR=blue", "DRYDOCK_TASK_QUEUE="}
		got := h.run(t, args...)
		assert.Equal(t, ExitUsage, got.code, args)
		assert.Contains(t, got.err, "error: DRYDOCK_COLOUR: unknown variable")
		assert.Contains(t, got.err, "error: DRYDOCK_TASK_QUEUE: task_queue: must not be empty")
	}
}

func TestAWorkerThatLacksItsConfigurationDoesNotStart(t *testing.T) {
	got := newHarness(t).run(t, "worker")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.err, "drivers.maas.url: is missing")
	assert.Contains(t, got.err, "drivers.maas.api_key: is missing")
}

func TestAServiceEndsInOrderWhenInterrupted(t *testing.T) {
	h := newHarness(t)
	signals := make(chan os.Signal, 2)
	h.Interrupts = signals
	drained := false
	h.Serve = func(ctx context.Context, _ config.Config, _ *slog.Logger) error {
		signals <- syscall.SIGTERM
		<-ctx.Done()
		drained = true
		return nil
	}
	got := h.run(t, "server")
	assert.Equal(t, ExitDone, got.code, got.err)
	assert.True(t, drained)
}

func TestASecondInterruptDoesNotWaitForAService(t *testing.T) {
	h := newHarness(t)
	signals := make(chan os.Signal, 2)
	h.Interrupts = signals
	release := make(chan struct{})
	defer close(release)
	h.Serve = func(context.Context, config.Config, *slog.Logger) error {
		signals <- syscall.SIGTERM
		signals <- syscall.SIGTERM
		<-release
		return nil
	}
	assert.Equal(t, ExitInterrupted, h.run(t, "server").code)
}

func TestCompletionOffersKindsTasksAndNodes(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"kinds of tasks":        {[]string{"task", "run", "dep"}, "deploy-nodes\t"},
		"IDs of tasks":          {[]string{"task", "watch", ""}, "young\tverify-site, running"},
		"racks of the design":   {[]string{"task", "run", "deploy-nodes", "--design", "site.yaml", "--rack", ""}, "r"},
		"words of a policy":     {[]string{"task", "run", "deploy-nodes", "--on-busy", ""}, "skip"},
		"formats of the output": {[]string{"task", "show", "x", "-o", ""}, "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.run(t, append([]string{cobra.ShellCompRequestCmd}, c.args...)...)
			assert.Contains(t, got.out, c.want)
		})
	}
}

func TestProgressIsDrawnLiveOnlyOnATerminalThatCan(t *testing.T) {
	for name, c := range map[string]struct {
		terminal    bool
		environ     []string
		live, color bool
	}{
		"a pipe":                       {false, nil, false, false},
		"a terminal":                   {true, []string{"TERM=xterm"}, true, true},
		"a dumb terminal":              {true, []string{"TERM=dumb"}, false, false},
		"NO_COLOR":                     {true, []string{"NO_COLOR=1"}, true, false},
		"an empty NO_COLOR is not set": {true, []string{"NO_COLOR="}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := &App{Environ: c.environ, Terminal: func(io.Writer) (int, int, bool) { return 80, 24, c.terminal }}
			live, color := a.picture()
			require.Equal(t, c.live, live)
			assert.Equal(t, c.color, color)
		})
	}
}
