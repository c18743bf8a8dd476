package maas

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"

	"drydock/drivers"
)

// answerError is an answer of the region that is not a success.
type answerError struct {
	method, path, op string
	status           int
	text             string              // redacted and shortened; "" for a 401
	fields           map[string][]string // of a 400 about form fields
	retryAfter       time.Duration
	retry            bool // the answer carried Retry-After
	expired          bool // 401 because of our clock
}

// Error is what MAAS said, without the request: the caller names the action and its subject.
func (e *answerError) Error() string {
	s := fmt.Sprintf("MAAS answered %d", e.status)
	switch {
	case e.status == http.StatusUnauthorized && e.expired:
		return s + ": the timestamp of the request is too old"
	case e.status == http.StatusUnauthorized:
		return s + ": the API key was refused"
	case len(e.fields) > 0:
		return s + ": " + e.fieldText()
	case e.text != "":
		return s + ": " + e.text
	}
	return s
}

func (e *answerError) fieldText() string {
	names := make([]string, 0, len(e.fields))
	for f := range e.fields {
		names = append(names, f)
	}
	sort.Strings(names)
	var parts []string
	for _, f := range names {
		msg := strings.Join(e.fields[f], " ")
		if f != "__all__" {
			msg = f + ": " + msg
		}
		parts = append(parts, msg)
	}
	return strings.Join(parts, "; ")
}

// silenceError is a request that got no answer. Whether it had an effect is not known.
type silenceError struct {
	address, method, op string
	err                 error
}

func (e *silenceError) Error() string {
	return fmt.Sprintf("no answer from MAAS at %s: %v", e.address, e.err)
}
func (e *silenceError) Unwrap() error { return e.err }

// isAnswer reports whether err is an answer of MAAS with one of the statuses.
func isAnswer(err error, statuses ...int) bool {
	var a *answerError
	if !errors.As(err, &a) {
		return false
	}
	for _, s := range statuses {
		if a.status == s {
			return true
		}
	}
	return false
}

// classify decides what kind of failure an error of a request is, what a person can do, and when to call again.
func classify(err error) (class drivers.Class, advice string, after time.Duration) {
	var a *answerError
	if errors.As(err, &a) {
		return a.classify()
	}
	var unknown x509.UnknownAuthorityError
	var verify *tls.CertificateVerificationError
	var silence *silenceError
	switch {
	case errors.As(err, &unknown), errors.As(err, &verify):
		return drivers.AuthFailed, "The certificate of MAAS is not trusted: set the CA file of the MAAS driver.", 0
	case errors.Is(err, context.Canceled):
		return drivers.Unreachable, "The action was ended before MAAS answered; the state is read again before anything is repeated.", 0
	case errors.As(err, &silence):
		return drivers.Unreachable, "Check that the MAAS region at " + silence.address + " runs and can be reached from here; the state is read again before anything is repeated.", 0
	}
	return drivers.Internal, "", 0
}

func (a *answerError) classify() (drivers.Class, string, time.Duration) {
	switch a.status {
	case http.StatusUnauthorized:
		if a.expired {
			return drivers.AuthFailed, "The clocks of this host and the MAAS region differ by more than five minutes: set them right.", 0
		}
		return drivers.AuthFailed, "Check the API key of the MAAS driver; a new one is made on the user's page of MAAS.", 0
	case http.StatusForbidden:
		if a.text == "" {
			return drivers.Conflict, "MAAS refuses this for a locked machine and for one of another owner: unlock it, or use the key of its owner.", 0
		}
		return drivers.AuthFailed, "The MAAS user of the API key must be an administrator.", 0
	case http.StatusNotFound:
		switch {
		case strings.Contains(a.text, "IP address is already in use"):
			return drivers.Conflict, "Another interface or a reservation at MAAS holds the address: free it there, or change the design.", 0
		case strings.Contains(a.text, "Unknown API endpoint"):
			return drivers.NotSupported, "This MAAS does not have the call; 3.3 or later is needed, and the URL of the driver must end in /MAAS.", 0
		}
		return drivers.NotFound, "The object is gone at MAAS; what it was made of is made again by PrepareSite or found again by IdentifyNode.", 0
	case http.StatusConflict:
		if a.retry {
			return drivers.Busy, "MAAS is busy with parallel changes.", a.retryAfter
		}
		return drivers.Conflict, "The object at MAAS is in a state that does not allow this: look at its page there.", 0
	case http.StatusTooManyRequests:
		return drivers.RateLimited, "MAAS or a proxy in front of it limits requests.", a.retryAfter
	case http.StatusServiceUnavailable:
		if a.retry {
			return drivers.Busy, "MAAS has no rack controller connected, or another power command runs: check the rack controllers.", a.retryAfter
		}
		return drivers.Unreachable, "Check the network between the rack controllers and the BMC, and the BMC's credentials.", a.retryAfter
	case http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return drivers.Unreachable, "The answer was cut off while MAAS may go on working; the state is read again before anything is repeated.", a.retryAfter
	case http.StatusMethodNotAllowed:
		return drivers.NotSupported, "This MAAS does not have the call; 3.3 or later is needed.", 0
	}
	if a.status < 400 {
		return drivers.Conflict, "Something in front of MAAS redirects: give the driver the URL that it leads to.", 0
	}
	if a.status >= 500 {
		return drivers.Internal, "MAAS failed within itself: its regiond log says why.", a.retryAfter
	}
	return a.classifyBad()
}

// classifyBad is about 400 and its relatives, of which not all are a mistake of the design.
func (a *answerError) classifyBad() (drivers.Class, string, time.Duration) {
	all := a.text + " " + strings.Join(a.fields["__all__"], " ")
	switch {
	case strings.Contains(all, "is not available because of the current state"):
		return drivers.Conflict, "The machine is in a state that does not allow this: look at its page at MAAS.", 0
	case strings.Contains(all, "operating system") && strings.Contains(all, "is unavailable"):
		// What MAAS says when no rack controller that has the image is connected.
		return drivers.Busy, "No connected rack controller has the image: check the rack controllers and the import of images.", 30 * time.Second
	case strings.Contains(all, "Unrecognised signature"):
		return drivers.NotSupported, "This MAAS does not have the call; 3.3 or later is needed.", 0
	}
	return drivers.InvalidDesign, "MAAS refuses what the design asks for: change the design, or what it collides with at MAAS.", 0
}
