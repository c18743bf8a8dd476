package ipmitest

import (
	"net"
	"sync"

	"github.com/bougou/go-ipmi/pkg/transport"
	"github.com/bougou/go-ipmi/pkg/types"
)

// Payload types of RMCP+ (IPMI 2.0, table 13-16), in the low bits of the sixth byte of a datagram.
const (
	payloadOpen  = 0x10
	payloadRAKP1 = 0x12
)

// payloadOf is the payload type of an RMCP+ datagram; ok is false for any other.
func payloadOf(datagram []byte) (kind byte, ok bool) {
	if len(datagram) < 16 || datagram[4] != byte(types.AuthTypeRMCPPlus) {
		return 0, false
	}
	return datagram[5] & 0x3f, true
}

// Wire is the UDP socket of a Reference. It counts what logs in, and loses datagrams.
type Wire struct {
	transport.PacketConn

	mu           sync.Mutex
	opens, rakp1 int
	silent       bool
	lose         func() bool
	deafTo       types.AuthAlg
}

// Opens is how many Open Session requests came.
func (w *Wire) Opens() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opens
}

// Logins is how many RAKP messages 1 came, which name an account.
func (w *Wire) Logins() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rakp1
}

// Silence loses everything from now on.
func (w *Wire) Silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = true
}

// LoseOnce loses the first answer for which lose returns true.
func (w *Wire) LoseOnce(lose func() bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose = lose
}

// DeafTo loses every Open Session request that asks for an authentication algorithm.
func (w *Wire) DeafTo(a types.AuthAlg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deafTo = a
}

// ReadFrom is that of the socket.
func (w *Wire) ReadFrom(buf []byte) (int, net.Addr, error) {
	for {
		n, addr, err := w.PacketConn.ReadFrom(buf)
		if err != nil {
			return n, addr, err
		}
		if !w.takes(buf[:n]) {
			continue
		}
		return n, addr, nil
	}
}

func (w *Wire) takes(datagram []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch kind, ok := payloadOf(datagram); {
	case ok && kind == payloadOpen:
		w.opens++
		// The authentication algorithm of an Open Session request is 28 bytes from the start of the datagram.
		if w.deafTo != 0 && len(datagram) > 28 && types.AuthAlg(datagram[28]) == w.deafTo {
			return false
		}
	case ok && kind == payloadRAKP1:
		w.rakp1++
	}
	return !w.silent
}

// WriteTo is that of the socket.
func (w *Wire) WriteTo(data []byte, addr net.Addr) (int, error) {
	w.mu.Lock()
	lost := w.silent
	if w.lose != nil && w.lose() {
		lost, w.lose = true, nil
	}
	w.mu.Unlock()
	if lost {
		return len(data), nil
	}
	return w.PacketConn.WriteTo(data, addr)
}
