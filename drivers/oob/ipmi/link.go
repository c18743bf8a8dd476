package ipmi

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/drivers/oob/bmc"
)

// Payload types of RMCP+ (IPMI 2.0, table 13-16); the answer to a step of the login has the next number.
const (
	payloadIPMI  = 0x00
	payloadOpen  = 0x10
	payloadRAKP1 = 0x12
	payloadRAKP3 = 0x14

	payloadKind = 0x3f // the bits of the type; the others say that the payload is encrypted and authenticated
	payloadSafe = 0xc0

	atSequence = 10
	atLength   = 14
	atPayload  = 16
)

// link is the UDP socket of one login and the session that comes of it, with what go-ipmi leaves out. go-ipmi takes any
// datagram for the answer to a step of the login, so that one that came twice, or late, is an answer to the wrong step, and a
// right password looks wrong; it believes answers within a session without looking at their authentication code; and it
// repeats a command under the old sequence number, at which BMCs drop it.
type link struct {
	net.Conn
	endpoint bmc.Endpoint
	connect  time.Duration

	mu       sync.Mutex
	awaited  byte // payload type of the next answer
	keys     exchange
	rakp3s   int // how often RAKP message 3 was sent
	sequence uint32
	surplus  []uint32 // sessions of which the request came twice
}

// Dial opens the socket; it stands in for a proxy of go-ipmi's client.
func (l *link) Dial(string, string) (net.Conn, error) {
	made, err := net.DialTimeout("udp", l.endpoint.HostPort(), l.connect)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Conn = made
	return l, nil
}

// Write sends a datagram of go-ipmi.
func (l *link) Write(datagram []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(datagram)
	switch kind := kindOf(out); kind {
	case payloadOpen, payloadRAKP1, payloadRAKP3:
		l.awaited = kind + 1
		if kind == payloadRAKP1 {
			l.keys.rakp1(out[atPayload:])
		}
		if kind == payloadRAKP3 {
			l.rakp3s++
		}
	case payloadIPMI:
		l.awaited = payloadIPMI
		l.sequence++
		binary.LittleEndian.PutUint32(out[atSequence:], l.sequence)
		l.keys.sign(out)
	}
	if _, err := l.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(datagram), nil
}

// Read waits for the answer to what was sent last, and drops everything else.
func (l *link) Read(buf []byte) (int, error) {
	for {
		n, err := l.Conn.Read(buf)
		l.mu.Lock()
		var timeout net.Error
		switch {
		case err == nil:
			n = l.take(buf, n)
		case errors.As(err, &timeout) && timeout.Timeout() && l.doubtful():
			n, err = copy(buf, l.keys.rakp4()), nil
		}
		l.mu.Unlock()
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// take returns the length of the answer that a datagram is; 0 when it is none.
func (l *link) take(buf []byte, n int) int {
	datagram := buf[:n]
	kind := kindOf(datagram)
	switch {
	case kind == payloadIPMI && l.awaited == payloadIPMI:
		if !l.keys.authentic(datagram) {
			return 0
		}
		return n
	case kind == payloadOpen+1 && l.awaited != kind:
		l.begun(datagram[atPayload:])
		l.giveBack()
		return 0
	case kind != l.awaited, kind == payloadRAKP3+1 && datagram[atPayload] == partingTag:
		return 0
	case kind == payloadRAKP1+1:
		l.keys.rakp2(datagram[atPayload:])
		l.giveBack()
	case kind == payloadRAKP3+1 && l.doubtful() && statusOf(datagram) != types.RmcpStatusCodeNoErrors:
		return copy(buf, l.keys.rakp4())
	}
	if n < atPayload+refusalSize && len(buf) >= atPayload+refusalSize { // ipmi_sim says no in two bytes
		clear(buf[n : atPayload+refusalSize])
		buf[atLength], buf[atLength+1] = refusalSize, 0
		n = atPayload + refusalSize
	}
	return n
}

// refusalSize is the length of a payload that refuses a step of the login; go-ipmi does not read shorter ones.
const refusalSize = 8

// doubtful reports whether the BMC may have opened the session although it does not say so: RAKP message 3 was repeated, and
// BMCs that have taken the first are silent to the second, or refuse it. The console knows all that RAKP message 4 would say,
// and the next command shows whether it is true.
func (l *link) doubtful() bool { return l.awaited == payloadRAKP3+1 && l.rakp3s > 1 }

// begun notes a session that the login does not use.
func (l *link) begun(payload []byte) {
	if len(payload) < 12 || payload[1] != 0 {
		return
	}
	if session := binary.LittleEndian.Uint32(payload[8:]); session != l.keys.session {
		l.surplus = append(l.surplus, session)
	}
}

// giveBack frees them, when the BMC has seen a RAKP message 1: pyghmi has one session per client, and falls over a RAKP message 3
// ahead of it.
func (l *link) giveBack() {
	if l.keys.k1 == nil {
		return
	}
	for _, session := range l.surplus {
		l.send(session, types.RmcpStatusCodeNoResToCreateSess)
	}
	l.surplus = nil
}

// use says by which suite the exchange goes.
func (l *link) use(suite types.CipherSuiteID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys.auth, l.keys.integrity, _, _ = types.GetCipherSuiteAlgorithms(suite)
}

// abandon tells the BMC that the login has failed, by a RAKP message 3 with a status (IPMI 2.0, 13.22), so that it frees the
// slot instead of holding it until its timer ends. Nothing depends on an answer, and few BMCs give one.
func (l *link) abandon(session uint32, why types.RmcpStatusCode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.send(session, why)
}

// partingTag is the message tag by which an answer to it is known, so that it is not taken for one to the login; go-ipmi's is 0.
const partingTag = 0x7f

func (l *link) send(session uint32, why types.RmcpStatusCode) {
	out := append(header(payloadRAKP3, 8), partingTag, byte(why), 0, 0)
	_, _ = l.Conn.Write(binary.LittleEndian.AppendUint32(out, session))
}

// header is that of RMCP and of RMCP+ outside of a session.
func header(kind byte, length uint16) []byte {
	out := []byte{0x06, 0x00, 0xff, 0x07, byte(types.AuthTypeRMCPPlus), kind, 0, 0, 0, 0, 0, 0, 0, 0}
	return binary.LittleEndian.AppendUint16(out, length)
}

const noPayload = 0xff

// kindOf is the payload type of a datagram; noPayload for what is no RMCP+, or shorter than it says. Within a session only
// what is encrypted and authenticated is one, and outside of it only what is neither.
func kindOf(datagram []byte) byte {
	if len(datagram) < atPayload+2 || datagram[4] != byte(types.AuthTypeRMCPPlus) ||
		len(datagram) < atPayload+int(binary.LittleEndian.Uint16(datagram[atLength:])) {
		return noPayload
	}
	kind := datagram[5] & payloadKind
	if safe := datagram[5] & payloadSafe; (kind == payloadIPMI) != (safe == payloadSafe) || (kind != payloadIPMI && safe != 0) {
		return noPayload
	}
	return kind
}

func statusOf(datagram []byte) types.RmcpStatusCode {
	return types.RmcpStatusCode(datagram[atPayload+1])
}
