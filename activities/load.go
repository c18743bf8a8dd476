package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/activity"

	"drydock/design"
	"drydock/design/ingest"
	"drydock/drivers"
)

// LoadInput asks for a design and the nodes that a task is about.
type LoadInput struct {
	DesignRef  string             `json:"design_ref"`
	NodeFilter *design.NodeFilter `json:"node_filter,omitempty"`
	AllNodes   bool               `json:"all_nodes,omitempty"`
	// Touches: the task may reboot or wipe machines, so that nodes have to be selected explicitly.
	Touches bool `json:"touches,omitempty"`
	// PerNode: the task is about nodes, so that none is an error.
	PerNode bool `json:"per_node,omitempty"`
	// Task becomes the task that made the design current; "" leaves the current design of the site as it is.
	Task string `json:"task,omitempty"`
}

// Loaded is what became of a design reference. It holds names and findings, never a document.
type Loaded struct {
	Site   string   `json:"site"`
	Digest string   `json:"digest"`
	Valid  bool     `json:"valid"`
	Nodes  []Target `json:"nodes"`
	// All: the nodes are all of the design.
	All bool `json:"all,omitempty"`
	// Findings are the messages about the design, errors first, at most 200.
	Findings design.Messages `json:"findings,omitempty"`
	// Counts of all messages by level.
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
}

// Target is a node that a task is about.
type Target struct {
	Node string `json:"node"`
	Rack string `json:"rack,omitempty"`
}

const maxFindings = 200

func (a *Activities) loadDesign(ctx context.Context, in LoadInput) (Loaded, error) {
	scrub := newScrubber(a.Drivers.Secrets())
	loaded, err := a.load(ctx, in, &scrub)
	return loaded, a.fail(ctx, LoadDesign, err, scrub)
}

func (a *Activities) load(ctx context.Context, in LoadInput, scrub *scrubber) (Loaded, error) {
	invalid := func(advice, format string, args ...any) error {
		return &drivers.Error{Class: drivers.InvalidRequest, Action: LoadDesign, Err: fmt.Errorf(format, args...), Advice: advice}
	}
	if strings.TrimSpace(in.DesignRef) == "" {
		return Loaded{}, invalid("give one: file:///path, http(s)://..., or design:sha256:<digest>", "the request has no design_ref")
	}
	result, err := a.Load(ctx, in.DesignRef)
	if err != nil {
		return Loaded{}, readError(in.DesignRef, err)
	}
	site := result.Site
	*scrub = newScrubber(a.Drivers.Secrets(), site.Nodes...)
	loaded := Loaded{Site: site.Name, Digest: site.Digest, Valid: result.Messages.Valid(), Nodes: []Target{}}
	loaded.findings(result.Messages, *scrub)
	if !loaded.Valid {
		return loaded, nil
	}
	if in.PerNode {
		if err := in.NodeFilter.Check(site); err != nil {
			return loaded, invalid("correct the node_filter of the request", "the node filter is not valid: %w", err)
		}
		if in.Touches && !in.AllNodes && emptyFilter(in.NodeFilter) {
			return loaded, invalid(`name the nodes in "node_filter", or say "all_nodes": true (on the command line: --node, --rack, --tag, --label, or --all)`,
				"the task may reboot or wipe machines, and no nodes were selected: that is never taken for all of them")
		}
		filter := in.NodeFilter
		if in.AllNodes && emptyFilter(filter) {
			filter = nil
		}
		nodes := filter.Select(site)
		for _, n := range nodes {
			loaded.Nodes = append(loaded.Nodes, Target{Node: n.Name, Rack: n.Rack})
		}
		loaded.All = len(nodes) == len(site.Nodes)
		if len(nodes) == 0 {
			return loaded, &drivers.Error{Class: drivers.NotFound, Action: LoadDesign, Subject: "site " + site.Name,
				Err: errors.New("the node filter selects no node of the design"), Advice: "compare it with the node names, racks, tags and labels of the design"}
		}
	}
	if err := a.Store.PutDesign(ctx, site.Digest, site.Name, result.Documents.Canonical()); err != nil {
		return loaded, fmt.Errorf("keep the design %s: %w", site.Digest, err)
	}
	if in.Task != "" {
		if err := a.claim(ctx, site.Name, func() error { return a.Store.SetCurrent(ctx, site.Name, site.Digest, in.Task) }); err != nil {
			return loaded, err
		}
	}
	return loaded, nil
}

func emptyFilter(f *design.NodeFilter) bool {
	if f == nil {
		return true
	}
	for _, t := range f.Set {
		if len(t.NodeNames)+len(t.NodeTags)+len(t.NodeLabels)+len(t.RackNames)+len(t.RackLabels) > 0 {
			return false
		}
	}
	return true
}

// findings keeps the messages, errors first, within bounds.
func (l *Loaded) findings(messages design.Messages, scrub scrubber) {
	for _, level := range []design.Level{design.LevelError, design.LevelWarning, design.LevelInfo} {
		for _, m := range messages {
			if m.Level != level {
				continue
			}
			switch level {
			case design.LevelError:
				l.Errors++
			case design.LevelWarning:
				l.Warnings++
			case design.LevelInfo:
				continue // rules that found nothing: noise in a history
			}
			if len(l.Findings) < maxFindings {
				m.Text, m.Hint = clip(scrub.clean(m.Text), 500), clip(scrub.clean(m.Hint), 300)
				l.Findings = append(l.Findings, m)
			}
		}
	}
}

func readError(ref string, err error) error {
	class, advice := drivers.InvalidDesign, "see that the worker can read it"
	var e *ingest.Error
	if errors.As(err, &e) {
		switch e.Kind {
		case ingest.NotFound:
			class, advice = drivers.NotFound, "the worker reads references, not the client: use one that the worker can reach"
		case ingest.Unreachable:
			class, advice = drivers.Unreachable, "see that its server answers"
		case ingest.Denied:
			class, advice = drivers.AuthFailed, "see that the worker may read it"
		}
		return &drivers.Error{Class: class, Action: LoadDesign, Err: err, Advice: advice}
	}
	return fmt.Errorf("read the design %s: %w", ref, err)
}

// claim runs a change of a site's design lock. Where another task holds the lock but has ended without giving it back
// (terminated), the lock is taken from it.
func (a *Activities) claim(ctx context.Context, site string, change func() error) error {
	err := change()
	if err == nil {
		return nil
	}
	holder, held, herr := a.Store.Holder(ctx, site)
	if herr != nil || !held {
		return fmt.Errorf("lock the design of site %s: %w", site, err)
	}
	running, rerr := workflowRuns(ctx, activity.GetClient(ctx), holder)
	if rerr != nil {
		return fmt.Errorf("see whether task %s still holds site %s: %w", holder, site, rerr)
	}
	if !running {
		if err := a.Store.Unlock(ctx, site, holder); err != nil {
			return fmt.Errorf("take the lock of site %s from task %s, which has ended: %w", site, holder, err)
		}
		if err := change(); err == nil {
			return nil
		}
	}
	return &drivers.Error{Class: drivers.Conflict, Action: LockSite, Subject: "site " + site,
		Err:    fmt.Errorf("its design is locked by task %s, which is preparing the site", holder),
		Advice: "wait until that task has ended, or cancel it"}
}
