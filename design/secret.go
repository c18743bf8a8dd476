package design

import (
	"encoding/json"
	"log/slog"
)

// Secret is a credential of the design. It prints, marshals and logs as a placeholder in every form;
// only Reveal returns the value, so that a search for Reveal lists all places that use it.
type Secret string

const redacted = "[redacted]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) placeholder() string {
	if s == "" {
		return ""
	}
	return redacted
}

func (s Secret) String() string               { return s.placeholder() }
func (s Secret) GoString() string             { return s.placeholder() }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(s.placeholder()) }
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.placeholder()) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.placeholder()), nil }
func (s Secret) MarshalYAML() (any, error)    { return s.placeholder(), nil }
