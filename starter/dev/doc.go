// Package dev runs everything that Drydock needs on one machine, for people who try it and for tests: the Temporal
// development server, a simulated site, a worker and the REST server, all on the loopback interface.
//
// It refuses to share: a port that is taken or a data directory in use is an error that says how to choose another. It
// takes no configuration file and no variable that names a server, so that it can't reach a real site by mistake.
package dev
