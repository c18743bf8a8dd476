// Package bmc holds what out-of-band drivers of every protocol share: the broker, with one session per BMC, deleted on
// every way out; where a designed BMC address is reached; failures without secrets; which machine it is; and the rules by
// which power is moved. It speaks no protocol.
//
// It refuses to act on doubt: a power state in motion is waited out, a state is believed when it was read twice, a restart
// whose answer was lost is not repeated, a login that was refused is not tried again, and a machine that is not the one
// recorded is left alone.
package bmc
