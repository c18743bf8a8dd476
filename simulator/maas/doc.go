// Package maas is a simulated MAAS region with one rack controller: its API 2.0 over HTTP with OAuth1, in front of the
// machines of a simulated world. It exists so that a node driver can be developed and shown without a machine room, and it
// imitates what a real 3.4 region answers: status codes, content types, error texts, nulls and all. Other versions, from 3.3
// to 3.7, differ where the sources of MAAS say so.
//
// It acts on machines only as a MAAS does: through their BMCs and through what it answers to a network boot. It shares no
// code with any client. It refuses to pretend: an operation that is not built answers 501 and names itself.
package maas
