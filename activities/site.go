package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"drydock/drivers"
)

type siteActivity = func(context.Context, SiteInput) (Output, error)

// siteActions are the actions of the Node family on the site, by name.
func (a *Activities) siteActions() map[drivers.Action]siteActivity {
	return map[drivers.Action]siteActivity{
		drivers.ValidateNodeServices:     a.onSite(drivers.ValidateNodeServices, drivers.Node.ValidateNodeServices),
		drivers.CreateNetworkTemplate:    a.onSite(drivers.CreateNetworkTemplate, drivers.Node.CreateNetworkTemplate),
		drivers.CreateStorageTemplate:    a.onSite(drivers.CreateStorageTemplate, drivers.Node.CreateStorageTemplate),
		drivers.CreateBootMedia:          a.onSite(drivers.CreateBootMedia, drivers.Node.CreateBootMedia),
		drivers.PrepareHardwareConfig:    a.onSite(drivers.PrepareHardwareConfig, drivers.Node.PrepareHardwareConfig),
		drivers.ConfigureUserCredentials: a.onSite(drivers.ConfigureUserCredentials, drivers.Node.ConfigureUserCredentials),
		drivers.ConfigureNodeProvisioner: a.onSite(drivers.ConfigureNodeProvisioner, drivers.Node.ConfigureNodeProvisioner),
	}
}

func (a *Activities) onSite(action drivers.Action, act siteAction) siteActivity {
	return func(ctx context.Context, in SiteInput) (Output, error) {
		name := string(action)
		stop := beat(ctx, PolicyOf(name).Heartbeat)
		defer stop()
		scrub := newScrubber(a.Drivers.Secrets())
		call, err := a.siteCall(ctx, action, in)
		if err != nil {
			return Output{}, a.fail(ctx, name, err, scrub)
		}
		scrub = newScrubber(a.Drivers.Secrets(), call.Nodes...)
		driver, err := a.Drivers.Node(call.Site)
		if err != nil {
			return Output{}, a.fail(ctx, name, err, scrub)
		}
		report, err := act(driver, ctx, call)
		if err != nil {
			a.logFailure(ctx, name, "site "+in.Site, err, scrub)
			return Output{}, a.fail(ctx, name, err, scrub)
		}
		return a.output(ctx, name, in.Site, report, scrub), nil
	}
}

func (a *Activities) siteCall(ctx context.Context, action drivers.Action, in SiteInput) (drivers.SiteCall, error) {
	site, err := a.site(ctx, in.Design)
	if err != nil {
		return drivers.SiteCall{}, err
	}
	info := activity.GetInfo(ctx)
	call := drivers.SiteCall{Site: site, Nodes: site.Nodes, RequireImages: in.RequireImages,
		Journal: a.Store.Journal(info.WorkflowExecution.ID, info.WorkflowExecution.RunID, info.ActivityID)}
	if len(in.Nodes) > 0 {
		call.Nodes = nil
		for _, name := range in.Nodes {
			node := site.Node(name)
			if node == nil {
				return call, &drivers.Error{Class: drivers.NotFound, Action: action, Subject: "node " + name,
					Err: fmt.Errorf("the design %s of site %s has no such node", in.Design, site.Name)}
			}
			call.Nodes = append(call.Nodes, node)
		}
	}
	return call, nil
}
