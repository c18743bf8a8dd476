package bootaction

import (
	"errors"
	"fmt"

	"drydock/design"
)

// Options are the values of a deployment that templates of boot actions may ask for. A template that asks for one that
// is not set is an error: a node is better not deployed than deployed with a hole in its configuration.
type Options struct {
	// DesignRef is action.design_ref: where the design was read from.
	DesignRef string
	// ActionID returns action.action_id, which tells this boot action on this node from all others.
	ActionID func(action string) string
	// ReportURL is action.report_url: where the node reports the result of its boot actions.
	ReportURL string
	// ActionKey is action.action_key, with which the node proves who it is when it reports. It appears in user data whose
	// templates ask for it, and never in an error.
	ActionKey design.Secret
	// Fetch returns the content of an asset that has a location. nil: such assets stay undelivered, and so do those whose
	// location wants a token of a service (a scheme such as promenade+http), which nobody here has.
	Fetch func(location string) ([]byte, error)
	// Limits of each template.
	Limits Limits
}

// Result is what UserData made.
type Result struct {
	// UserData is a document of type #cloud-config; nil when the node gets nothing.
	UserData []byte
	// Undelivered names each asset that is meant for the node and is not in UserData, and why.
	Undelivered []string
}

// maxUserData bounds the document in bytes. Bootstrappers and metadata services keep it in memory and in a database.
const maxUserData = 8 << 20

// UserData makes the user data of a node: the assets of all boot actions that select it, in the order of the design.
// The same design, node and options give the same bytes.
//
// Files and units are written before packages are installed; units are enabled and started after that. It returns all
// errors at once; each names boot action, node, asset and, for a template, its line.
func UserData(site *design.Site, node *design.Node, opts Options) (Result, error) {
	if site == nil || node == nil {
		return Result{}, errors.New("make user data: no site or no node given")
	}
	var (
		result Result
		doc    = newDocument()
		failed []error
	)
	for _, action := range site.BootActions {
		if !selects(site, action.Filter, node) {
			continue
		}
		for i, asset := range action.Assets {
			subject := fmt.Sprintf("boot action %s for node %s: asset %d (%s)", action.Name, node.Name, i+1, describe(asset))
			steps := pipeline{limits: opts.Limits, context: func() map[string]any { return templateContext(site, node, action.Name, opts) }}
			if why := undelivered(asset.Location, opts); why != "" {
				result.Undelivered = append(result.Undelivered,
					fmt.Sprintf("%s: its content is to be fetched from %s, %s", subject, origin(asset.Location), why))
				continue
			}
			asset, err := fetched(asset, opts.Fetch, steps)
			if err == nil {
				err = doc.add(asset, subject, steps)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("make %s: %w", subject, hide(err, opts.ActionKey)))
			}
		}
	}
	if len(failed) > 0 {
		return Result{}, errors.Join(failed...)
	}
	data, err := doc.encode()
	if err != nil {
		return Result{}, fmt.Errorf("make user data of node %s: %w", node.Name, err)
	}
	if len(data) > maxUserData {
		return Result{}, fmt.Errorf("make user data of node %s: %d bytes are more than the %d that are allowed",
			node.Name, len(data), maxUserData)
	}
	result.UserData = data
	return result, nil
}
