package bmc

import (
	"context"
	"errors"
	"time"

	"drydock/design/build"
	"drydock/drivers"
)

// Cycle restarts the machine once, or starts it when it is off.
//
// The intent is in the journal, with what the BMC shows before, ahead of the command. An attempt that finds such an entry
// reads what the BMC shows now and acts again only when that proves that nothing happened; on doubt it doesn't and says so.
// A machine found off is turned on, which finishes a restart and is not a second one, unless the BMC shows that it has booted
// in between.
func (p Power) Cycle(ctx context.Context) (drivers.Report, error) {
	var note cycleNote
	known, err := readNote(ctx, p.Journal, CycleKey, &note)
	if err != nil {
		return drivers.Report{}, err
	}
	switch {
	case !known || note.Phase == refused:
		return p.restart(ctx)
	case note.Phase == finished:
		return report(drivers.Changed, "An earlier attempt restarted the machine; it was not restarted again."), nil
	}
	return p.resume(ctx, note)
}

// restart notes the intent, acts, and watches it through.
func (p Power) restart(ctx context.Context) (drivers.Report, error) {
	state, err := p.settled(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	marks, err := p.Machine.Marks(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	note := cycleNote{Phase: begun, Power: state, Marks: marks, At: time.Now()}
	if err := writeNote(ctx, p.Journal, CycleKey, note); err != nil {
		return drivers.Report{}, err
	}
	if state == build.PowerOff {
		if err := p.turn(ctx, build.PowerOn); err != nil {
			return drivers.Report{}, err
		}
		return p.finish(ctx, note, "The machine was off and was turned on.")
	}

	err = p.Machine.Restart(ctx)
	byHalves := errors.Is(err, ErrNoWay)
	if byHalves {
		err = p.Machine.TurnOff(ctx)
	}
	if WasRefused(err) {
		note.Phase = refused
		if err := writeNote(ctx, p.Journal, CycleKey, note); err != nil {
			return drivers.Report{}, err
		}
	}
	if err != nil {
		return drivers.Report{}, err
	}
	note.Phase = accepted
	if err := writeNote(ctx, p.Journal, CycleKey, note); err != nil {
		return drivers.Report{}, err
	}
	if !byHalves {
		return p.confirm(ctx, note, "The machine was restarted.")
	}
	off, err := p.await(ctx, build.PowerOff, p.Timing.Timeout)
	if err != nil {
		return drivers.Report{}, err
	}
	if !off {
		return drivers.Report{}, notYet("the BMC took the command to cut the power, but after %s the machine is not off", p.Timing.Timeout)
	}
	if err := p.turn(ctx, build.PowerOn); err != nil {
		return drivers.Report{}, err
	}
	return p.finish(ctx, note, "The machine was turned off and on again, since its BMC has no command for a restart.")
}

// resume ends what an earlier attempt began.
func (p Power) resume(ctx context.Context, note cycleNote) (drivers.Report, error) {
	evidence, err := p.evidence(ctx, note)
	if err != nil {
		return drivers.Report{}, err
	}
	state, err := p.settled(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	switch {
	case state == build.PowerOff:
		// A machine that boots into an environment of the bootstrapper may well be off again by now, by itself.
		marks, err := p.Machine.Marks(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		if booted(note.Marks, marks) {
			return p.finish(ctx, note, "The machine has booted since an earlier attempt began, and has gone off by itself; it was not started again.")
		}
		if err := p.turn(ctx, build.PowerOn); err != nil {
			return drivers.Report{}, err
		}
		return p.finish(ctx, note, "A restart that an earlier attempt began was finished: the machine was found off and was turned on.")
	case note.Power == build.PowerOff:
		return p.finish(ctx, note, "The machine was off when an earlier attempt began, and is on now; it was not restarted again.")
	case evidence == happened:
		return p.finish(ctx, note, "The BMC shows that the machine was restarted since an earlier attempt began; it was not restarted again.")
	case evidence == missing && note.Phase == begun:
		return p.restart(ctx)
	case note.Phase == accepted:
		return p.finish(ctx, note, "The BMC took the command for the restart in an earlier attempt; it was not sent again.")
	}
	return p.finish(ctx, note, "An earlier attempt began to restart the machine, its answer was lost, and the BMC shows neither that it "+
		"happened nor that it did not; to be safe the machine was not restarted again. Restart it by hand if it did not come up.")
}

// confirm waits for a sign of the restart and for the machine to be on.
func (p Power) confirm(ctx context.Context, note cycleNote, message string) (drivers.Report, error) {
	evidence, err := p.evidence(ctx, note)
	if err != nil {
		return drivers.Report{}, err
	}
	state, err := p.settled(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	if state == build.PowerOff {
		// Still within the pause between off and on, or a BMC that takes a cycle for off.
		on, err := p.await(ctx, build.PowerOn, p.Timing.Settle)
		if err != nil {
			return drivers.Report{}, err
		}
		if !on {
			if err := p.turn(ctx, build.PowerOn); err != nil {
				return drivers.Report{}, err
			}
		}
	}
	if evidence != happened {
		return p.finish(ctx, note, message+" The BMC took the command; it shows no further sign of the restart.")
	}
	return p.finish(ctx, note, message)
}

// evidence reads the marks until they show a restart or the time to settle, counted from the note, is over. A machine seen
// off or in motion was on before, and so is one that restarts. The time is never longer than Settle, whatever the clock of
// the worker that wrote the note said.
func (p Power) evidence(ctx context.Context, note cycleNote) (verdict, error) {
	end := time.Now().Add(min(time.Until(note.At.Add(p.Timing.Settle)), p.Timing.Settle))
	for {
		state, err := p.Machine.Power(ctx)
		if err != nil {
			return doubtful, err
		}
		if state != note.Power {
			return happened, nil
		}
		marks, err := p.Machine.Marks(ctx)
		if err != nil {
			return doubtful, err
		}
		found := compare(note.Marks, marks)
		if found == happened || !time.Now().Before(end) {
			return found, nil
		}
		if err := Sleep(ctx, p.Timing.Poll); err != nil {
			return doubtful, err
		}
	}
}

// finish closes the entry, so that an attempt after this one does nothing.
func (p Power) finish(ctx context.Context, note cycleNote, message string) (drivers.Report, error) {
	note.Phase = finished
	if err := writeNote(ctx, p.Journal, CycleKey, note); err != nil {
		return drivers.Report{}, err
	}
	return report(drivers.Changed, message), nil
}
