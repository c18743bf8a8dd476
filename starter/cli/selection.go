package cli

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drydock/design"
	"drydock/workflows"
)

// selection is the flags that say what a task is about.
type selection struct {
	design string
	nodes  []string
	racks  []string
	tags   []string
	labels []string
	all    bool

	onFailure   string
	onBusy      string
	maxParallel int
	reason      string
}

func (c commands) selectionFlags(cmd *cobra.Command) *selection {
	s := &selection{}
	f := cmd.Flags()
	f.StringVar(&s.design, "design", "", "the design: a path, or a reference (file://, http(s)://, deckhand+http(s)://, design:sha256:...)")
	f.StringSliceVar(&s.nodes, "node", nil, "only nodes of these `names`")
	f.StringSliceVar(&s.racks, "rack", nil, "only nodes in these racks (`names`)")
	f.StringSliceVar(&s.tags, "tag", nil, "only nodes with any of these `tags`")
	f.StringSliceVar(&s.labels, "label", nil, "only nodes with all of these labels (`key=value`)")
	f.BoolVar(&s.all, "all", false, "all nodes of the design")
	f.StringVar(&s.reason, "reason", "", "why, for the record")
	_ = cmd.MarkFlagRequired("design")
	_ = cmd.RegisterFlagCompletionFunc("node", c.completeFromDesign(s, func(site *design.Site) (names []string) {
		for _, n := range site.Nodes {
			names = append(names, n.Name)
		}
		return names
	}))
	_ = cmd.RegisterFlagCompletionFunc("rack", c.completeFromDesign(s, func(site *design.Site) (names []string) {
		for _, r := range site.Racks {
			names = append(names, r.Name)
		}
		return names
	}))
	return s
}

func (s *selection) policyFlags(cmd *cobra.Command) {
	s.onFailure, s.onBusy = workflows.PolicyFail, workflows.PolicyFail
	choice(cmd, &s.onFailure, "on-failure", "", "a node whose step failed for good", []string{workflows.PolicyFail, workflows.PolicyWait})
	choice(cmd, &s.onBusy, "on-busy", "", "a node that another task holds", []string{workflows.PolicyFail, workflows.PolicyWait, workflows.PolicySkip})
	cmd.Flags().IntVar(&s.maxParallel, "max-parallel", 0, "how many nodes are worked on at once (default 50)")
}

// request is the request of a task. All mistakes are told at once.
//
// Values of one flag are alternatives (labels excepted), different flags must all hold: adding a flag never selects more.
func (s *selection) request(a *App, kind workflows.Kind) (workflows.Request, error) {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }

	ref, err := designReference(a.Dir, s.design)
	if err != nil {
		mistakes = append(mistakes, err)
	}
	labels := map[string]string{}
	for _, l := range s.labels {
		key, value, ok := strings.Cut(l, "=")
		if !ok || key == "" {
			mistake("--label %s: must be key=value", l)
		}
		labels[key] = value
	}
	filter := s.filter(labels)
	switch {
	case s.all && filter != nil:
		mistake("--all contradicts --node, --rack, --tag and --label: leave one of them out")
	case !kind.PerNode && (s.all || filter != nil):
		mistake("%s is about the site: it takes no --node, --rack, --tag, --label or --all", kind.Word())
	case kind.Touches && !s.all && filter == nil:
		mistake("%s may reboot or wipe machines: say which with --node, --rack, --tag or --label, or --all for every node of the design", kind.Word())
	}
	if s.maxParallel < 0 {
		mistake("--max-parallel must not be negative")
	}
	if len(mistakes) > 0 {
		return workflows.Request{}, usage(errors.Join(mistakes...))
	}
	return workflows.Request{
		DesignRef: ref, NodeFilter: filter, AllNodes: s.all,
		Policy: workflows.Policy{OnFailure: s.onFailure, OnBusy: s.onBusy, MaxParallel: s.maxParallel},
		Reason: s.reason, RequestedBy: a.User,
	}, nil
}

func (s *selection) filter(labels map[string]string) *design.NodeFilter {
	f := design.NodeFilter{SetType: design.FilterIntersection}
	if len(s.nodes) > 0 {
		f.Set = append(f.Set, design.FilterTerm{Type: design.FilterUnion, NodeNames: s.nodes})
	}
	if len(s.racks) > 0 {
		f.Set = append(f.Set, design.FilterTerm{Type: design.FilterUnion, RackNames: s.racks})
	}
	if len(s.tags) > 0 {
		f.Set = append(f.Set, design.FilterTerm{Type: design.FilterUnion, NodeTags: s.tags})
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		f.Set = append(f.Set, design.FilterTerm{Type: design.FilterUnion, NodeLabels: map[string]string{key: labels[key]}})
	}
	if len(f.Set) == 0 {
		return nil
	}
	return &f
}

// designReference turns a path into the reference that a worker on the same files resolves; references stay as they are.
func designReference(dir, text string) (string, error) {
	switch {
	case text == "-":
		return "", errors.New("--design -: the worker reads the design, and has no part in the standard input of this command; " +
			"write the design to a file that the worker can read, or serve it by http")
	case strings.HasPrefix(text, "design:"), strings.HasPrefix(text, "sha256:"):
		return text, nil
	case strings.Contains(text, "://"):
		u, err := url.Parse(text)
		if err != nil {
			return "", errors.New("--design: the reference is no valid URL")
		}
		if u.User != nil {
			// The reference is kept in the task's history, which people read and export.
			return "", errors.New("--design: the reference must not hold a user or password: it is kept in the task's record")
		}
		return text, nil
	}
	path := text
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if _, err := os.Stat(path); err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return "", fmt.Errorf("--design %s: %w (a path that only the worker has: write file://%s)", text, err, path)
	}
	return (&url.URL{Scheme: "file", Path: path}).String(), nil
}
