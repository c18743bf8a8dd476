// Package explain says where a value of a node comes from: the value, the documents of the chain of inheritance that say
// something of it with file and line, and what each of them overrode.
//
// It refuses to show credentials, and to guess: a node or field that is not there is an error that names what is.
package explain
