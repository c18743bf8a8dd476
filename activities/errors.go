package activities

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"drydock/design"
	"drydock/drivers"
)

// budget is kept in the heartbeat, which survives attempts: how many real failures came in a row.
type budget struct {
	Errors int `json:"errors"`
}

func spent(ctx context.Context) budget {
	var b budget
	if activity.HasHeartbeatDetails(ctx) {
		// Details that can't be read count as none: the total time still bounds the retries.
		_ = activity.GetHeartbeatDetails(ctx, &b)
	}
	return b
}

// fail turns an error of a driver into one that Temporal understands: its type is the class, it is retried only when the
// class says so and the budget allows, and it holds no secret.
func (a *Activities) fail(ctx context.Context, name string, err error, scrub scrubber) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			// The worker stops, nobody asked the activity to: another worker takes it up.
			err = &drivers.Error{Class: drivers.Unreachable, Action: drivers.Action(name), Err: errors.New("the worker stopped meanwhile")}
		default:
			return ctx.Err()
		}
	}
	class := drivers.ClassOf(err)
	options := temporal.ApplicationErrorOptions{NonRetryable: class.Disposition() != drivers.Retry}
	var e *drivers.Error
	if errors.As(err, &e) {
		options.NextRetryDelay = e.After
	}
	b := spent(ctx)
	if class == drivers.NotReady {
		options.Category = temporal.ApplicationErrorCategoryBenign
		b.Errors = 0
	} else {
		b.Errors++
		if b.Errors >= PolicyOf(name).Errors {
			options.NonRetryable = true
		}
	}
	activity.RecordHeartbeat(ctx, b)
	return temporal.NewApplicationErrorWithOptions(clip(scrub.clean(err.Error()), 1000), string(class), options)
}

// scrubber replaces known secrets in texts.
type scrubber []string

func newScrubber(known []design.Secret, nodes ...*design.Node) scrubber {
	var s scrubber
	add := func(secret design.Secret) {
		if v := secret.Reveal(); len(v) >= 3 { // shorter ones would shred every text and protect nothing
			s = append(s, v)
			if len(v) > 20 {
				s = append(s, v[:20]) // what IPMI knows of a password
			}
			// A MAAS key is three secrets in one; any part may turn up alone.
			for _, part := range strings.Split(v, ":") {
				if len(part) >= 8 && part != v {
					s = append(s, part)
				}
			}
		}
	}
	for _, k := range known {
		add(k)
	}
	for _, n := range nodes {
		if n != nil {
			add(n.OOB.Credential)
		}
	}
	return s
}

func (s scrubber) clean(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + " ..."
}

// beat heartbeats until the returned function is called, so that a dead worker is noticed and a cancellation arrives.
func beat(ctx context.Context, every time.Duration) (stop func()) {
	if every <= 0 {
		return func() {}
	}
	b := spent(ctx) // heartbeats replace each other: the budget has to be in each
	activity.RecordHeartbeat(ctx, b)
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every / 3)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx, b)
			}
		}
	}()
	return func() { close(done); <-ended }
}
