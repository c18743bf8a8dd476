// Package ipmi drives machines through IPMI 2.0 over LAN (RMCP+), as an implementation of drivers.OOB, with go-ipmi as the
// protocol. go-ipmi's types stay in this package.
//
// It refuses cipher suite 0, which lets anyone in with any password; IPMI 1.5; answers that are not authentic; a second
// attempt with a refused password; and to send a command that restarts a machine twice: such a command goes out in one
// datagram, and a lost answer is judged by what the BMC shows afterwards. BMCs speak UDP with small processors, so there is one
// session at a time and a pause between commands.
package ipmi
