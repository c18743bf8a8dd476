package cli

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"drydock/starter/dev"
)

func (c commands) worker() *cobra.Command {
	return &cobra.Command{
		Use: "worker", Short: "Run a worker: it carries out tasks",
		Example: "  drydock worker --config /etc/drydock.yaml", Args: cobra.NoArgs,
		RunE: c.run(func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			if err := cfg.CheckWorker(); err != nil {
				return err
			}
			return c.service(cmd.Context(), func(ctx context.Context) error { return c.Work(ctx, cfg, c.logger()) })
		}),
	}
}

func (c commands) server() *cobra.Command {
	return &cobra.Command{
		Use: "server", Short: "Run the REST API",
		Example: "  DRYDOCK_SERVER__LISTEN=127.0.0.1:9000 drydock server", Args: cobra.NoArgs,
		RunE: c.run(func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			return c.service(cmd.Context(), func(ctx context.Context) error { return c.Serve(ctx, cfg, c.logger()) })
		}),
	}
}

// simulated is where a simulated site is reached, as data: what to write into the configuration of a worker.
type simulated struct {
	Site       string            `json:"site"`
	Nodes      int               `json:"nodes"`
	MAASURL    string            `json:"maas_url"`
	MAASAPIKey string            `json:"maas_api_key"`
	ControlURL string            `json:"control_url"`
	BMCs       map[string]string `json:"bmc_addresses"`
}

func (c commands) sim() *cobra.Command {
	o := dev.SimulatorOptions{}
	var design string
	cmd := &cobra.Command{
		Use: "sim --design PATH", Short: "Run a simulated site alone: MAAS and BMCs",
		Example: "  drydock sim --design site.yaml --speed 60", Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.StringVar(&design, "design", "", "the design whose machines are simulated (`path`)")
	_ = cmd.MarkFlagRequired("design")
	fs.StringVar(&o.MAASAddr, "maas", "127.0.0.1:5240", "where MAAS listens (`host:port`)")
	fs.StringVar(&o.MAASVersion, "maas-version", "", "which MAAS is played, `3.3` to 3.7; by default 3.4.10 as it was recorded")
	fs.StringVar(&o.ControlAddr, "control", "127.0.0.1:5250", "where the control API listens (`host:port`)")
	fs.Int64Var(&o.Seed, "seed", 1, "makes the simulated machines repeatable")
	fs.Float64Var(&o.Speed, "speed", 1, "simulated seconds per second")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, _ []string) error {
		result, err := c.readDesign(cmd.Context(), design)
		if err != nil {
			return err
		}
		if faults := result.Messages.Errors(); len(faults) > 0 {
			return invalidDesign(faults)
		}
		o.Log = slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
		return c.service(cmd.Context(), func(ctx context.Context) error {
			sim, err := c.Simulate(ctx, result.Site, o)
			if err != nil {
				return err
			}
			defer sim.Close()
			if err := c.printSimulated(out, simulated{
				Site: result.Site.Name, Nodes: len(result.Site.Nodes),
				MAASURL: sim.MAASURL(), MAASAPIKey: sim.APIKey(), ControlURL: sim.ControlURL(), BMCs: sim.BMCAddresses(),
			}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
	})
	return cmd
}

// printSimulated tells where the site is. Its MAAS key is told, too: it opens nothing but the simulator.
func (c commands) printSimulated(out *format, s simulated) error {
	if out.value == "json" {
		return printJSON(c.Out, s)
	}
	fmt.Fprintf(c.Out, "site          %s, %s\n", s.Site, count(s.Nodes, "node"))
	fmt.Fprintf(c.Out, "MAAS          %s\nMAAS API key  %s\ncontrol       %s\n", s.MAASURL, s.MAASAPIKey, s.ControlURL)
	for _, bmc := range slices.Sorted(maps.Keys(s.BMCs)) {
		fmt.Fprintf(c.Out, "BMC %-15s at %s\n", bmc, s.BMCs[bmc])
	}
	_, err := fmt.Fprintln(c.Out, "runs until Ctrl-C")
	return err
}
