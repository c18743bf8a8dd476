// Package drivers holds the contracts between what Drydock wants done to machines and the systems that do it: three
// families (OOB, Node, Network), each with every action of the family, the reports they give and the errors they make.
//
// A driver is plain Go: it knows no workflow engine, keeps no history and makes no plan. Every action observes, acts only
// if needed, and reads back, so that it may be repeated at any moment after a crash. A driver refuses to act on doubt:
// where it can't tell in which state a machine is, it returns an error.
package drivers
