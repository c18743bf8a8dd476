package bmc

import (
	"context"
	"time"
)

// Pace keeps a pause between the requests to one BMC, over sessions and drivers. BMCs have small processors, and some hang
// under rapid series. It belongs to whoever has the turn at the BMC.
type Pace struct{ last time.Time }

// Wait waits until gap has passed since the last request, or for the end of ctx, whose error it then returns.
func (p *Pace) Wait(ctx context.Context, gap time.Duration) error {
	if wait := time.Until(p.last.Add(gap)); wait > 0 {
		return Sleep(ctx, wait)
	}
	return ctx.Err()
}

// Done marks the end of a request.
func (p *Pace) Done() { p.last = time.Now() }
