// Package diff compares two designs by what they make of the machines: network, storage, platform, boot actions, tags, identity
// and out-of-band control of each node, and whether a node has to be deployed again to become what the second design says.
//
// It compares applied models, not documents: moving a value from a node to its profile, or renaming a link, is no
// difference. It never shows a credential: that one changed is all it says.
package diff
