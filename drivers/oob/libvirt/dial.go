package libvirt

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

func hostKeys(file string) (ssh.HostKeyCallback, error) { return knownhosts.New(file) }

// algorithms are those of the keys that are known of a host, so that it shows one of these; nil when none is known. The
// callback tells them when it is asked about a key that nobody has.
func algorithms(verify ssh.HostKeyCallback, address string) []string {
	nobody, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil
	}
	var known *knownhosts.KeyError
	if !errors.As(verify(address, &net.TCPAddr{}, nobody), &known) {
		return nil
	}
	var out []string
	for _, k := range known.Want {
		names := []string{k.Key.Type()}
		if names[0] == ssh.KeyAlgoRSA {
			names = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, name := range names {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// readKey reads a private key. Its errors quote nothing of it.
func readKey(file string) (ssh.Signer, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(raw)
}

// dial connects to the daemon of a node.
func (d *Driver) dial(ctx context.Context, u uri, oob design.OOB) (net.Conn, error) {
	dialer := net.Dialer{Timeout: d.config.ConnectTimeout}
	var made net.Conn
	var err error
	switch u.transport {
	case "unix":
		made, err = dialer.DialContext(ctx, "unix", u.socket)
	case "tcp":
		made, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.host, strconv.Itoa(u.port)))
	default:
		return d.dialSSH(ctx, dialer, u, oob)
	}
	if err != nil {
		return nil, unreachable(u, "connect", err)
	}
	return made, nil
}

// tunnel is a connection through ssh; closing it closes the ssh connection as well.
type tunnel struct {
	net.Conn
	client *ssh.Client
}

func (t tunnel) Close() error {
	_ = t.Conn.Close()
	return t.client.Close()
}

// dialSSH logs in by the configured key, then by the credential of the node, and connects to the daemon's socket there. The
// host has to be in the known hosts with the key that it shows.
func (d *Driver) dialSSH(ctx context.Context, dialer net.Dialer, u uri, oob design.OOB) (net.Conn, error) {
	if d.config.KnownHosts == "" {
		return nil, bmc.Failf(drivers.Conflict, "configure known_hosts with the key of the host", "connect to %s: there are no known hosts to verify it by", u)
	}
	verify, err := hostKeys(d.config.KnownHosts)
	if err != nil {
		return nil, bmc.Failf(drivers.Conflict, "correct the file of known hosts", "connect to %s: read known hosts: %w", u, err)
	}
	user := u.user
	if user == "" {
		user = oob.Account
	}
	address := net.JoinHostPort(u.host, strconv.Itoa(u.port))
	config := &ssh.ClientConfig{User: user, HostKeyAlgorithms: algorithms(verify, address)}
	var strange error
	config.HostKeyCallback = func(host string, remote net.Addr, key ssh.PublicKey) error {
		strange = verify(host, remote, key)
		return strange
	}
	if d.key != nil {
		config.Auth = append(config.Auth, ssh.PublicKeys(d.key))
	}
	if oob.Credential != "" {
		config.Auth = append(config.Auth, ssh.Password(oob.Credential.Reveal()))
	}
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, unreachable(u, "connect", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	shell, channels, requests, err := ssh.NewClientConn(raw, address, config)
	if err != nil {
		_ = raw.Close()
		return nil, loginFault(ctx, u, user, strange, err)
	}
	client := ssh.NewClient(shell, channels, requests)
	through, err := client.DialContext(ctx, "unix", u.socket)
	if err != nil {
		_ = client.Close()
		return nil, unreachable(u, "connect through ssh to the socket of libvirt", err)
	}
	return tunnel{through, client}, nil
}

// loginFault tells apart a host that is not the known one, a refused login, and silence.
func loginFault(ctx context.Context, u uri, user string, strange, err error) error {
	var key *knownhosts.KeyError
	switch {
	case errors.As(strange, &key) && len(key.Want) > 0:
		return bmc.Failf(drivers.Conflict, "check that it is the right host; when its key was changed on purpose, put the new one into the known hosts",
			"connect to %s: its host key is not the known one", u)
	case strange != nil:
		return bmc.Failf(drivers.Conflict, "put the key of the host into the known hosts, once compared", "connect to %s: %w", u, strange)
	case ctx.Err() != nil:
		return unreachable(u, "connect", ctx.Err())
	case strings.Contains(err.Error(), "unable to authenticate"): // the client has no error type for it
		return bmc.Failf(drivers.AuthFailed, "check the ssh key of the configuration, and account and credential of the node's oob section; they are not tried again",
			"log in by ssh as %s at %s: the host refuses", user, u)
	}
	return unreachable(u, "connect", err)
}

func unreachable(u uri, doing string, err error) *bmc.Fault {
	return bmc.Failf(drivers.Unreachable, "check that the hypervisor is up, that libvirt's daemon runs there, and that oob.libvirt_uri is right",
		"%s to %s: %w", doing, u, err)
}
