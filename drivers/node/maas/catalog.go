package maas

import (
	"context"
	"slices"
	"strings"

	"drydock/design"
	"drydock/drivers"
)

var _ drivers.ImageCatalog = (*Driver)(nil)

// Images compares the platforms of the nodes with what MAAS has (boot-resources/).
func (d *Driver) Images(ctx context.Context, call drivers.SiteCall) (drivers.Images, error) {
	s, err := d.siteSession(ctx, drivers.ValidateNodeServices, call)
	if err != nil {
		return drivers.Images{}, err
	}
	have, err := s.images()
	if err != nil {
		return drivers.Images{}, err
	}
	out := drivers.Images{Available: have.names()}
	for _, n := range call.Nodes {
		if n.Platform.Image == "" {
			continue
		}
		lacks := design.Platform{Image: n.Platform.Image}
		switch p := (platform{series(n.Platform.Image), n.Platform.Kernel}); {
		case !have.hasImage(p.image):
		case !have.has(p):
			lacks.Kernel = n.Platform.Kernel
		default:
			continue
		}
		if !slices.ContainsFunc(out.Missing, func(p design.Platform) bool { return p.Image == lacks.Image && p.Kernel == lacks.Kernel }) {
			out.Missing = append(out.Missing, lacks)
		}
	}
	return out, nil
}

// names lists each image, by the word that a design has for it, with its kernels.
func (im images) names() []string {
	kernels := map[string][]string{}
	for _, r := range im {
		name := strings.TrimPrefix(r.Name, "ubuntu/")
		_, kernel, _ := strings.Cut(r.Architecture, "/")
		if !slices.Contains(kernels[name], kernel) {
			kernels[name] = append(kernels[name], kernel)
		}
	}
	var out []string
	for name, all := range kernels {
		slices.Sort(all)
		out = append(out, name+" with kernel "+strings.Join(all, ", "))
	}
	slices.Sort(out)
	return out
}
