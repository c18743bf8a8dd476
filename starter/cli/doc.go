// Package cli is the command line of Drydock: commands by noun and verb on top of starter, the design packages and the
// services that the binary can run. Data goes to stdout, talk to stderr, and every way to end has its exit code.
//
// It refuses to guess: an unknown flag, a contradiction, or a task that touches machines without saying which, ends the
// command before anything is asked of anybody. It never prints a stack trace or a secret.
package cli
