package drivers

import (
	"context"

	"drydock/design"
)

// ImageCatalog is a Node driver that can tell what the bootstrapper could install now.
type ImageCatalog interface {
	// Images compares the platforms of call.Nodes with what the bootstrapper has. It changes nothing.
	Images(ctx context.Context, call SiteCall) (Images, error)
}

// Images is what a bootstrapper has of images and kernels.
type Images struct {
	// Missing are platforms of the call whose image or kernel it lacks; those without a Kernel lack the image.
	Missing []design.Platform
	// Available is all that it has, for people, such as "jammy with kernel ga-22.04, hwe-22.04".
	Available []string
}
