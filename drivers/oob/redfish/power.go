package redfish

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/redfish"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

var _ bmc.Machine = (*system)(nil)

// Power reads PowerState. PoweringOn, PoweringOff and no state at all are a state in motion; Paused is nothing to act on.
func (s *system) Power(ctx context.Context) (string, error) {
	if err := s.read(ctx); err != nil {
		return build.PowerUnknown, err
	}
	switch s.body.PowerState {
	case redfish.OnPowerState:
		return build.PowerOn, nil
	case redfish.OffPowerState:
		return build.PowerOff, nil
	case redfish.PausedPowerState:
		return build.PowerUnknown, bmc.Failf(drivers.Conflict, "resume the system at its BMC", "read the power state: the system is paused")
	}
	return build.PowerUnknown, nil
}

// Marks reads LastResetTime, and the override that waits for the next boot.
func (s *system) Marks(ctx context.Context) (bmc.Marks, error) {
	if err := s.read(ctx); err != nil {
		return bmc.Marks{}, err
	}
	m := bmc.Marks{LastReset: s.body.LastResetTime, OnceLasts: true}
	if b := s.body.Boot; b != nil && text(b.Enabled) == string(redfish.OnceBootSourceOverrideEnabled) {
		m.Once = text(b.Target)
	}
	return m, nil
}

// TurnOn sends On, or what stands in for it. The power button is pushed only where the service lists no other way: after a
// refusal, which may mean that the machine is on by now, it would turn it off.
func (s *system) TurnOn(ctx context.Context) error {
	allowed, err := s.allowedResets(ctx)
	if err != nil {
		return err
	}
	has := func(t redfish.ResetType) bool { return slices.Contains(allowed, t) }
	if has(redfish.PushPowerButtonResetType) && !has(redfish.OnResetType) && !has(redfish.ForceOnResetType) {
		return s.reset(ctx, redfish.PushPowerButtonResetType)
	}
	err = s.reset(ctx, redfish.OnResetType, redfish.ForceOnResetType)
	if errors.Is(err, bmc.ErrNoWay) {
		err = s.lacksReset("any way to turn a system on")
	}
	return err
}

// ShutDown sends GracefulShutdown.
func (s *system) ShutDown(ctx context.Context) error {
	return s.reset(ctx, redfish.GracefulShutdownResetType)
}

// TurnOff sends ForceOff.
func (s *system) TurnOff(ctx context.Context) error {
	err := s.reset(ctx, redfish.ForceOffResetType)
	if errors.Is(err, bmc.ErrNoWay) {
		err = s.lacksReset("ForceOff")
	}
	return err
}

// Restart sends ForceRestart or PowerCycle. GracefulRestart is not sent: nothing tells a system that ignores it from one
// that takes its time.
func (s *system) Restart(ctx context.Context) error {
	return s.reset(ctx, redfish.ForceRestartResetType, redfish.PowerCycleResetType)
}

func (s *system) lacksReset(what string) error {
	f := bmc.Failf(drivers.NotSupported, "move the power by hand, then skip this step", "reset the system: BMC %s does not offer %s", s.endpoint, what)
	f.Refused = true
	return f
}

// reset posts ComputerSystem.Reset with the first of the types that the service allows. A type that it does not know after
// all makes room for the next; any other refusal is final, and a lost answer is never followed by another type.
func (s *system) reset(ctx context.Context, types ...redfish.ResetType) error {
	allowed, err := s.allowedResets(ctx)
	if err != nil {
		return err
	}
	target := s.body.Actions.Reset.Target
	if target == "" {
		target = strings.TrimSuffix(s.uri, "/") + "/Actions/ComputerSystem.Reset"
	}
	for _, t := range types {
		if allowed != nil && !slices.Contains(allowed, t) {
			continue
		}
		err := s.command(ctx, "reset the system with "+string(t), target, map[string]string{"ResetType": string(t)})
		var f *bmc.Fault
		if errors.As(err, &f) && f.Refused && f.Class == drivers.NotSupported {
			continue
		}
		return err
	}
	return bmc.ErrNoWay
}

// allowedResets reads the reset types of the service: from the annotation, or from the ActionInfo resource; nil when it
// tells neither, and all have to be tried.
func (s *system) allowedResets(ctx context.Context) ([]redfish.ResetType, error) {
	if s.told {
		return s.kind, nil
	}
	reset := s.body.Actions.Reset
	s.kind = reset.Allowable
	if len(reset.Allowable) == 0 && reset.ActionInfo != "" {
		var info struct {
			Parameters []struct {
				Name            string
				AllowableValues []redfish.ResetType
			}
		}
		if _, err := s.get(ctx, reset.ActionInfo, &info); err != nil && !isNotFound(err) {
			return nil, err
		}
		for _, p := range info.Parameters {
			if p.Name == "ResetType" {
				s.kind = p.AllowableValues
			}
		}
	}
	if len(s.kind) == 0 {
		s.kind = nil
	}
	s.told = true
	return s.kind, nil
}

// command posts an action and waits for the task that it may start. Where a service wants an ETag (412, 428) it gets one;
// such an answer means that nothing was done.
func (s *system) command(ctx context.Context, doing, target string, body any) error {
	a, err := s.authorised(ctx, http.MethodPost, target, body, "")
	if err == nil && (a.status == http.StatusPreconditionRequired || a.status == http.StatusPreconditionFailed) {
		if err := s.read(ctx); err != nil {
			return err
		}
		tag := s.etag
		if tag == "" {
			tag = "*"
		}
		a, err = s.authorised(ctx, http.MethodPost, target, body, tag)
	}
	if err != nil {
		return err
	}
	return s.follow(ctx, doing, a)
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
