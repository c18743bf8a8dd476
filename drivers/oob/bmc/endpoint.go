package bmc

import (
	"net"
	"strconv"

	"drydock/design"
	"drydock/drivers"
)

// Endpoints says where BMCs are reached.
type Endpoints struct {
	// Addresses maps the address that the design gives a BMC to the host:port where it is really reached, for BMCs behind
	// a forwarder or in a simulated site. An address that it does not hold is reached as it stands, on Port.
	Addresses map[string]string
	Port      int
}

// Endpoint is one BMC.
type Endpoint struct {
	Address string // as the design has it
	Host    string // where it is reached
	Port    int
}

// HostPort is where the BMC is reached; IPv6 addresses come in brackets.
func (e Endpoint) HostPort() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// key tells BMCs apart, whatever the protocol and its port.
func (e Endpoint) key() string { return e.Address + " " + e.Host }

// String names the BMC for people: the designed address, and where it is reached when that differs.
func (e Endpoint) String() string {
	if e.Host == e.Address {
		return e.HostPort()
	}
	return e.Address + " (reached at " + e.HostPort() + ")"
}

// Of finds the BMC of a call's node. A call without a node, or a node without a static address on its out-of-band
// network, is a Fault of class InvalidDesign.
func (e Endpoints) Of(node *design.Node) (Endpoint, error) {
	if node == nil {
		return Endpoint{}, Failf(drivers.InvalidDesign, "", "find the BMC: the call names no node")
	}
	address := node.BMCAddress()
	if address == "" {
		return Endpoint{}, Failf(drivers.InvalidDesign,
			"give the node a static address on that network in its addressing",
			"find the BMC: the node has no address on its out-of-band network %q", node.OOB.Network)
	}
	reached, mapped := e.Addresses[address]
	if !mapped {
		return Endpoint{Address: address, Host: address, Port: e.Port}, nil
	}
	host, text, err := net.SplitHostPort(reached)
	if err != nil { // a host alone is reached on the usual port
		return Endpoint{Address: address, Host: reached, Port: e.Port}, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return Endpoint{}, Failf(drivers.InvalidDesign, "correct the driver's table of addresses",
			"find the BMC: %q is no host:port for %s", reached, address)
	}
	return Endpoint{Address: address, Host: host, Port: int(port)}, nil
}
