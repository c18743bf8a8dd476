package ipmi

import (
	"encoding/binary"
	"maps"
	"net"
	"sync"
	"time"

	"drydock/simulator/world"
)

// gate is the socket of a controller, through which nothing passes while the controller is silent.
type gate struct {
	socket  *net.UDPConn
	machine *world.Machine
	before  func()               // called before a packet is handed on
	open    func(id uint32) bool // reports whether a session is open

	mu   sync.Mutex
	deaf time.Time // until when
	lose bool      // the next packet that is sent
	seen map[uint32]struct{}
}

// seenLimit is when ids of sessions that have ended are forgotten; a controller has four sessions.
const seenLimit = 64

// hears reports whether packets that come in reach the controller.
func (g *gate) hears() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !time.Now().Before(g.deaf) && !g.machine.HasFault(world.FaultBMCSilent)
}

func (g *gate) loseNext() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lose = true
}

func (g *gate) deafFor(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deaf = time.Now().Add(d)
}

// ReadFrom returns the next packet that the controller hears.
func (g *gate) ReadFrom(buf []byte) (int, net.Addr, error) {
	for {
		n, from, err := g.socket.ReadFromUDP(buf)
		if err != nil {
			return 0, nil, err
		}
		if !g.hears() {
			continue
		}
		g.before()
		g.remember(buf[:n])
		return n, from, nil
	}
}

// WriteTo sends a packet, unless the controller has become silent since it was asked. A reset is still acknowledged.
func (g *gate) WriteTo(data []byte, to net.Addr) (int, error) {
	g.mu.Lock()
	lost := g.lose
	g.lose = false
	g.mu.Unlock()
	if lost || g.machine.HasFault(world.FaultBMCSilent) {
		return len(data), nil
	}
	return g.socket.WriteTo(data, to)
}

// Close closes the socket.
func (g *gate) Close() error { return g.socket.Close() }

// LocalAddr is the address of the socket.
func (g *gate) LocalAddr() net.Addr { return g.socket.LocalAddr() }

// remember notes the session of an RMCP+ packet: RMCP header (4 bytes), authentication type 06h, payload type, session id
// (4 bytes, least significant first; IPMI 2.0 table 13-8).
func (g *gate) remember(packet []byte) {
	if len(packet) < 10 || packet[3]&0x1f != 0x07 || packet[4] != 0x06 || packet[5]&0x3f == 0x02 {
		return
	}
	id := binary.LittleEndian.Uint32(packet[6:10])
	if id == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil {
		g.seen = map[uint32]struct{}{}
	}
	if len(g.seen) >= seenLimit {
		maps.DeleteFunc(g.seen, func(id uint32, _ struct{}) bool { return !g.open(id) })
	}
	g.seen[id] = struct{}{}
}

// sessions returns the ids of the sessions that are open and have been used.
func (g *gate) sessions() []uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []uint32
	for id := range g.seen {
		if g.open(id) {
			out = append(out, id)
		}
	}
	return out
}
