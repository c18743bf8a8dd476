package design

import "fmt"

// Level is how bad a message is.
type Level string

// Levels of messages. A design with an error is not acted upon.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelInfo    Level = "info"
)

// DocumentRef names a document of the design.
type DocumentRef struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// Message is one finding about a design: what is wrong, where, and what to do.
type Message struct {
	Code      string        `json:"code"` // DDnnnn; not unique
	Rule      string        `json:"rule"` // slug, unique per rule
	Level     Level         `json:"level"`
	Text      string        `json:"message"`
	Documents []DocumentRef `json:"documents"`
	File      string        `json:"file,omitempty"`
	Line      int           `json:"line,omitempty"`   // from 1
	Column    int           `json:"column,omitempty"` // from 1
	Path      string        `json:"path,omitempty"`   // such as data.cidr
	Hint      string        `json:"hint,omitempty"`
}

// String is the message on one line, position first: file:line: level: text (hint) [code rule].
func (m Message) String() string {
	s := ""
	if m.File != "" {
		s = m.File + ":"
		if m.Line > 0 {
			s += fmt.Sprintf("%d:", m.Line)
		}
		s += " "
	}
	s += string(m.Level) + ": " + m.Text
	if m.Hint != "" {
		s += " (" + m.Hint + ")"
	}
	return s + " [" + m.Code + " " + m.Rule + "]"
}

// Messages is what reading, compiling and checking a design found.
type Messages []Message

// Errors returns the messages that are errors.
func (ms Messages) Errors() Messages {
	var out Messages
	for _, m := range ms {
		if m.Level == LevelError {
			out = append(out, m)
		}
	}
	return out
}

// Valid reports whether no message is an error.
func (ms Messages) Valid() bool { return len(ms.Errors()) == 0 }
