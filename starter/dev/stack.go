package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"drydock/design"
	"drydock/starter"
	"drydock/starter/config"
)

// Options of a stack.
type Options struct {
	// Site is what is simulated.
	Site *design.Site
	// Data is the directory for databases and logs.
	Data string
	// KeepData keeps the databases of an earlier run. The simulated machines are new all the same.
	KeepData bool
	// Temporal is the path of the Temporal CLI.
	Temporal string
	Ports    Ports
	Speed    float64 // simulated seconds per second
	Seed     int64
	// Say is told what is being done; nil: nobody is.
	Say func(text string)
}

// Parts is what a stack is made of, besides the Temporal server.
type Parts struct {
	// Connect connects to a Temporal server at an address, whatever the environment says.
	Connect func(ctx context.Context, address, queue string, log *slog.Logger) (Connection, error)
	// Simulate starts a simulated site.
	Simulate func(ctx context.Context, site *design.Site, o SimulatorOptions) (Simulator, error)
}

// Connection is a connection to Temporal and what runs on it. Work and Serve return when the context ends.
type Connection interface {
	Tasks() starter.Starter
	Work(ctx context.Context, cfg config.Config, log *slog.Logger) error
	Serve(ctx context.Context, cfg config.Config, log *slog.Logger) error
	Close()
}

// SimulatorOptions of a simulated site. An empty address is a free port of the loopback interface, an empty version the one
// that the recordings are of.
type SimulatorOptions struct {
	MAASAddr, ControlAddr string
	MAASVersion           string
	Seed                  int64
	Speed                 float64
	Log                   *slog.Logger
}

// Simulator is a running simulated site.
type Simulator interface {
	MAASURL() string
	APIKey() string
	ControlURL() string
	BMCAddresses() map[string]string
	BMCCertificates() map[string][]byte
	Close() error
}

// Stack is all that runs.
type Stack struct {
	options Options
	data    *data

	temporal   *process
	connection Connection
	simulator  Simulator
	config     config.Config

	services context.CancelFunc
	running  int        // services that have not ended
	ended    chan error // one per service
	failed   chan error
}

// Start starts everything; on an error nothing is left running, and the error names the log to look at.
func Start(ctx context.Context, o Options, p Parts) (*Stack, error) {
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Speed <= 0 {
		return nil, errors.New("the speed must be greater than 0")
	}
	if err := o.Ports.check(); err != nil {
		return nil, err
	}
	d, err := openData(o.Data, o.KeepData)
	if err != nil {
		return nil, err
	}
	s := &Stack{options: o, data: d, ended: make(chan error, 2), failed: make(chan error, 3)}
	if err := s.start(ctx, p); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, p Parts) error {
	o := s.options
	file, err := s.data.log(drydockLog)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelInfo}))

	o.Say("starting Temporal at " + address(o.Ports.Temporal))
	if s.temporal, err = startTemporal(o.Temporal, s.data, o.Ports); err != nil {
		return err
	}
	if s.connection, err = s.connect(ctx, p, log); err != nil {
		return err
	}
	o.Say(fmt.Sprintf("starting the simulated site %s with %d nodes", o.Site.Name, len(o.Site.Nodes)))
	if s.simulator, err = p.Simulate(ctx, o.Site, SimulatorOptions{
		MAASAddr: address(o.Ports.MAAS), ControlAddr: address(o.Ports.Control), Seed: o.Seed, Speed: o.Speed, Log: log,
	}); err != nil {
		return err
	}
	s.config = s.configuration()

	o.Say("starting the worker and the REST server")
	running, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it ends with Close, in order
	s.services = cancel
	for name, service := range map[string]func(context.Context, config.Config, *slog.Logger) error{
		"worker": s.connection.Work, "REST server": s.connection.Serve,
	} {
		s.running++
		go func() {
			err := service(running, s.config, log)
			if running.Err() == nil {
				s.failed <- s.ending(name, err)
			}
			s.ended <- err
		}()
	}
	go func() {
		<-s.temporal.done
		if running.Err() == nil {
			s.failed <- fmt.Errorf("the Temporal development server ended: see %s", s.data.file(temporalLog))
		}
	}()
	return nil
}

func (s *Stack) ending(name string, err error) error {
	if err == nil {
		err = errors.New("for no known reason")
	}
	return fmt.Errorf("the %s ended: %w: see %s", name, err, s.data.file(drydockLog))
}

// startTime is how long the Temporal server may take to answer.
const startTime = 90 * time.Second

func (s *Stack) connect(ctx context.Context, p Parts, log *slog.Logger) (Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	where := address(s.options.Ports.Temporal)
	for {
		connection, err := p.Connect(ctx, where, config.Default().TaskQueue, log)
		if err == nil {
			return connection, nil
		}
		select {
		case <-s.temporal.done:
			return nil, fmt.Errorf("the Temporal development server ended at its start: see %s", s.data.file(temporalLog))
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("the Temporal development server at %s did not answer within %s: see %s",
				where, startTime, s.data.file(temporalLog))
		case <-again.C:
		}
	}
}

// Tasks starts and watches tasks.
func (s *Stack) Tasks() starter.Starter { return s.connection.Tasks() }

// Failed tells of a part that ended although nobody asked it to.
func (s *Stack) Failed() <-chan error { return s.failed }

// Config is the configuration of the worker and the REST server.
func (s *Stack) Config() config.Config { return s.config }

// Logs are the log files.
func (s *Stack) Logs() []string { return []string{s.data.file(drydockLog), s.data.file(temporalLog)} }

// TemporalAddress is where the Temporal server listens, as TEMPORAL_ADDRESS wants it.
func (s *Stack) TemporalAddress() string { return address(s.options.Ports.Temporal) }

// Address is where one of the parts is looked at.
type Address struct{ Name, URL string }

// Addresses are where to look.
func (s *Stack) Addresses() []Address {
	p := s.options.Ports
	return []Address{
		{"Temporal UI", "http://" + address(p.UI) + "/namespaces/default/workflows"},
		{"Temporal", s.TemporalAddress()},
		{"REST API", "http://" + address(p.REST) + "/api/v1.0/tasks"},
		{"simulated MAAS", s.simulator.MAASURL()},
		{"simulator control", s.simulator.ControlURL()},
	}
}

// Close stops everything in order: the worker first, so that nothing is left half done that could be ended; the server
// that remembers last.
func (s *Stack) Close() {
	if s.services != nil {
		s.services()
		for ; s.running > 0; s.running-- {
			<-s.ended
		}
	}
	if s.connection != nil {
		s.connection.Close()
	}
	if s.simulator != nil {
		_ = s.simulator.Close()
	}
	if s.temporal != nil {
		s.temporal.stop(10 * time.Second)
	}
	s.data.close()
}
