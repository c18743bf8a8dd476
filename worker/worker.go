// Package worker wires configuration, drivers, store, activities and workflows to a Temporal task queue. It is the one
// place that knows which drivers exist. It refuses to start with a configuration that names a driver that does not.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	sdkworker "go.temporal.io/sdk/worker"

	"drydock/activities"
	"drydock/design"
	"drydock/design/ingest"
	"drydock/design/state"
	"drydock/design/validate"
	"drydock/design/verify"
	"drydock/drivers"
	"drydock/starter"
	"drydock/starter/config"
	"drydock/workflows"
)

// stopTimeout is how long running activities may take to end when the worker stops; what has not ended then is taken up
// by another worker.
const stopTimeout = 30 * time.Second

// Worker carries out workflows and activities of one task queue.
type Worker struct {
	worker sdkworker.Worker
	store  *state.Store
	chosen *chosen
	log    *slog.Logger
	fatal  chan error
}

// New wires a worker that shows as the given build in Temporal. It opens the store, and registers the search attributes where the server lacks them.
func New(ctx context.Context, c *starter.Client, cfg config.Config, build string, log *slog.Logger) (*Worker, error) {
	if err := cfg.CheckWorker(); err != nil {
		return nil, err
	}
	chosen, err := newDrivers(cfg.Drivers, cfg.Design.Limits)
	if err != nil {
		return nil, err
	}
	if err := registerSearchAttributes(ctx, c.Temporal(), c.Namespace()); err != nil {
		return nil, err
	}
	store, err := state.Open(ctx, cfg.State.DSN.Reveal())
	if err != nil {
		return nil, err
	}
	w := &Worker{store: store, chosen: chosen, log: log, fatal: make(chan error, 1)}
	w.worker = sdkworker.New(c.Temporal(), c.Queue(), sdkworker.Options{
		MaxConcurrentActivityExecutionSize: cfg.Worker.MaxActivities,
		WorkerStopTimeout:                  stopTimeout,
		DisableRegistrationAliasing:        true,
		// It stands in every event: the version, and not the checksum of the binary, which is long and says nothing.
		BuildID: build,
		// So does this; a full host name would stand there a hundred times.
		Identity: identity(),
		// After a worker was killed, its workflows wait this long for it once before another takes them.
		StickyScheduleToStartTimeout: 2 * time.Second,
		OnFatalError:                 func(err error) { w.fatal <- err },
	})
	workflows.Register(w.worker)
	kept, limits := keeper{store}, cfg.Design.Limits
	all := &activities.Activities{
		Store: kept, Drivers: chosen, Log: log, Waivers: waivers(cfg.Verify), Limits: limits.Design(),
		Load: Loader(ingest.Reader{
			HTTP: &http.Client{Timeout: time.Minute}, Designs: kept, Missing: state.ErrNotFound, Limit: int64(limits.SourceBytes),
		}, limits.Design()),
	}
	all.Register(named{w.worker})
	return w, nil
}

// Run works until the context ends, then lets running activities end.
func (w *Worker) Run(ctx context.Context) error {
	defer w.store.Close()
	defer func() { // after the last activity has ended
		if err := w.chosen.Close(); err != nil {
			w.log.Warn("sessions may be left behind", "error", err)
		}
	}()
	if err := w.worker.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer w.worker.Stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-w.fatal:
		return fmt.Errorf("the worker can't go on: %w", err)
	}
}

func waivers(c config.Verify) []verify.Waiver {
	var out []verify.Waiver
	for _, w := range c.Waivers {
		out = append(out, verify.Waiver{Nodes: w.Nodes, Checks: w.Checks, Reason: w.Reason})
	}
	return out
}

// Loader reads, compiles and checks designs within limits.
func Loader(reader ingest.Reader, limits design.Limits) activities.Load {
	return func(ctx context.Context, ref string) (validate.Result, error) {
		sources, err := reader.Read(ctx, ref)
		if err != nil {
			return validate.Result{}, err
		}
		return validate.LoadWithin(limits, sources...), nil
	}
}

// identity names this worker process to people: its number, and the first letters of its host's name.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host, _, _ = strings.Cut(host, ".")
	return fmt.Sprintf("%d@%s", os.Getpid(), host[:min(len(host), 16)])
}

// named registers activities by name.
type named struct{ worker sdkworker.Worker }

func (n named) RegisterActivity(name string, fn any) {
	n.worker.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
}

// keeper is the store as activities want it.
type keeper struct{ *state.Store }

func (k keeper) Holder(ctx context.Context, site string) (string, bool, error) {
	lock, held, err := k.Store.Holder(ctx, site)
	return lock.Task, held, err
}

func (k keeper) Journal(workflowID, runID, activityID string) drivers.Journal {
	return k.Store.Journal(workflowID, runID, activityID)
}
