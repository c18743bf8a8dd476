package ingest

// Kind is the way in which reading a reference failed.
type Kind string

// Ways of failing.
const (
	NotFound    Kind = "NotFound"    // there is nothing under the reference
	Unreachable Kind = "Unreachable" // no answer, or the other side failed; worth another try
	Denied      Kind = "Denied"      // credentials or permissions are missing
	Malformed   Kind = "Malformed"   // the reference, or what it gave, makes no sense
	TooLarge    Kind = "TooLarge"    // more data than the limit
)

// Error says which reference could not be read and why. It holds no credentials.
type Error struct {
	Ref    string // without user information, query and fragment
	Kind   Kind
	Err    error  // the cause
	Advice string // what to check, as a sentence

	what string // was being done; "read design" where nothing is said
}

// Error is "read design <ref>: cause: advice", or "fetch <location>: ..." of Locations.
func (e *Error) Error() string {
	what := e.what
	if what == "" {
		what = "read design"
	}
	s := what + " " + e.Ref
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Advice != "" {
		s += ": " + e.Advice
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
