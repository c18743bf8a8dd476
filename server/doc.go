// Package server is the REST API: the wire format of Airship Drydock v1.0, so that its clients work unchanged, on top of
// a starter for tasks and the state for build data. Requests become the same calls that the command line makes.
//
// It decides nothing about machines itself. It refuses bodies with keys that it does not know, naming all mistakes at
// once, tasks without an explicit selection of nodes where the task reboots or wipes, tasks on a site that another task
// holds with another design, and design references with a password in them, because the record of a task would keep it.
//
// It authenticates nobody: put it behind something that does, or bind it to an address that only friends can reach, and
// wrap Config.Load in FilesBelow so that a request can't have any file of the machine read.
//
// Tasks have no subtasks here: what became of each node, with the reason, stands in the result of the one task.
package server
