package bmc

import (
	"context"

	"drydock/design/build"
	"drydock/drivers"
)

// Actions are what out-of-band drivers do alike, whatever they speak: S is a session at a BMC, M the machine of a node as it
// is found within one.
type Actions[S any, M Machine] struct {
	Driver string // name of the driver
	Broker *Broker
	Timing Timing
	// Access says how the BMC of a call is reached.
	Access func(drivers.NodeCall) (Access[S], error)
	// Find finds the machine of a call and compares it with the record (SameMachine). Nothing is done to a machine before.
	Find func(context.Context, S, drivers.NodeCall) (M, error)
	// Moved writes into the build model what was read last of a machine whose power was moved, and ends what moving it began.
	Moved func(context.Context, M, *build.OOB) (messages []string, err error)
}

// On is the action PowerOnNode.
func (a Actions[S, M]) On(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return a.move(ctx, drivers.PowerOnNode, call, Power.On)
}

// Off is the action PowerOffNode.
func (a Actions[S, M]) Off(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return a.move(ctx, drivers.PowerOffNode, call, Power.Off)
}

// Cycle is the action PowerCycleNode.
func (a Actions[S, M]) Cycle(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return a.move(ctx, drivers.PowerCycleNode, call, Power.Cycle)
}

func (a Actions[S, M]) move(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	move func(Power, context.Context) (drivers.Report, error)) (drivers.Report, error) {
	return a.Do(ctx, action, call, func(ctx context.Context, m M) (drivers.Report, error) {
		out, err := move(Power{Machine: m, Journal: call.Journal, Timing: a.Timing}, ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		b := Learned(a.Driver, call)
		messages, err := a.Moved(ctx, m, &b.OOB)
		if err != nil {
			return drivers.Report{}, err
		}
		out.Messages, out.Build = append(out.Messages, messages...), &b
		return out, nil
	})
}

// Do runs an action on the machine of a call within a session.
func (a Actions[S, M]) Do(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	act func(context.Context, M) (drivers.Report, error)) (drivers.Report, error) {
	var out drivers.Report
	access, err := a.Access(call)
	if err == nil {
		err = Visit(ctx, a.Broker, access, func(ctx context.Context, session S) error {
			m, err := a.Find(ctx, session, call)
			if err != nil {
				return err
			}
			out, err = act(ctx, m)
			return err
		})
	}
	return Answer(action, call, out, err)
}

// Answer makes what an action came to into the answer of the contract. The call's password is taken out of all texts.
func Answer(action drivers.Action, call drivers.NodeCall, out drivers.Report, err error) (drivers.Report, error) {
	if err != nil {
		return drivers.Report{}, Failure(action, call, err)
	}
	for i, m := range out.Messages {
		out.Messages[i] = Clean(call, m)
	}
	return out, nil
}

// Learned starts the build model that the report of a driver returns.
func Learned(driver string, call drivers.NodeCall) build.Node {
	b := call.Build
	if b.Name == "" && call.Node != nil {
		b.Name = call.Node.Name
	}
	b.OOB.Driver = driver
	return b
}

// Default sets a field of a configuration that was left at its zero value.
func Default[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
