package worker

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"

	"github.com/oklog/ulid/v2"

	"drydock/design"
	"drydock/design/bootaction"
	"drydock/design/ingest"
	"drydock/drivers"
	"drydock/starter/config"
)

// locations fetches what assets have elsewhere. The networks were checked with the configuration.
func locations(allow []string, limits config.Limits) ingest.Locations {
	l := ingest.Locations{Limit: int64(limits.LocationBytes), Timeout: limits.LocationTimeout}
	for _, a := range allow {
		if p, err := netip.ParsePrefix(a); err == nil {
			l.Allow = append(l.Allow, p)
		}
	}
	return l
}

// userData is the boot actions of a node as cloud-init takes them. What can't be delivered that way is a warning of the
// deployment, so that nobody takes it for delivered.
func userData(from ingest.Locations, limits bootaction.Limits) func(*design.Site, *design.Node) ([]byte, []string, error) {
	return func(site *design.Site, node *design.Node) ([]byte, []string, error) {
		return userDataOf(site, node, from, limits)
	}
}

func userDataOf(site *design.Site, node *design.Node, from ingest.Locations, limits bootaction.Limits) ([]byte, []string, error) {
	result, err := bootaction.UserData(site, node, bootaction.Options{
		Fetch:     func(location string) ([]byte, error) { return from.Fetch(context.Background(), location) },
		Limits:    limits,
		DesignRef: "design:" + site.Digest,
		ActionID:  func(action string) string { return actionID(site.Digest, node.Name, action) },
	})
	if unreachable := (*ingest.Error)(nil); errors.As(err, &unreachable) && unreachable.Kind == ingest.Unreachable {
		return nil, nil, &drivers.Error{Class: drivers.Unreachable, Action: drivers.DeployNode, Subject: "node " + node.Name, Err: err,
			Advice: "check the server that the boot action names"}
	}
	if err != nil {
		return nil, nil, &drivers.Error{Class: drivers.InvalidDesign, Action: drivers.DeployNode, Subject: "node " + node.Name, Err: err,
			Advice: "correct the boot action and submit the design again"}
	}
	var messages []string
	for _, u := range result.Undelivered {
		messages = append(messages, drivers.Warning(u))
	}
	return result.UserData, messages, nil
}

// actionID is the ID of a boot action on a node: a ULID, since that is what templates of the field expect, and always the
// same for the same design, so that user data made again is the same.
func actionID(digest, node, action string) string {
	sum := sha256.Sum256([]byte(digest + "\x00" + node + "\x00" + action))
	var id ulid.ULID
	copy(id[:], sum[:])
	id[0] &= 0x7f // the largest time that a ULID can hold
	return id.String()
}
