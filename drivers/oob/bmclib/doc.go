// Package bmclib drives machines whose vendor has a way of its own (Dell, Supermicro, ASRock, Intel AMT) through
// github.com/bmc-toolbox/bmclib, as an implementation of drivers.OOB. bmclib's types stay in this package.
//
// It refuses what bmclib does when left alone: to walk through providers until one succeeds (one provider is chosen, and no
// second protocol is tried), to accept every certificate, to try a refused password in another form, to take a provider's word for what a machine did, and to set what
// the provider can't read back.
package bmclib
