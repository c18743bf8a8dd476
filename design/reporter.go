package design

import (
	"cmp"
	"fmt"
	"slices"
)

// finding is what is common to the messages of one kind of mistake.
type finding struct {
	code, rule string
	level      Level
}

// Mistakes that reading and compiling find. Codes DD000 and DD001 are those of the design format.
var (
	badSyntax    = finding{"DD000", "yaml-syntax", LevelError}
	overLimit    = finding{"DD000", "design-limit", LevelError}
	badEnvelope  = finding{"DD000", "document-envelope", LevelError}
	nearlyOurs   = finding{"DD000", "unknown-namespace", LevelWarning}
	noSchema     = finding{"DD000", "document-without-schema", LevelError}
	unknownKind  = finding{"DD000", "unknown-kind", LevelError}
	missing      = finding{"DD000", "missing-field", LevelError}
	duplicate    = finding{"DD000", "duplicate-document", LevelError}
	unknownField = finding{"DD001", "unknown-field", LevelError}
	wrongType    = finding{"DD001", "wrong-type", LevelError}
	wrongValue   = finding{"DD001", "wrong-value", LevelError}
	duplicateKey = finding{"DD001", "duplicate-key", LevelError}
	oldBoolean   = finding{"DD001", "unquoted-boolean", LevelWarning}

	noProfile      = finding{"DD1010", "undefined-host-profile", LevelError}
	profileCycle   = finding{"DD1011", "host-profile-cycle", LevelError}
	noHardware     = finding{"DD1012", "undefined-hardware-profile", LevelError}
	idleRemoval    = finding{"DD1013", "removal-without-target", LevelWarning}
	badKernelParam = finding{"DD1014", "unresolved-kernel-parameter", LevelError}
	badAddress     = finding{"DD2010", "malformed-address", LevelError}
	badCIDR        = finding{"DD2006", "cidr-validity", LevelError}
	badVLAN        = finding{"DD2011", "vlan-validity", LevelError}
	badMAC         = finding{"DD2012", "boot-mac-validity", LevelError}
	badSize        = finding{"DD2013", "storage-size-format", LevelError}
)

// Mistake is a kind of mistake that reading or compiling a design finds.
type Mistake struct {
	Code  string
	Rule  string // slug, unique
	Level Level
}

// Mistakes are those that Parse and Compile find, for tables of codes; the rules of package validate come on top.
func Mistakes() []Mistake {
	all := []finding{
		nearlyOurs, badSyntax, overLimit, badEnvelope, noSchema, unknownKind, missing, duplicate, unknownField, wrongType, wrongValue, duplicateKey, oldBoolean, noProfile, profileCycle, noHardware, idleRemoval, badKernelParam, badAddress, badCIDR, badVLAN, badMAC, badSize,
	}
	out := make([]Mistake, 0, len(all))
	for _, f := range all {
		out = append(out, Mistake{f.code, f.rule, f.level})
	}
	return out
}

// reporter collects messages and drops repetitions: a fault in a profile is found once per node that has it.
type reporter struct {
	messages Messages
	seen     map[messageKey]bool
}

func (r *reporter) add(m Message) {
	if r.seen[m.key()] {
		return
	}
	if r.seen == nil {
		r.seen = make(map[messageKey]bool)
	}
	r.seen[m.key()] = true
	r.messages = append(r.messages, m)
}

// at reports a mistake at a value of the design. In a profile that no node uses it is only a warning.
func (r *reporter) at(docs *Documents, n *element, f finding, hint, format string, args ...any) {
	r.place(docs, n.place(), f, hint, format, args...)
}

func (r *reporter) place(docs *Documents, p Place, f finding, hint, format string, args ...any) {
	level := f.level
	if level == LevelError && docs.Unused(p.Kind, p.Document.Name) {
		level = LevelWarning
	}
	r.add(p.Message(f.code, f.rule, level, hint, fmt.Sprintf(format, args...)))
}

// Message makes a message about the value at the place. The text gets the document's name in front.
func (p Place) Message(code, rule string, level Level, hint, text string) Message {
	if s := p.Subject(); s != "" {
		text = s + ": " + text
	}
	m := Message{
		Code: code, Rule: rule, Level: level, Text: text, Hint: hint,
		File: p.File, Line: p.Line, Column: p.Column, Path: p.Path,
	}
	if p.Document.Schema != "" {
		m.Documents = []DocumentRef{p.Document}
	}
	return m
}

// messageKey is what makes a message the same as another.
type messageKey struct {
	code, rule, file, path, text string
	line, column                 int
}

func (m Message) key() messageKey {
	return messageKey{m.Code, m.Rule, m.File, m.Path, m.Text, m.Line, m.Column}
}

// Distinct returns the messages without repetitions, in the same order.
func (ms Messages) Distinct() Messages {
	var r reporter
	for _, m := range ms {
		r.add(m)
	}
	return r.messages
}

// Sort orders messages by file, line, column and code; the order of messages at one place is kept.
func (ms Messages) Sort() {
	slices.SortStableFunc(ms, func(a, b Message) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Text, b.Text))
	})
}
