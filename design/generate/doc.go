// Package generate makes site designs of any size, for benchmarks and tests: the same options give the same bytes.
//
// A generated design is valid, and written as the designs of the field are: a few profiles, a chain of inheritance, and
// nodes that say little more than their addresses. It refuses sizes for which its address plan has no room.
package generate
