package validate

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"drydock/design"
)

// Rule is one check of a design. Codes are those of the design format and not unique; slugs are unique.
type Rule struct {
	Code  string
	Slug  string
	Title string
	// Level of the rule's messages, unless the rule says otherwise of a case.
	Level design.Level
	// Why says what goes wrong with a design that has the fault.
	Why string
	// Hint is what to do about a finding.
	Hint string
	// Profiles: the rule also looks at host profiles that no node has; what it finds there is a warning.
	Profiles bool

	check func(*run)
}

// Rules returns all rules in the order in which they are run.
func Rules() []Rule {
	return []Rule{
		siteContent, networkPresence, cidrOverlap, duplicateCIDR, rangeValidity, ipLocality, duplicateAddress, reservedAddress,
		dynamicAddress, staticRange, dhcpRelay,
		mtuRationality, trunkingRationality, vlanReuse, bondRationality,
		networkReferences, rackReferences, allowedNetworks, primaryNetwork, slaveRationality, hardwareProfile, deviceAliases,
		bootStorage, systemSize, storagePartitioning, storageSizing, storageMountpoint,
		hugepages, platformSelection, hostnameValidity, duplicateMAC,
		controllerConfiguration, libvirtConfiguration,
		bootActionScope, bootActionAssets, bootActionFilter, packageList,
	}
}

// subject is a node under check, or an unused profile in the form of the node that it would make.
type subject struct {
	*design.Node
	kind string
}

// run is one run of one rule.
type run struct {
	rule     Rule
	docs     *design.Documents
	site     *design.Site
	nodes    []subject
	known    *known
	messages design.Messages
}

// Check runs all rules over a design. The messages are in no particular order and may repeat a fault that nodes share;
// Load sorts and thins them.
func Check(docs *design.Documents, site *design.Site) design.Messages {
	return check(Rules(), docs, site)
}

func check(rules []Rule, docs *design.Documents, site *design.Site) design.Messages {
	nodes := subjects(design.KindBaremetalNode, site.Nodes)
	all := append(slices.Clip(nodes), subjects(design.KindHostProfile, design.UnusedProfiles(docs, site))...)
	shared := newKnown(docs, all)
	found := make([]design.Messages, len(rules))
	var (
		next  atomic.Int64
		group sync.WaitGroup
	)
	for range min(runtime.GOMAXPROCS(0), len(rules)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(rules); i = int(next.Add(1)) - 1 {
				r := &run{rule: rules[i], docs: docs, site: site, nodes: nodes, known: shared}
				if r.rule.Profiles {
					r.nodes = all
				}
				found[i] = r.isolated()
			}
		})
	}
	group.Wait()
	return slices.Concat(found...)
}

func subjects(kind string, nodes []*design.Node) []subject {
	out := make([]subject, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, subject{n, kind})
	}
	return out
}

// isolated runs the rule; should the rule break, that is an error too, since the design was not checked.
func (r *run) isolated() (out design.Messages) {
	defer func() {
		if cause := recover(); cause != nil {
			out = append(r.messages, design.Message{
				Code: r.rule.Code, Rule: r.rule.Slug, Level: design.LevelError,
				Text: fmt.Sprintf("rule %q broke while it looked at the design, so this was not checked", r.rule.Title),
				Hint: "this is a defect of the program, please report it with the design",
			})
		}
	}()
	r.rule.check(r)
	return r.messages
}

// at finds where a value of a document stands.
func (r *run) at(kind, name string, path ...any) design.Place {
	return r.docs.Locate(kind, name, path...)
}

// of finds where a value of a node stands: in the node itself or in a profile that it inherits from.
func (r *run) of(s subject, path ...any) design.Place { return r.docs.Locate(s.kind, s.Name, path...) }

// found reports a fault with the level and hint of the rule.
func (r *run) found(p design.Place, format string, args ...any) {
	r.report(p, r.rule.Level, r.rule.Hint, fmt.Sprintf(format, args...))
}

// warn reports a fault of a rule of errors that is only worth a warning.
func (r *run) warn(p design.Place, format string, args ...any) {
	r.report(p, design.LevelWarning, r.rule.Hint, fmt.Sprintf(format, args...))
}

func (r *run) report(p design.Place, level design.Level, hint, text string) {
	if level == design.LevelError && r.docs.Unused(p.Kind, p.Document.Name) {
		level = design.LevelWarning
	}
	r.messages = append(r.messages, p.Message(r.rule.Code, r.rule.Slug, level, hint, text))
}

// siteWide reports something that has no place in the stream.
func (r *run) siteWide(level design.Level, text string) {
	r.messages = append(r.messages, design.Message{
		Code: r.rule.Code, Rule: r.rule.Slug, Level: level, Text: text, Hint: r.rule.Hint,
	})
}
