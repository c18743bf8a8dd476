// Package redfish drives machines through the Redfish service of their BMC (DMTF DSP0266), as an implementation of
// drivers.OOB that keeps to what is the same for all makers, and takes a maker's BIOS attributes only for what the standard has no word for.
//
// It refuses to pick a system by its position, to send a password without a verified certificate unless the configuration
// says so for the driver, to try a refused password twice, and to believe an answer of 200: what matters is read back.
//
// The names and values of the schema are gofish's, and its types stay in this package. The requests are made here, since
// the driver needs what gofish v0.20 keeps to itself: a context per request, Retry-After, ETags, and the tasks that a
// command starts.
package redfish
