package config

import (
	"sort"
	"strings"
)

// Problem is one mistake in the configuration.
type Problem struct {
	// Where is file:line, the file, or the environment variable; "" when the key is nowhere.
	Where string
	// Key is the full name, such as drivers.maas.url; "" when the mistake is about the file as a whole.
	Key string
	// Text says what is wrong and what would be right. It never holds a value that may be secret.
	Text string
}

// String is "where: key: text".
func (p Problem) String() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.Where, p.Key, p.Text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

// Problems is all mistakes of a configuration at once; it is the error that this package returns.
type Problems []Problem

// Error is one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// orNil is the problems as an error, sorted; nil when there are none.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].String() < ps[j].String() })
	return ps
}
