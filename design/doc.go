// Package design turns a stream of site design documents (drydock/<Kind>/v1) into the applied model: a Site whose
// nodes are complete. It reads, compiles and identifies designs, and reports every mistake at once with its position.
//
// It is pure: it opens no file, asks no network and no clock, and knows nothing of workflows. What it refuses is in
// the Messages that it returns; it never stops at the first.
package design
