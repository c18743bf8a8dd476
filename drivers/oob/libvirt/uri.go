package libvirt

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// defaultSocket is where libvirtd, or the daemon of one hypervisor, listens.
const defaultSocket = "/var/run/libvirt/libvirt-sock"

// uri is a place where a libvirt daemon is reached, and the hypervisor there.
type uri struct {
	transport string // ssh, tcp or unix
	user      string
	host      string
	port      int
	socket    string // for ssh and unix
	driver    string // such as qemu:///system
}

// String names the hypervisor for people.
func (u uri) String() string {
	switch u.transport {
	case "unix":
		return u.driver + " at " + u.socket
	case "tcp":
		return u.driver + " at " + bmc.Endpoint{Host: u.host, Address: u.host, Port: u.port}.String()
	}
	return u.driver + " by ssh at " + bmc.Endpoint{Host: u.host, Address: u.host, Port: u.port}.String()
}

// parseURI reads a connection URI as libvirt writes it, such as qemu+ssh://lab@hypervisor/system. Of libvirt's parameters it
// takes "socket"; one that would weaken a check, such as no_verify, is an error like every other. Errors don't quote the
// URI, which may hold a password.
func parseURI(text string) (uri, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return uri{}, errors.New("is no URI")
	}
	if _, set := parsed.User.Password(); set {
		return uri{}, errors.New("holds a password, which belongs into the credential of the oob section")
	}
	hypervisor, transport, _ := strings.Cut(parsed.Scheme, "+")
	u := uri{transport: transport, user: parsed.User.Username(), host: parsed.Hostname(), driver: hypervisor + "://" + parsed.Path}
	if !slices.Contains([]string{"qemu", "test"}, hypervisor) || !slices.Contains([]string{"ssh", "tcp", "unix"}, transport) {
		return uri{}, errors.New("has none of the schemes qemu+ssh, qemu+tcp, qemu+unix")
	}
	for name, values := range parsed.Query() {
		if name != "socket" || transport == "tcp" {
			return uri{}, errors.New("has the parameter " + strconv.Quote(name) + ", which is not used here")
		}
		u.socket = values[0]
	}
	switch {
	case transport == "unix" && parsed.Host != "", transport != "unix" && u.host == "":
		return uri{}, errors.New("names a host exactly where the scheme needs none, or none where it does")
	case parsed.Path == "" || parsed.Path == "/":
		return uri{}, errors.New("has no path, such as /system")
	}
	if u.socket == "" {
		u.socket = defaultSocket
	}
	u.port = map[string]int{"ssh": 22, "tcp": 16509}[transport]
	if text := parsed.Port(); text != "" {
		if u.port, err = strconv.Atoi(text); err != nil || u.port < 1 || u.port > 65535 {
			return uri{}, errors.New("has a port that is none")
		}
	}
	return u, nil
}

// uriOf finds the hypervisor of a node: as configured, else as designed.
func (d *Driver) uriOf(node *design.Node) (uri, error) {
	if node == nil {
		return uri{}, bmc.Failf(drivers.InvalidDesign, "", "find the hypervisor: the call names no node")
	}
	text, advice := d.config.URIs[node.Name], "correct the node's URI in the driver's configuration"
	if text == "" {
		text, advice = node.OOB.LibvirtURI, "give the node an oob.libvirt_uri such as qemu+ssh://lab@hypervisor/system"
	}
	if text == "" {
		return uri{}, bmc.Failf(drivers.InvalidDesign, advice, "find the hypervisor: the node has no libvirt_uri")
	}
	u, err := parseURI(text)
	if err != nil {
		return uri{}, bmc.Failf(drivers.InvalidDesign, advice, "find the hypervisor: the node's libvirt_uri %w", err)
	}
	return u, nil
}
