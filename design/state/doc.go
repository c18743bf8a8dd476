// Package state keeps what has to outlive a process and does not belong into a workflow's history: designs by digest,
// the current design of each site and the task that holds it, the build model and raw evidence of each node, and the
// journal of actions that must not be begun twice.
//
// It speaks SQL to SQLite (one host, several processes) or PostgreSQL (several hosts); the statements are the same. It
// refuses a design whose bytes do not have the digest they are stored under, a second design while a site is locked,
// a database written by a newer version, and names that are empty. Only which machine a node is can be forgotten.
//
// Designs may hold credentials literally: the database is as secret as they are.
package state
