package dev

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Ports of the loopback interface.
type Ports struct {
	Temporal, UI, REST, MAAS, Control int
}

// DefaultPorts are those that people know: Temporal's own, and MAAS's.
func DefaultPorts() Ports {
	return Ports{Temporal: 7233, UI: 8233, REST: 9000, MAAS: 5240, Control: 5250}
}

// Port is one of the ports, with the flag that chooses it.
type Port struct {
	Name   string
	Flag   string
	Number *int
}

// All lists the ports, to make flags of them and to check them.
func (p *Ports) All() []Port {
	return []Port{
		{"Temporal", "port-temporal", &p.Temporal},
		{"the Temporal UI", "port-ui", &p.UI},
		{"the REST API", "port-rest", &p.REST},
		{"the simulated MAAS", "port-maas", &p.MAAS},
		{"the simulator's control API", "port-control", &p.Control},
	}
}

// check tells all ports at once that can't be had.
func (p Ports) check() error {
	var mistakes []error
	users := map[int]string{}
	for _, port := range p.All() {
		n := *port.Number
		advice := fmt.Sprintf("choose another with --%s", port.Flag)
		switch other, twice := users[n]; {
		case n < 1 || n > 65535:
			mistakes = append(mistakes, fmt.Errorf("port %d for %s is no port: %s", n, port.Name, advice))
			continue
		case twice:
			mistakes = append(mistakes, fmt.Errorf("port %d is meant for %s and for %s: %s", n, other, port.Name, advice))
			continue
		}
		users[n] = port.Name
		if err := free(n); err != nil {
			mistakes = append(mistakes, fmt.Errorf("port %d for %s %w: %s", n, port.Name, err, advice))
		}
	}
	return errors.Join(mistakes...)
}

func free(port int) error {
	listener, err := net.Listen("tcp", address(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return errors.New("is taken")
	case errors.Is(err, syscall.EACCES):
		return errors.New("is not allowed to this user")
	case err != nil:
		return errors.New("can't be listened at")
	}
	return listener.Close()
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
