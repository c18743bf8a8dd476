package worker

import (
	"context"
	"errors"

	"drydock/design"
	"drydock/drivers"
	"drydock/starter/config"
)

// Images asks the bootstrapper of a site what it could install of the platforms of its nodes, as a worker of this
// configuration would. It changes nothing.
func Images(ctx context.Context, cfg config.Config, site *design.Site) (drivers.Images, error) {
	chosen, err := newDrivers(cfg.Drivers, cfg.Design.Limits)
	if err != nil {
		return drivers.Images{}, err
	}
	defer chosen.Close()
	node, err := chosen.Node(site)
	if err != nil {
		return drivers.Images{}, err
	}
	catalog, ok := node.(drivers.ImageCatalog)
	if !ok {
		return drivers.Images{}, &drivers.Error{Class: drivers.NotSupported, Subject: "site " + site.Name,
			Err:    errors.New("the node driver " + node.Name() + " can't tell what images there are"),
			Advice: "run drydock task run verify-site"}
	}
	return catalog.Images(ctx, drivers.SiteCall{Site: site, Nodes: site.Nodes})
}
