package bmc

import (
	"context"
	"errors"
	"time"

	"drydock/design/build"
	"drydock/drivers"
)

// Machine is one machine as its BMC shows it within an open session. Commands return when the BMC has taken them, which is
// before the power moves.
type Machine interface {
	// Power reads the state: build.PowerOn, build.PowerOff, or build.PowerUnknown while it is in motion or not told.
	Power(context.Context) (string, error)
	// Marks reads what a restart would leave changed.
	Marks(context.Context) (Marks, error)
	// TurnOn starts the machine.
	TurnOn(context.Context) error
	// ShutDown asks the operating system to end; ErrNoWay when the BMC can't ask.
	ShutDown(context.Context) error
	// TurnOff cuts the power.
	TurnOff(context.Context) error
	// Restart restarts a machine that is on, with one command; ErrNoWay when the BMC has none that does.
	Restart(context.Context) error
}

// Timing is how power is watched.
type Timing struct {
	Poll time.Duration // between two readings
	// Settle is how long after a command its effect may stay unseen. Until then nothing is concluded from what is not seen.
	Settle   time.Duration
	Graceful time.Duration // for an operating system to shut down before the power is cut
	Timeout  time.Duration // for the power to arrive; the action then returns NotReady and may be called again
}

// Power moves the power of one machine by the rules of the OOB contract.
type Power struct {
	Machine Machine
	Journal drivers.Journal
	Timing  Timing
}

// On ends with the machine on.
func (p Power) On(ctx context.Context) (drivers.Report, error) {
	state, err := p.settled(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	if state == build.PowerOn {
		return report(drivers.Already, "The machine is on already."), nil
	}
	if err := p.turn(ctx, build.PowerOn); err != nil {
		return drivers.Report{}, err
	}
	return report(drivers.Changed, "The machine was off and was turned on."), nil
}

// Off ends with the machine off: the operating system is asked first, and the power cut when it does not end in time. The
// time counts from the first asking, also when that was in an earlier attempt.
func (p Power) Off(ctx context.Context) (drivers.Report, error) {
	state, err := p.settled(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	if state == build.PowerOff {
		return report(drivers.Already, "The machine is off already."), nil
	}
	why, err := p.shutDown(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	if why == "" {
		return report(drivers.Changed, "The operating system shut down, and the machine is off."), nil
	}
	if err := p.turn(ctx, build.PowerOff); err != nil {
		return drivers.Report{}, err
	}
	return report(drivers.Changed, "The power was cut: "+why+"."), nil
}

// shutDown tries the graceful way; why is "" when it led to off, else the reason to cut the power.
func (p Power) shutDown(ctx context.Context) (why string, err error) {
	if p.Timing.Graceful <= 0 {
		return "no time is set for a graceful shutdown", nil
	}
	var asked time.Time
	known, err := readNote(ctx, p.Journal, ShutDownKey, &asked)
	if err != nil {
		return "", err
	}
	if !known {
		asked = time.Now()
		if err := writeNote(ctx, p.Journal, ShutDownKey, asked); err != nil {
			return "", err
		}
		err := p.Machine.ShutDown(ctx)
		switch {
		case errors.Is(err, ErrNoWay):
			return "the BMC offers no graceful shutdown", nil
		case WasRefused(err):
			return "the BMC refused a graceful shutdown", nil
		case err != nil:
			return "", err
		}
	}
	left := min(time.Until(asked.Add(p.Timing.Graceful)), p.Timing.Graceful)
	off, err := p.await(ctx, build.PowerOff, left)
	if err != nil || off {
		return "", err
	}
	return "the operating system did not shut down within " + p.Timing.Graceful.String(), nil
}

// turn sends the command for a state and waits until the machine is in it. A BMC that is busy, or calls the command wrong
// for the present state, is given time and read again: the state may have come by itself.
func (p Power) turn(ctx context.Context, want string) error {
	command := p.Machine.TurnOn
	if want == build.PowerOff {
		command = p.Machine.TurnOff
	}
	end := time.Now().Add(p.Timing.Timeout)
	for {
		err := command(ctx)
		if err == nil {
			break
		}
		var f *Fault
		if !WasRefused(err) || !errors.As(err, &f) || f.Class.Disposition() != drivers.Retry || f.After > time.Until(end) {
			return err
		}
		there, seen := p.await(ctx, want, max(p.Timing.Poll, f.After))
		if seen != nil {
			return seen
		}
		if there {
			return nil
		}
		if time.Now().After(end) {
			return err
		}
	}
	there, err := p.await(ctx, want, time.Until(end))
	if err != nil {
		return err
	}
	if !there {
		return notYet("the BMC took the command, but after %s the machine is not %s", p.Timing.Timeout, want)
	}
	return nil
}

// settled waits until the power is at rest and returns its state.
func (p Power) settled(ctx context.Context) (string, error) {
	state, err := p.watch(ctx, p.Timing.Timeout, func(s string) bool { return s != build.PowerUnknown })
	if err == nil && state == build.PowerUnknown {
		err = notYet("the power state was in motion or not reported for %s", p.Timing.Timeout)
	}
	return state, err
}

// await waits for a state, at most for the given time; there says whether it was reached.
func (p Power) await(ctx context.Context, want string, limit time.Duration) (there bool, err error) {
	state, err := p.watch(ctx, limit, func(s string) bool { return s == want })
	return state == want, err
}

// watch reads the power until two readings in a row are the same and fit, and returns that state; PowerUnknown when the
// time is over. One reading is not believed: BMCs are known to report off before it is, and to flap.
func (p Power) watch(ctx context.Context, limit time.Duration, fits func(string) bool) (string, error) {
	end := time.Now().Add(limit)
	last, first := build.PowerUnknown, true
	for {
		state, err := p.Machine.Power(ctx)
		if err != nil {
			return build.PowerUnknown, err
		}
		if !first && state == last && fits(state) {
			return state, nil
		}
		// A state that was read for the first time gets its second reading also when the time is over.
		if time.Now().After(end) && (!fits(state) || state == last) {
			return build.PowerUnknown, nil
		}
		last, first = state, false
		if err := Sleep(ctx, p.Timing.Poll); err != nil {
			return build.PowerUnknown, err
		}
	}
}

func notYet(format string, args ...any) *Fault {
	return Failf(drivers.NotReady, "", format, args...)
}

func report(outcome drivers.Outcome, messages ...string) drivers.Report {
	return drivers.Report{Outcome: outcome, Messages: messages}
}
