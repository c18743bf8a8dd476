package server

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"drydock/design"
	"drydock/workflows"
)

// readTask reads the body of POST /tasks: action, design_ref and node_filter as the original has them, and all_nodes,
// policy and reason of our own.
func readTask(o object) (workflows.Kind, workflows.Request, error) {
	o.only("action", "design_ref", "node_filter", "all_nodes", "policy", "reason")
	kind := readAction(o)
	request := workflows.Request{
		DesignRef:  readDesignRef(o),
		NodeFilter: readFilter(o),
		AllNodes:   o.flag("all_nodes"),
		Policy:     readPolicy(o),
		Reason:     o.text("reason"),
	}
	if withoutSecrets(request.DesignRef) != request.DesignRef {
		o.mistake("design_ref", "holds a user, password or token, which the record of the task would keep: give the worker the credentials of the design store instead")
	}
	switch {
	case request.AllNodes && o.has("node_filter"):
		o.mistake("all_nodes", "contradicts node_filter: give one of them")
	case kind.Touches && !request.AllNodes && !o.has("node_filter"):
		// The original takes no filter as all nodes. For what reboots or wipes machines that is one forgotten key away from
		// the loss of a site.
		o.mistake("node_filter", "is required for %s, which reboots or erases machines: name the nodes, or say \"all_nodes\": true", kind.Action)
	}
	return kind, request, o.err()
}

func readAction(o object) workflows.Kind {
	action := o.text("action")
	var known []string
	for _, k := range workflows.Kinds() {
		if k.Action == action {
			return k
		}
		known = append(known, k.Action)
	}
	switch {
	case action == "" && o.has("action"): // no string, and said so, or an empty one
		o.mistake("action", "is empty: known are %s", strings.Join(known, ", "))
	case action == "":
		o.mistake("action", "is required: one of %s", strings.Join(known, ", "))
	case action == "relabel_nodes":
		o.mistake("action", "relabel_nodes is not built: set the labels of Kubernetes nodes in Kubernetes")
	default:
		o.mistake("action", "%.64q is not known: known are %s", action, strings.Join(known, ", "))
	}
	return workflows.Kind{}
}

func readDesignRef(o object) string {
	ref := o.text("design_ref")
	if ref == "" {
		o.mistake("design_ref", "is required: where the design is, such as deckhand+http://... or file:///...")
	}
	return ref
}

// readFilter reads the selection of nodes; nil when it is absent or null.
func readFilter(o object) *design.NodeFilter {
	f, ok := o.object("node_filter")
	if !ok {
		return nil
	}
	f.only("filter_set_type", "filter_set")
	filter := &design.NodeFilter{SetType: readJoin(f, "filter_set_type")}
	if !f.has("filter_set") {
		f.mistake("filter_set", "is required: a list of filters")
	}
	for _, t := range f.objects("filter_set") {
		t.only("filter_type", "node_names", "node_tags", "node_labels", "rack_names", "rack_labels")
		filter.Set = append(filter.Set, design.FilterTerm{
			Type:       readJoin(t, "filter_type"),
			NodeNames:  t.texts("node_names"),
			NodeTags:   t.texts("node_tags"),
			NodeLabels: t.labels("node_labels"),
			RackNames:  t.texts("rack_names"),
			RackLabels: t.labels("rack_labels"),
		})
	}
	return filter
}

// readJoin reads how filters are joined; absent leaves it to the design package, which says what that means.
func readJoin(o object, key string) string {
	return oneOf(o, key, design.FilterUnion, design.FilterIntersection)
}

func readPolicy(o object) workflows.Policy {
	p, ok := o.object("policy")
	if !ok {
		return workflows.Policy{}
	}
	p.only("on_failure", "on_busy", "max_parallel")
	policy := workflows.Policy{
		OnFailure: oneOf(p, "on_failure", workflows.PolicyFail, workflows.PolicyWait),
		OnBusy:    oneOf(p, "on_busy", workflows.PolicyFail, workflows.PolicyWait, workflows.PolicySkip),
	}
	get(p, "max_parallel", "a whole number", &policy.MaxParallel)
	if policy.MaxParallel < 0 {
		p.mistake("max_parallel", "is negative")
	}
	return policy
}

func oneOf(o object, key string, values ...string) string {
	s := o.text(key)
	if s != "" && !slices.Contains(values, s) {
		o.mistake(key, "%.64q is none of %s", s, strings.Join(values, ", "))
	}
	return s
}

// readSteer reads the body of retry and skip: nodes and reason. No nodes means all that wait or failed; an empty list is
// refused, because who made it may have meant none.
func readSteer(o object) (workflows.Steer, error) {
	o.only("nodes", "reason")
	steer := workflows.Steer{Nodes: o.texts("nodes"), Reason: o.text("reason")}
	if o.has("nodes") && len(steer.Nodes) == 0 {
		o.mistake("nodes", "is empty: name nodes, or leave it out for all")
	}
	return steer, o.err()
}

var (
	// userinfo finds a user or password in a reference, whatever else may be wrong with the reference. A token may stand
	// where the user does.
	userinfo = regexp.MustCompile(`://[^\s/?#"]*@`)
	// token finds parameters of an address that sound like a secret.
	token = regexp.MustCompile(`(?i)([?&](?:[^=&\s]*(?:token|secret|passw|signature|api[-_]?key|access[-_]?key|credential)[^=&\s]*|sig|key)=)[^&\s"]+`)
)

// withoutSecrets is a reference, or a text with references in it, that may be shown.
func withoutSecrets(text string) string {
	return token.ReplaceAllString(userinfo.ReplaceAllString(text, "://xxxxx@"), "${1}xxxxx")
}

// user says who sends the request, for the record.
func (a *api) user(r *http.Request) string {
	if a.User != nil {
		return a.User(r)
	}
	name := strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, r.Header.Get("X-End-User"))
	if name = strings.TrimSpace(name); name == "" {
		return "anonymous"
	}
	return cut(name, 64)
}
