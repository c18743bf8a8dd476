package bmc

import (
	"crypto/sha256"
	"errors"
	"time"

	"drydock/design"
	"drydock/drivers"
)

// login is what a BMC is asked to let in: an account with a password, by the will of a design.
type login struct {
	who    string // fingerprint of account and password
	design string
}

// fingerprint tells accounts and passwords apart without keeping them.
func fingerprint(account string, secret design.Secret) string {
	sum := sha256.Sum256([]byte(account + "\x00" + secret.Reveal()))
	return string(sum[:])
}

// refusals are the logins that a BMC has refused, and when. One is enough: BMCs lock accounts after a few, and every task
// on the node would try again. Another password or another design is a person's correction and gets its own attempt.
type refusals map[login]time.Time

// check returns a Fault of class AuthFailed where the login was refused within the cool-down.
func (r refusals) check(e Endpoint, l login, coolDown time.Duration) error {
	at, refused := r[l]
	end := at.Add(coolDown)
	if !refused || !time.Now().Before(end) {
		return nil
	}
	f := Failf(drivers.AuthFailed,
		"correct the account in the design, or at the BMC and then retry after "+clock(end),
		"log in at BMC %s: it refused this account or password at %s, and nothing has been sent to it since", e, clock(at))
	f.Refused, f.Login = true, true
	return f
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

// learn remembers a refused login; one that was good for all of a use clears what was held against the account.
func (r refusals) learn(l login, err error) {
	var f *Fault
	switch {
	case err == nil:
		for old := range r {
			if old.who == l.who {
				delete(r, old)
			}
		}
	case errors.As(err, &f) && f.Login:
		r[l] = time.Now()
	}
}

// forget drops what no longer counts.
func (r refusals) forget(coolDown time.Duration) {
	for l, at := range r {
		if !time.Now().Before(at.Add(coolDown)) {
			delete(r, l)
		}
	}
}
