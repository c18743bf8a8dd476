package bmc

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
)

// redfishController is a Redfish service on a listener of its own.
type redfishController struct {
	*redfish.Service
	listener net.Listener
	server   *http.Server
	pem      []byte
	done     sync.WaitGroup
}

func listenRedfish(m *world.Machine, q redfish.Quirks, log *slog.Logger) (*redfishController, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start redfish bmc of %s: %w", m.Name(), err)
	}
	certificate, pem, err := selfSigned(m, listener.Addr())
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("start redfish bmc of %s: %w", m.Name(), err)
	}
	c := &redfishController{Service: redfish.New(m, q), listener: listener, pem: pem}
	c.server = &http.Server{
		Handler:           c.Service,
		ReadHeaderTimeout: time.Minute,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(log.With("machine", m.Name()).Handler(), slog.LevelDebug),
	}
	secured := tls.NewListener(&gateListener{Listener: listener, machine: m}, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"}, // no BMC speaks HTTP/2
	})
	c.done.Go(func() {
		if err := c.server.Serve(secured); !errors.Is(err, http.ErrServerClosed) {
			log.Error("redfish service ended", "machine", m.Name(), "error", err)
		}
	})
	return c, nil
}

// Address is host and port where the service listens.
func (c *redfishController) Address() string { return c.listener.Addr().String() }

// Close stops the service at once.
func (c *redfishController) Close() error {
	err := c.server.Close()
	c.done.Wait()
	return err
}

// gateListener accepts connections through which nothing passes while the BMC is silent.
type gateListener struct {
	net.Listener
	machine *world.Machine
}

// Accept waits for a connection. A silent BMC's network chip still completes the handshake of TCP.
func (l *gateListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &gateConn{Conn: conn, machine: l.machine}, nil
}

// gateConn swallows what is sent while the BMC is silent. A connection that has lost bytes is broken for good.
type gateConn struct {
	net.Conn
	machine *world.Machine
	mu      sync.Mutex
	lossy   bool
}

var errLost = errors.New("the connection lost data while the bmc was silent")

// swallows reports whether bytes are to vanish now; it fails when earlier ones have.
func (c *gateConn) swallows() (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machine.HasFault(world.FaultBMCSilent) {
		c.lossy = true
		return true, nil
	}
	if c.lossy {
		return false, errLost
	}
	return false, nil
}

// Read returns the next bytes that the BMC hears.
func (c *gateConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil {
			return n, err
		}
		swallow, err := c.swallows()
		if err != nil {
			return 0, err
		}
		if !swallow {
			return n, nil
		}
	}
}

// Write sends bytes, or pretends to.
func (c *gateConn) Write(b []byte) (int, error) {
	swallow, err := c.swallows()
	switch {
	case err != nil:
		return 0, err
	case swallow:
		return len(b), nil
	}
	return c.Conn.Write(b)
}
