package design

import "fmt"

// Limits bound what reading a design may cost, so that one that was made to harm ends in a message. They are far above
// what real designs have. The zero value of a field stands for its default, which is named beside it.
type Limits struct {
	Bytes     int // of all sources together; 256 MiB
	Documents int // of all sources together; 200,000
	Values    int // keys and values of all documents together, aliases expanded; 10 million

	// DocumentBytes bounds one document, as it is written, with its aliases expanded, and in its canonical form; 4 MiB.
	DocumentBytes  int
	DocumentValues int // keys and values of one document, aliases expanded; 500,000
	ValueBytes     int // of one value; 2 MiB, as an asset of a boot action has up to 1 MiB and base64 adds to it
	Depth          int // of lists and mappings within one another; 100
	Messages       int // about one document; 1,000

	Profiles int // host profiles in one chain of inheritance; 100
}

// DefaultLimits are the limits that hold where none are given.
func DefaultLimits() Limits {
	return Limits{
		Bytes: 256 << 20, Documents: 200_000, Values: 10_000_000,
		DocumentBytes: 4 << 20, DocumentValues: 500_000, ValueBytes: 2 << 20, Depth: 100, Messages: 1000,
		Profiles: 100,
	}
}

// filled has the defaults where l has nothing.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ have, otherwise *int }{
		{&l.Bytes, &d.Bytes}, {&l.Documents, &d.Documents}, {&l.Values, &d.Values}, {&l.DocumentBytes, &d.DocumentBytes},
		{&l.DocumentValues, &d.DocumentValues}, {&l.ValueBytes, &d.ValueBytes}, {&l.Depth, &d.Depth},
		{&l.Messages, &d.Messages}, {&l.Profiles, &d.Profiles},
	} {
		if *f.have <= 0 {
			*f.have = *f.otherwise
		}
	}
	return l
}

// limitError says that a limit was hit, and which.
type limitError struct {
	text  string
	field string // its name in the configuration
}

func (e *limitError) Error() string { return e.text }

func exceeds(field, format string, args ...any) *limitError {
	return &limitError{fmt.Sprintf(format, args...), field}
}

// hint is what to do about it.
func (e *limitError) hint() string {
	return "check that this is what it should be; the limit is design.limits." + e.field + " of the configuration"
}
