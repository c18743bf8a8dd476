package ipmitest

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers/conformance"
)

// Network stands between clients and a BMC, and does to every datagram what the test wants.
type Network struct {
	Address string // where clients reach the BMC

	bmc    string
	client net.PacketConn

	mu    sync.Mutex
	fate  Fate
	forge func([]byte) [][]byte
	ways  map[string]net.Conn // to the BMC, by the client's address: the BMC sees each client
	rakp1 int
	done  bool
}

// Fate says what becomes of a datagram: after how long each of its copies arrives. None: it is lost. It is asked for one
// datagram at a time.
type Fate func(toBMC bool, datagram []byte) []time.Duration

// NewNetwork makes one that delivers everything once and at once until it is told otherwise.
func NewNetwork(t *testing.T, bmc string) *Network {
	t.Helper()
	client, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &Network{Address: client.LocalAddr().String(), bmc: bmc, client: client, ways: map[string]net.Conn{}}
	t.Cleanup(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.done = true
		_ = client.Close()
		for _, way := range n.ways {
			_ = way.Close()
		}
	})
	go n.forward()
	return n
}

// Do sets the fate of datagrams from now on; nil: all arrive.
func (n *Network) Do(f Fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fate = f
}

// Logins is how many RAKP messages 1, which name an account, clients have sent.
func (n *Network) Logins() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rakp1
}

// LoseOnce loses the first answer for which lose returns true.
func (n *Network) LoseOnce(lose func() bool) {
	lost := false
	n.Do(func(toBMC bool, _ []byte) []time.Duration {
		if !toBMC && !lost && lose() {
			lost = true
			return nil
		}
		return once
	})
}

// Forge sends, ahead of every answer of the BMC, what f makes of it.
func (n *Network) Forge(f func(answer []byte) [][]byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forge = f
}

// Target lets a target lose answers and count logins, which its BMC can't.
func (n *Network) Target(o conformance.OOBTarget) conformance.OOBTarget {
	o.Logins = n.Logins
	o.LoseNextAnswer = func() {
		starts, on := o.Starts(), o.Power()
		n.LoseOnce(func() bool { return o.Starts() != starts || o.Power() != on })
	}
	return o
}

var once = []time.Duration{0}

// Rough is a network that loses and doubles datagrams with the given probabilities, and delays each for up to a time. The same
// seed gives the same fates, as far as the order of datagrams is the same.
func Rough(seed uint64, loss, doubles float64, delay time.Duration) Fate {
	random := rand.New(rand.NewPCG(seed, seed))
	return func(bool, []byte) []time.Duration {
		if random.Float64() < loss {
			return nil
		}
		copies := []time.Duration{time.Duration(random.Int64N(int64(delay)))}
		if random.Float64() < doubles {
			copies = append(copies, copies[0]+time.Duration(random.Int64N(int64(delay))))
		}
		return copies
	}
}

func (n *Network) forward() {
	buf := make([]byte, 4096)
	for {
		size, from, err := n.client.ReadFrom(buf)
		if err != nil {
			return
		}
		datagram := append([]byte(nil), buf[:size]...)
		if kind, ok := payloadOf(datagram); ok && kind == payloadRAKP1 {
			n.mu.Lock()
			n.rakp1++
			n.mu.Unlock()
		}
		way, err := n.way(from)
		if err != nil {
			return
		}
		n.deliver(true, datagram, func() { _, _ = way.Write(datagram) })
	}
}

// way is the socket to the BMC for a client, whose answers it brings back.
func (n *Network) way(client net.Addr) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if way := n.ways[client.String()]; way != nil || n.done {
		return way, nil
	}
	way, err := net.Dial("udp", n.bmc)
	if err != nil {
		return nil, err
	}
	n.ways[client.String()] = way
	go func() {
		buf := make([]byte, 4096)
		for {
			size, err := way.Read(buf)
			if err != nil {
				return
			}
			datagram := append([]byte(nil), buf[:size]...)
			n.mu.Lock()
			forge := n.forge
			n.mu.Unlock()
			if forge != nil {
				for _, f := range forge(datagram) {
					_, _ = n.client.WriteTo(f, client)
				}
			}
			n.deliver(false, datagram, func() { _, _ = n.client.WriteTo(datagram, client) })
		}
	}()
	return way, nil
}

func (n *Network) deliver(toBMC bool, datagram []byte, send func()) {
	n.mu.Lock()
	fate := n.fate
	copies := once
	if fate != nil {
		copies = fate(toBMC, datagram)
	}
	n.mu.Unlock()
	for _, after := range copies {
		if after <= 0 {
			send()
			continue
		}
		time.AfterFunc(after, send)
	}
}
