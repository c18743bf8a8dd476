package redfish

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stmcginnis/gofish/common"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Messages of BMCs that mean "not now": the ends of MessageIds, whose registry prefix and version differ. A 400 with one of
// them is no final answer.
var notNow = []string{
	"UnableToModifyDuringSystemPOST", "InvalidOperationForSystemState", "ResourceNotReadyRetry", "ServiceTemporarilyUnavailable",
	"ResourceInUse", "ResourceInStandby", "ServiceInUnknownState", "ServiceShuttingDown", "SessionLimitExceeded",
	"SYS518", "SYS428", "RAC0218", "RAC0508",
}

// refusal makes an answer other than success into a Fault with the service's own words.
func (c *conn) refusal(doing string, a *answer) *bmc.Fault {
	said := common.ConstructError(a.status, a.body)
	var e *common.Error
	var ids []string
	text := ""
	if errors.As(said, &e) {
		ids, text = words(e)
	}
	f := bmc.Failf(drivers.Internal, "", "%s: BMC %s answered %s", doing, c.endpoint, status(a.status)+text)
	f.After = retryAfter(a.header)
	f.Refused = a.status < 500 || a.status == http.StatusServiceUnavailable || a.status == http.StatusNotImplemented
	if f.After == 0 && hasMessage(ids, "UnableToModifyDuringSystemPOST") {
		f.After = 30 * time.Second // POST takes minutes
	}
	switch {
	case a.status == http.StatusUnauthorized:
		f.Class, f.Advice = drivers.AuthFailed, "check account and password of the BMC in the design; they are not tried again, so that the account is not locked"
		f.Login = c.basic
	case a.status == http.StatusForbidden:
		f.Class, f.Advice = drivers.AuthFailed, "give the account the operator role at the BMC, or see whether it is locked"
	case a.status == http.StatusTooManyRequests:
		f.Class = drivers.RateLimited
	case a.status == http.StatusServiceUnavailable, a.status == http.StatusConflict, isNotNow(ids):
		f.Class = drivers.Busy
	case a.status == http.StatusNotFound:
		f.Class = drivers.NotFound
	case a.status == http.StatusPreconditionFailed, a.status == http.StatusPreconditionRequired:
		f.Class = drivers.Busy // somebody else writes to the resource
	case a.status < 500, a.status == http.StatusNotImplemented:
		f.Class = drivers.NotSupported
	}
	return f
}

func status(code int) string {
	if text := http.StatusText(code); text != "" {
		return strconv.Itoa(code) + " " + text
	}
	return strconv.Itoa(code)
}

// words finds what a service says in an error: the ids of its messages, and their text for people. A body that is no Redfish
// error, such as HTML, is quoted in short.
func words(e *common.Error) (ids []string, text string) {
	if e.Code != "" {
		ids = append(ids, e.Code)
	}
	var said []string
	for _, m := range e.ExtendedInfos {
		ids = append(ids, m.MessageID)
		line := strings.TrimSpace(m.Message)
		if line == "" {
			line = lastPart(m.MessageID)
		} else if m.MessageID != "" {
			line += " [" + lastPart(m.MessageID) + "]"
		}
		if line != "" {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		plain := strings.Join(strings.Fields(e.Message), " ")
		if len(plain) > 200 {
			plain = plain[:200] + "..."
		}
		if plain != "" {
			said = append(said, plain)
		}
	}
	if len(said) > 0 {
		text = ": " + strings.Join(said, "; ")
	}
	return ids, text
}

func lastPart(id string) string { return id[strings.LastIndex(id, ".")+1:] }

func isNotNow(ids []string) bool { return hasMessage(ids, notNow...) }

func hasMessage(ids []string, wanted ...string) bool {
	for _, id := range ids {
		for _, w := range wanted {
			if strings.EqualFold(lastPart(id), w) {
				return true
			}
		}
	}
	return false
}

// messageIDs are the ids in an error answer.
func messageIDs(a *answer) []string {
	var e *common.Error
	if errors.As(common.ConstructError(a.status, a.body), &e) {
		ids, _ := words(e)
		return ids
	}
	return nil
}

// retryAfter reads the header in both of its forms; 0 when there is none.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.Atoi(v); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 3600)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(time.Until(at), 0), time.Hour)
	}
	return 0
}
