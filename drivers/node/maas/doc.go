// Package maas drives MAAS region controllers (API 2.0, MAAS 3.3 and later) as the bootstrapper: it implements every
// action of drivers.Node on gomaasclient, behind one transport of its own.
//
// It never lists machines without a filter, never repeats an action whose answer was lost without reading the state
// first, and refuses to touch what it can't identify: two candidates for one node, a node name on a machine with another
// BMC, a machine that is locked, or one that somebody else allocated is an error that names what was found.
package maas
