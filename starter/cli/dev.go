package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"drydock/design/validate"
	"drydock/starter"
	"drydock/starter/cli/progress"
	"drydock/starter/dev"
	"drydock/workflows"
)

// devFlags are the flags of "drydock dev".
type devFlags struct {
	design   string
	exit     bool
	data     string
	keepData bool
	cli      string
	speed    float64
	seed     int64
	ports    dev.Ports
}

func (c commands) dev() *cobra.Command {
	f := &devFlags{ports: dev.DefaultPorts()}
	cmd := &cobra.Command{
		Use: "dev", Short: "Run everything here, with a simulated site, and deploy a design",
		Long: "Run everything on this machine: the Temporal development server, a simulated site, a worker and the REST server.\n" +
			"Then deploy the whole site and show the progress. Stays up until Ctrl-C.\n\n" +
			"Takes no configuration, and connects to nothing that a variable names: it reaches only the simulated site.",
		Example: "  drydock dev\n  drydock dev --design site.yaml --exit --speed 120",
		Args:    cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.StringVar(&f.design, "design", "", "the design (`path`); default: the example that comes with drydock")
	fs.BoolVar(&f.exit, "exit", false, "end with the task; 0 only if every node is deployed")
	fs.StringVar(&f.data, "data", ".drydock", "directory for databases and logs")
	fs.BoolVar(&f.keepData, "keep-data", false, "keep the databases of the last run; the simulated machines are new all the same")
	given, _ := c.env("TEMPORAL_CLI")
	fs.StringVar(&f.cli, "temporal-cli", given, "the Temporal CLI (`path`); default: TEMPORAL_CLI, temporal on the path, bin/temporal")
	fs.Float64Var(&f.speed, "speed", 60, "simulated seconds per second")
	fs.Int64Var(&f.seed, "seed", 1, "makes the simulated machines repeatable")
	for _, p := range f.ports.All() {
		fs.IntVar(p.Number, p.Flag, *p.Number, "port of "+p.Name)
	}
	cmd.RunE = c.run(func(cmd *cobra.Command, _ []string) error { return c.runDev(cmd.Context(), f) })
	return cmd
}

func (c commands) runDev(ctx context.Context, f *devFlags) error {
	if c.state.config != "" {
		return usage(errors.New("--config: \"drydock dev\" takes no configuration, so that it reaches nothing but the simulated site"))
	}
	if !(f.speed > 0) { // also what is no number
		return usage(errors.New("--speed must be greater than 0"))
	}
	dir := f.data
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(c.Dir, dir)
	}
	path, err := c.devDesign(f.design, dir)
	if err != nil {
		return err
	}
	ref, err := designReference(c.Dir, path)
	if err != nil {
		return usage(err)
	}
	result, err := c.readDesign(ctx, path)
	if err != nil {
		return err
	}
	if faults := result.Messages.Errors(); len(faults) > 0 {
		return invalidDesign(faults)
	}
	if len(result.Site.Nodes) == 0 {
		return &failure{ExitInvalidDesign, fmt.Errorf("the design of site %s has no nodes", result.Site.Name)}
	}
	cli, err := dev.FindTemporal(ctx, f.cli, c.besideBinary("temporal"), filepath.Join(c.Dir, "bin", "temporal"))
	if err != nil {
		return usage(err)
	}
	return c.service(ctx, func(ctx context.Context) error {
		stack, err := dev.Start(ctx, dev.Options{
			Site: result.Site, Data: dir, KeepData: f.keepData, Temporal: cli, Ports: f.ports,
			Speed: f.speed, Seed: f.seed, Say: func(text string) { c.say("%s", text) },
		}, c.Stack)
		if errors.Is(err, context.Canceled) {
			return ended(ExitInterrupted)
		}
		if err != nil {
			return err
		}
		defer stack.Close()
		return c.deployOnStack(ctx, stack, result, ref, f.exit)
	})
}

// deployOnStack runs the main job, says where to look, and stays unless told to end.
func (c commands) deployOnStack(ctx context.Context, stack *dev.Stack, design validate.Result, ref string, exit bool) error {
	task, err := stack.Tasks().Start(ctx, workflows.DeploySite, workflows.Request{
		DesignRef: ref, AllNodes: true, RequestedBy: c.User, Reason: "drydock dev"})
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case failed = <-stack.Failed():
			stop()
		case <-watching.Done():
		}
	}()
	task, times, err := c.watch(watching, stack.Tasks(), task.ID)
	stop()
	<-watched
	switch {
	case failed != nil:
		return failed
	case err != nil && ctx.Err() != nil:
		return ended(ExitInterrupted)
	case err != nil:
		return err
	}
	width, _, _ := c.Terminal(c.Out)
	progress.Summary(c.Out, task, times, width)
	code := exitOfDev(task, len(design.Site.Nodes))
	if code != ExitDone {
		for _, log := range stack.Logs() {
			c.say("log: %s", log)
		}
	}
	for _, a := range stack.Addresses() {
		fmt.Fprintf(c.Out, "%-18s %s\n", a.Name, a.URL)
	}
	if exit {
		return ended(code)
	}
	c.say("try: TEMPORAL_ADDRESS=%s drydock task show %s", stack.TemporalAddress(), task.ID)
	c.say("all of it stays up until Ctrl-C")
	select {
	case err := <-stack.Failed():
		return err
	case <-ctx.Done():
		return nil
	}
}

// exitOfDev is stricter than the exit code of a task: a node that was skipped is not deployed.
func exitOfDev(t starter.Task, nodes int) int {
	code := exitOfTask(t)
	if code == ExitDone && len(t.Result.Successes) != nodes {
		return ExitPartial
	}
	return code
}

// devDesign is the path of the design to deploy. Where none is given, it is the example of the binary, written out so that
// the worker reads it like any other, and a person can look at it.
func (c commands) devDesign(given, dir string) (string, error) {
	if given != "" {
		if !isPath(given) {
			return "", usage(errors.New("--design: \"drydock dev\" takes the path of a file"))
		}
		return given, nil
	}
	if len(c.Example) == 0 {
		return "", usage(errors.New("this binary holds no example: give a design with --design"))
	}
	path := filepath.Join(dir, "example.yaml")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("write the example design: %w", err)
	}
	if err := os.WriteFile(path, c.Example, 0o600); err != nil {
		return "", fmt.Errorf("write the example design: %w", err)
	}
	return path, nil
}

// besideBinary is a file in the directory of the running binary, where "make" puts what it gets.
func (c commands) besideBinary(name string) string {
	self, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(self), name)
}
