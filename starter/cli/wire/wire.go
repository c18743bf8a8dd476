// Package wire puts the pieces of Drydock together behind the command line. It is the one package that knows them all,
// and decides nothing.
package wire

import (
	"context"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"drydock/design"
	"drydock/simulator"
	"drydock/simulator/maas"
	"drydock/starter"
	"drydock/starter/cli"
	"drydock/starter/config"
	"drydock/starter/dev"
	"drydock/worker"
	"drydock/worker/telemetry"
)

// Parts are the real parts, for a binary of the given version.
func Parts(version string) cli.Parts {
	connect := func(ctx context.Context, cfg config.Config, logger *slog.Logger, more ...func(*client.Options) error) (connection, error) {
		c, err := starter.Connect(ctx, cfg.TaskQueue, logger, more...)
		return connection{c, version}, err
	}
	// service connects, and sends out what the service measures until it ends.
	service := func(name string, run func(connection, context.Context, config.Config, *slog.Logger) error) func(context.Context, config.Config, *slog.Logger) error {
		return func(ctx context.Context, cfg config.Config, logger *slog.Logger) error {
			sent, err := telemetry.Start(ctx, "drydock-"+name, version)
			if err != nil {
				return err
			}
			defer func() {
				bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
				defer cancel()
				if err := sent.Close(bounded); err != nil {
					logger.Warn("the last metrics or traces were not sent", "error", err)
				}
			}()
			c, err := connect(ctx, cfg, logger, sent.Temporal)
			if err != nil {
				return err
			}
			defer c.Close()
			return run(c, ctx, cfg, logger)
		}
	}
	return cli.Parts{
		Connect: func(ctx context.Context, cfg config.Config, logger *slog.Logger) (starter.Starter, func(), error) {
			c, err := connect(ctx, cfg, logger)
			if err != nil {
				return nil, nil, err
			}
			return c.Tasks(), c.Close, nil
		},
		Work:     service("worker", connection.Work),
		Serve:    service("server", connection.Serve),
		Images:   worker.Images,
		Simulate: simulate,
		Stack: dev.Parts{
			Simulate: simulate,
			Connect: func(ctx context.Context, address, queue string, logger *slog.Logger) (dev.Connection, error) {
				// Not by the environment: a variable that names a production server must not lead there.
				c, err := client.DialContext(ctx, client.Options{
					HostPort: address, Namespace: client.DefaultNamespace, Logger: log.NewStructuredLogger(logger)})
				if err != nil {
					return nil, err
				}
				return connection{starter.New(c, client.DefaultNamespace, queue), version}, nil
			},
		},
	}
}

func simulate(ctx context.Context, site *design.Site, o dev.SimulatorOptions) (dev.Simulator, error) {
	version, err := maas.ParseVersion(o.MAASVersion)
	if err != nil {
		return nil, err
	}
	s, err := simulator.Start(ctx, site, simulator.Options{MAASAddr: o.MAASAddr, ControlAddr: o.ControlAddr, Seed: o.Seed,
		Speed: o.Speed, Log: o.Log, MAAS: maas.Options{Version: version}})
	if err != nil {
		return nil, err // not s: a nil of its type is not nil as an interface
	}
	return s, nil
}

// connection is a connection to Temporal and what runs on it.
type connection struct {
	client  *starter.Client
	version string
}

func (c connection) Tasks() starter.Starter { return c.client }
func (c connection) Close()                 { c.client.Close() }

// Work runs a worker until the context ends.
func (c connection) Work(ctx context.Context, cfg config.Config, logger *slog.Logger) error {
	w, err := worker.New(ctx, c.client, cfg, c.version, logger)
	if err != nil {
		return err
	}
	logger.Info("worker started", "task_queue", cfg.TaskQueue)
	return w.Run(ctx)
}
