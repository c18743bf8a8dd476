package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"drydock/design"
)

// Entry is one rule of the catalog: a Rule of this package, or a mistake that reading or compiling a design finds.
type Entry struct {
	Code  string       `json:"code"` // not unique
	Slug  string       `json:"rule"` // unique
	Level design.Level `json:"level"`
	Title string       `json:"title"`
	Why   string       `json:"why"`  // what goes wrong with a design that has the fault
	Hint  string       `json:"hint"` // what to do, where a message has no better advice
}

// Catalog is every rule that a message can name, sorted by code and slug.
func Catalog() []Entry {
	var out []Entry
	for _, r := range Rules() {
		out = append(out, Entry{r.Code, r.Slug, r.Level, r.Title, r.Why, r.Hint})
	}
	for _, m := range design.Mistakes() {
		about := mistakes[m.Rule]
		out = append(out, Entry{Code: m.Code, Slug: m.Rule, Level: m.Level, Title: about.title, Why: about.why, Hint: about.hint})
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Slug, b.Slug)) })
	return out
}

// mistakes says why the mistakes of reading and compiling matter. The hints are for messages that have none of their own.
var mistakes = map[string]struct{ title, why, hint string }{
	"yaml-syntax":                 {"YAML that can't be read", "nothing of the document is known, so nothing of it is done", "correct the line; text with special characters needs quotes"},
	"design-limit":                {"Limits of size", "a design beyond the limits would take the memory of everybody else", "split the design or simplify it; limits can be configured"},
	"document-envelope":           {"Envelope of a document", "a document is a mapping of schema, metadata and data", "write schema, metadata with a name, and data"},
	"unknown-namespace":           {"Namespaces that are nearly ours", "documents of other namespaces are passed over, and a misspelled one would be, too", "write drydock/ in front of the kind"},
	"document-without-schema":     {"Documents without a schema", "what a document is can't be told without its schema", "give the document a schema such as drydock/Network/v1"},
	"unknown-kind":                {"Kinds and versions of documents", "a document of an unknown kind would silently be left out", "see the kinds with: drydock design schema --help"},
	"missing-field":               {"Required fields", "there is no default that could be meant", "give it a value; what a kind needs is in: drydock design schema KIND"},
	"duplicate-document":          {"Documents with one name", "references are by name, and could mean either", "names are unique within a kind; rename or remove one"},
	"unknown-field":               {"Unknown fields", "a misspelled field would silently be left out", "correct or remove it; the fields of a kind are in: drydock design schema KIND"},
	"wrong-type":                  {"Types of values", "readers of YAML turn an unquoted value into different ones", "what a field may be is in: drydock design schema KIND"},
	"wrong-value":                 {"Words and patterns", "a word that is not known can't be acted upon", "what a field may be is in: drydock design schema KIND"},
	"duplicate-key":               {"Keys that stand twice", "readers of YAML silently take one of the two values", "remove one of them"},
	"unquoted-boolean":            {"Booleans of YAML 1.1", "yes, no, on and off are booleans to some readers and text to others", "put it in quotes, or write true or false"},
	"undefined-host-profile":      {"References to host profiles", "a node would lack all that it is to inherit", "name a HostProfile document of the design"},
	"host-profile-cycle":          {"Circles of host profiles", "a profile can't be made of itself", "break the circle: a profile can't inherit from itself"},
	"undefined-hardware-profile":  {"References to hardware profiles", "aliases of cards and disks can't be resolved without one", "name a HardwareProfile document of the design"},
	"removal-without-target":      {"Removals of nothing", "what was to be removed is most likely still there, under its right name", "check the spelling, or drop it"},
	"unresolved-kernel-parameter": {"Kernel parameters by reference", "the kernel would be booted with the text of the reference", "known are hardwareprofile:cpuset.<name> and hardwareprofile:hugepages.<name>.size or .count"},
	"malformed-address":           {"IP addresses", "an address that is none can't be configured", "write an IP address such as 10.1.2.3"},
	"cidr-validity":               {"CIDR Validity", "a network with host bits is read differently by different tools", "write a network such as 10.1.2.0/24, without host bits"},
	"vlan-validity":               {"VLAN tags", "switches know the tags 1 to 4094", "a tag is 1 to 4094; leave vlan out for an untagged network"},
	"boot-mac-validity":           {"MAC addresses", "a machine is recognised by its boot MAC", "write six pairs such as 52:54:00:12:34:56"},
	"storage-size-format":         {"Sizes", "a size that can't be read makes no partition", "write an amount such as 20g, 30% or >10g"},
}

// advise gives messages that have no hint the one of their rule.
func advise(messages design.Messages) {
	for i, m := range messages {
		if m.Hint == "" {
			messages[i].Hint = mistakes[m.Rule].hint
		}
	}
}

// Markdown is the catalog as a page of documentation.
func Markdown(entries []Entry) string {
	var b strings.Builder
	b.WriteString("# Rules of designs\n\n" +
		"Generated by `drydock design rules -o markdown`. A message names its rule; codes are those of the design format and not unique.\n" +
		"A design with an error is not acted upon. A fault in a profile that no node uses is a warning, whatever the level of its rule,\n" +
		"and a rule of errors warns where a case is only suspicious. DD3001 is an information where no bootstrapper is at hand to ask.\n\n" +
		"| code | rule | level | what it looks at | why | what to do |\n|---|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;")
	for _, e := range entries {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n", e.Code, e.Slug, e.Level, cell.Replace(e.Title), cell.Replace(e.Why), cell.Replace(e.Hint))
	}
	return b.String()
}
