package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"drydock/design"
	"drydock/drivers"
	"drydock/starter"
	"drydock/starter/config"
	"drydock/starter/dev"
)

// App is the command line with everything that it touches, so that tests run real argument lists. In, Out and Err must be
// set; the other fields may be left out where the commands that need them are not called.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	// Environ is the environment, "NAME=value" each.
	Environ []string
	// Dir is the directory that relative paths start from.
	Dir string
	// User is recorded as who asked for a task.
	User string
	// Version of the binary.
	Version string
	// Terminal tells the size of the terminal behind a stream; ok is false where there is none.
	Terminal func(io.Writer) (width, height int, ok bool)
	// Interrupts delivers Ctrl-C and requests to end.
	Interrupts <-chan os.Signal
	// Grace is how long a second Ctrl-C is waited for after a task was detached from; default 3 s.
	Grace time.Duration
	// Example is the design that "drydock dev" deploys where none is given.
	Example []byte
	// Now is the clock; default time.Now.
	Now func() time.Time

	Parts
}

// Parts is what the commands put to work. Functions that run services return when the context ends.
type Parts struct {
	// Connect connects to Temporal as its environment says; close ends the connection.
	Connect func(ctx context.Context, cfg config.Config, log *slog.Logger) (s starter.Starter, close func(), err error)
	// Work runs a worker.
	Work func(ctx context.Context, cfg config.Config, log *slog.Logger) error
	// Serve runs the REST API.
	Serve func(ctx context.Context, cfg config.Config, log *slog.Logger) error
	// Images asks the bootstrapper of a site what it could install.
	Images func(ctx context.Context, cfg config.Config, site *design.Site) (drivers.Images, error)
	// Simulate starts a simulated site.
	Simulate func(ctx context.Context, site *design.Site, o dev.SimulatorOptions) (dev.Simulator, error)
	// Stack is what "drydock dev" is made of.
	Stack dev.Parts
}

// Run runs one command and returns its exit code.
func (a *App) Run(ctx context.Context, args []string) int {
	a.setDefaults()
	root, state := a.root()
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return ExitDone
	}
	code := exitCode(err)
	if !state.started { // the command line itself was not understood
		code = ExitUsage
	}
	if text := strings.TrimSpace(err.Error()); text != "" {
		prefix := "error: "
		for line := range strings.SplitSeq(text, "\n") {
			a.say("%s%s", prefix, line)
		}
	}
	if !state.started {
		a.say("see: %s --help", command.CommandPath())
	}
	return code
}

func (a *App) setDefaults() {
	if a.Terminal == nil {
		a.Terminal = func(io.Writer) (int, int, bool) { return 0, 0, false }
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	if a.Grace == 0 {
		a.Grace = 3 * time.Second
	}
}

// say talks to the person: a line on stderr.
func (a *App) say(format string, args ...any) { fmt.Fprintf(a.Err, format+"\n", args...) }

// env looks a variable up.
func (a *App) env(name string) (string, bool) {
	for _, entry := range slices.Backward(a.Environ) {
		if n, v, ok := strings.Cut(entry, "="); ok && n == name {
			return v, true
		}
	}
	return "", false
}

// picture says how progress is to be drawn on stderr: live on a terminal that can, with colour unless NO_COLOR is set.
func (a *App) picture() (live, color bool) {
	_, _, terminal := a.Terminal(a.Err)
	if term, _ := a.env("TERM"); !terminal || term == "dumb" {
		return false, false
	}
	no, set := a.env("NO_COLOR")
	return true, !set || no == ""
}

// logger writes the log of a service to stderr.
func (a *App) logger() *slog.Logger { return slog.New(slog.NewTextHandler(a.Err, nil)) }

// quiet is the logger of commands that talk to people: only what goes wrong, so that the SDK's chatter stays out.
func (a *App) quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.Err, &slog.HandlerOptions{Level: slog.LevelError}))
}

// service runs something that lasts until it is interrupted. The first interrupt lets it end in order, the second does not
// wait for that.
func (a *App) service(ctx context.Context, run func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-a.Interrupts:
	}
	a.say("stopping; interrupt again to stop at once")
	cancel()
	select {
	case err := <-done:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-a.Interrupts:
		return ended(ExitInterrupted)
	}
}
