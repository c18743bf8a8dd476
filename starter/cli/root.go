package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drydock/starter/config"
)

// runState is what is known after a command line was run.
type runState struct {
	started bool // the command line was understood, and the command began
	config  string
}

func (a *App) root() (*cobra.Command, *runState) {
	state := &runState{}
	root := &cobra.Command{
		Use:   "drydock",
		Short: "Turn site designs into running machines",
		Long: "Drydock turns a declarative site design into deployed machines, by durable workflows.\n\n" +
			"Temporal is found as its own tools find it: TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_TLS and so on.",
		Example:       "  drydock dev\n  drydock task run deploy-nodes --design site.yaml --rack r1",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          group,
	}
	root.PersistentFlags().StringVar(&state.config, "config", "", "configuration `file`; default: the one that DRYDOCK_CONFIG names")
	root.CompletionOptions.HiddenDefaultCmd = true
	c := commands{App: a, state: state}
	root.AddCommand(c.dev(), c.worker(), c.server(), c.sim(), c.design(), c.task(), c.node(), c.version(), c.exitCodes())
	return root, state
}

// commands builds the commands of an App.
type commands struct {
	*App
	state *runState
}

// run marks that the command line was understood.
func (c commands) run(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c.state.started = true
		return f(cmd, args)
	}
}

// load reads the configuration.
func (c commands) load() (config.Config, error) { return config.Load(c.state.config, c.Environ) }

// limits are those that designs are read within.
func (c commands) limits() (config.Limits, error) {
	cfg, err := config.LoadWithoutSecrets(c.state.config, c.Environ)
	return cfg.Design.Limits, err
}

// group is a command that only holds others: alone it is a mistake, because a script would take the help for success.
func group(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("%s: say what to do: %s", cmd.CommandPath(), strings.Join(names, ", "))
}

// noun makes a command that holds others.
func noun(use, short, example string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, RunE: group, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("unknown command %q for %s", args[0], cmd.CommandPath())
		}
		return nil
	}}
	cmd.AddCommand(verbs...)
	return cmd
}

func (c commands) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of the binary", Example: "  drydock version", Args: cobra.NoArgs,
		RunE: c.run(func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.Out, "drydock "+c.Version)
			return err
		}),
	}
}

// exitCodes is a help topic: cobra lists a command that can't be run as one.
func (c commands) exitCodes() *cobra.Command {
	var b strings.Builder
	b.WriteString("Exit codes of all commands:\n\n")
	for _, m := range exitMeanings {
		fmt.Fprintf(&b, "  %3d  %s\n", m.code, m.means)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: strings.TrimRight(b.String(), "\n")}
}
