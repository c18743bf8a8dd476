// Package validate checks a compiled design for mistakes that reading it does not show: addresses outside their network,
// references to nothing, disks that can't hold a system, controllers without credentials.
//
// Each rule stands alone in a small file and is run alone: one that breaks is one message and hides no other. Rules look at
// the design only; what depends on a live system, such as whether the bootstrapper has an image, is checked by the
// site's preparation. Rules refuse nothing themselves: they say what is wrong, and whoever acts on designs refuses one
// with an error.
package validate
