// Package workflows holds the tasks as durable workflows, and their public interface: the JSON of requests, results,
// signals and updates, which the CLI, the REST API and the Temporal CLI all use alike.
//
// Workflow code decides nothing about hardware (the plan does, as data) and does no I/O (activities do). It refuses an
// empty selection of nodes for everything that reboots or wipes.
package workflows
