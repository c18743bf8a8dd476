package bmclib

import (
	"context"
	"strings"
	"time"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// presence is Get Channel Authentication Capabilities (IPMI 2.0, 22.13) outside of any session, in an RMCP datagram: what
// every client asks first, and every BMC answers without a login.
var presence = []byte{
	0x06, 0x00, 0xff, 0x07, // RMCP, class IPMI
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, // no authentication, no session, 9 bytes
	0x20, 0x18, 0xc8, 0x81, 0x00, 0x38, 0x8e, 0x04, 0xb5,
}

// answers reports whether a BMC answers to IPMI at all.
func (c *conn) answers(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	link, err := c.wire.dialer.DialContext(ctx, "udp", c.endpoint.HostPort())
	if err != nil {
		return false
	}
	defer link.Close()
	defer context.AfterFunc(ctx, func() { _ = link.Close() })()
	var answer [64]byte
	for range 2 { // a datagram may get lost
		if _, err := link.Write(presence); err != nil {
			return false
		}
		_ = link.SetReadDeadline(time.Now().Add(limit / 2))
		if n, err := link.Read(answer[:]); err == nil && n > 4 {
			return true
		}
	}
	return false
}

// refusedSession tells apart what ipmitool has one sentence for. A BMC that answers, but lets nobody in, refuses the login,
// or has no session free: in that doubt the login is not repeated, so that no account gets locked.
func (c *conn) refusedSession(ctx context.Context, f *bmc.Fault, doing string) *bmc.Fault {
	if c.via.name != "ipmitool" || f.Class != drivers.Unreachable || !strings.Contains(strings.ToLower(f.Error()), "unable to establish") ||
		!c.answers(ctx, c.presenceLimit) {
		return f
	}
	return bmc.Failf(drivers.AuthFailed, accountAdvice,
		"%s: BMC %s answers, but gives ipmitool no session: account or password is wrong, or no session is free", doing, c.endpoint)
}
