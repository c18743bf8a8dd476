package bmclib

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	libbmc "github.com/bmc-toolbox/bmclib/v2/errors"
	"github.com/stmcginnis/gofish/common"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// errSuite marks a BMC that does not take the cipher suite.
var errSuite = errors.New("the cipher suite is not offered")

const (
	accountAdvice = "check account and password of the BMC in the design; they are not tried again, so that the account is not locked"
	reachAdvice   = "check that the BMC has power and network, that its address in the design is right, and that it offers the provider's protocol"
)

// accountAdvice says what to do about a refused login.
func (c *conn) accountAdvice() string {
	if c.via.name == "supermicro" {
		return accountAdvice + "; where they are right and the firmware is old, set " + LoginParameter + " to " + plainLogin + " in the node's oob section"
	}
	return accountAdvice
}

func (c *conn) silence(doing string, err error) *bmc.Fault {
	return bmc.Failf(drivers.Unreachable, reachAdvice, "%s: BMC %s did not answer: %w", doing, c.endpoint, err)
}

// saying is what the text of a failure tells. bmclib and ipmitool have no other form for most of it.
type saying struct {
	text    string
	class   drivers.Class
	refused bool
	advice  string
	is      error
}

// In this order: the first that is found counts.
var sayings = []saying{
	{text: "rakp 2 hmac is invalid", class: drivers.AuthFailed, advice: accountAdvice},
	{text: "unauthorized name", class: drivers.AuthFailed, advice: accountAdvice},
	{text: "unauthorized role", class: drivers.AuthFailed, advice: accountAdvice},
	{text: "no matching cipher suite", class: drivers.NotSupported, advice: "configure a cipher suite that the BMC offers; suite 0 is never used", is: errSuite},
	{text: "invalid authentication algorithm", class: drivers.NotSupported, advice: "configure a cipher suite that the BMC offers; suite 0 is never used", is: errSuite},
	{text: "insufficient resources", class: drivers.Busy, advice: "the BMC has no free session: end sessions that other tools left open, or wait for them to expire"},
	{text: "insufficient privilege", class: drivers.AuthFailed, refused: true, advice: "give the account the operator level at the BMC"},
	{text: "not supported in present state", class: drivers.Busy, refused: true},
	{text: "node busy", class: drivers.Busy, refused: true},
	{text: "invalid command", class: drivers.NotSupported, refused: true},
	{text: "unable to establish", class: drivers.Unreachable, advice: reachAdvice},
	{text: "no response from remote", class: drivers.Unreachable, advice: reachAdvice},
	{text: "no matching redfish system found", class: drivers.NotFound, refused: true,
		advice: "set " + SystemParameter + " in the node's oob section to the Name of its system"},
	{text: "requested state type unknown", class: drivers.NotSupported, refused: true},
	{text: "unknown power action", class: drivers.NotSupported, refused: true},
	{text: "not valid for this resource", class: drivers.NotSupported, refused: true}, // gofish: a reset type that is not offered
}

// fault makes the failure of an operation into a Fault. It is a refusal only where the answer rules out that the operation
// was carried out.
func (c *conn) fault(doing string, err error) *bmc.Fault {
	if lost := c.gate.loss(); lost != nil {
		if f := bmc.Untrusted(c.endpoint, lost); f != nil {
			return f
		}
		return c.silence(doing, lost)
	}
	if c.gate.wasRefused() {
		f := bmc.Failf(drivers.AuthFailed, c.accountAdvice(), "%s: BMC %s, through %s: %s", doing, c.endpoint, c.via.name, firstLine(err))
		f.Login = true // Intel AMT is shown the password with every request
		return f
	}
	var answered *common.Error
	if errors.As(err, &answered) {
		return c.refusal(doing, answered)
	}
	text := strings.ToLower(err.Error())
	for _, s := range sayings {
		if !strings.Contains(text, s.text) {
			continue
		}
		f := bmc.Failf(s.class, s.advice, "%s: BMC %s, through %s: %s", doing, c.endpoint, c.via.name, firstLine(err))
		if s.is != nil {
			f.Err = errors.Join(f.Err, s.is)
		}
		f.Refused = s.refused
		return f
	}
	var network net.Error
	var request *url.Error
	if errors.As(err, &network) || errors.As(err, &request) {
		return c.silence(doing, err)
	}
	if errors.Is(err, libbmc.ErrLoginFailed) && !c.via.web {
		return bmc.Failf(drivers.AuthFailed, accountAdvice, "%s: BMC %s, through %s: %s", doing, c.endpoint, c.via.name, firstLine(err))
	}
	// A session that can't be read back is given as text only: the reason is within.
	if strings.Contains(text, "connection re") || strings.Contains(text, "eof") || strings.Contains(text, "i/o timeout") {
		return c.silence(doing, errors.New(firstLine(err)))
	}
	return bmc.Failf(drivers.Internal, "", "%s: BMC %s, through %s: %s", doing, c.endpoint, c.via.name, firstLine(err))
}

// refusal is an answer of a Redfish service other than success.
func (c *conn) refusal(doing string, e *common.Error) *bmc.Fault {
	status := e.HTTPReturnedStatusCode
	f := bmc.Failf(drivers.Internal, "", "%s: BMC %s answered %d %s: %s", doing, c.endpoint, status, http.StatusText(status), firstLine(e))
	f.Refused = status < 500 || status == http.StatusServiceUnavailable || status == http.StatusNotImplemented
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		f.Class, f.Advice = drivers.AuthFailed, accountAdvice
	case status == http.StatusTooManyRequests:
		f.Class = drivers.RateLimited
	case status == http.StatusServiceUnavailable, status == http.StatusConflict, status == http.StatusPreconditionFailed:
		f.Class = drivers.Busy
	case status == http.StatusNotFound:
		f.Class = drivers.NotFound
	case status < 500, status == http.StatusNotImplemented:
		f.Class = drivers.NotSupported
	}
	return f
}

// firstLine is what a failure says, short: ipmitool repeats itself over several lines.
func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	if len(line) > 300 {
		line = line[:300] + "..."
	}
	return line
}

func notOffered(err error) bool {
	var f *bmc.Fault
	return errors.As(err, &f) && f.Refused && f.Class == drivers.NotSupported
}
