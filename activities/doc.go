// Package activities turns driver actions into Temporal activities: one thin adapter per family, one table of timeouts
// and retries, one mapping of errors. An activity resolves the design and the credentials on the worker, so that
// histories hold names and digests only.
//
// It refuses to let secrets out: every error and message passes the redaction of secrets that the call knew.
package activities
