// Package conformance holds the contracts of the driver families as tests that every driver runs against every counterpart
// that can play a machine. It refuses to trust a driver's word: what a machine did is asked of the counterpart.
package conformance
