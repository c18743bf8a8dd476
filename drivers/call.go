package drivers

import (
	"context"

	"drydock/design"
	"drydock/design/build"
)

// NodeCall is what an action on one node is given: desired state, known state, and the memory of the attempt.
type NodeCall struct {
	Site  *design.Site
	Node  *design.Node
	Build build.Node // a copy; return a changed one in Report.Build
	// Boot is the argument of SetNodeBoot; other actions ignore it.
	Boot BootTarget
	// Journal is never nil.
	Journal Journal
}

// SiteCall is what an action on the site is given.
type SiteCall struct {
	Site *design.Site
	// Nodes are the nodes that the task is about: images, for one, are only needed for their platforms.
	Nodes []*design.Node
	// RequireImages makes ValidateNodeServices fail where an image of the nodes' platforms is missing; otherwise it says
	// so in a message.
	RequireImages bool
	Journal       Journal
}

// BootDevice is where a machine looks for its system.
type BootDevice string

// Boot devices.
const (
	BootPXE  BootDevice = "pxe"
	BootDisk BootDevice = "disk"
)

// BootTarget asks for a boot device, for the next boot only or until it is changed.
type BootTarget struct {
	Device BootDevice `json:"device,omitempty"`
	Once   bool       `json:"once,omitempty"`
}

// Journal remembers, across attempts of the same action of the same task, that something was begun which must not be
// begun twice. Notes are durable before Note returns: kill the process after it, and the next attempt reads them.
type Journal interface {
	// Noted returns the text that an earlier or this attempt noted under the key; ok is false when there is none.
	Noted(ctx context.Context, key string) (text string, ok bool, err error)
	// Note records a text under the key, replacing an earlier one.
	Note(ctx context.Context, key, text string) error
}
