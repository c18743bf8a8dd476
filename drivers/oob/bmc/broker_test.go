package bmc_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// counter is a protocol that counts its sessions.
type counter struct {
	opens, open, peak, asked atomic.Int32

	opening chan struct{} // when set, opening waits for it
	fails   error         // what opening ends with
	stale   error         // what a kept session is found to be
}

// at is access to the BMC of an address, with a password.
func (c *counter) at(address string, secret design.Secret) bmc.Access[int] {
	return bmc.Access[int]{
		Protocol: "counted", Endpoint: bmc.Endpoint{Address: address, Host: address, Port: 443}, Account: "root", Credential: secret,
		Limit: 5 * time.Second,
		Open: func(context.Context, *bmc.Pace) (int, error) {
			c.opens.Add(1)
			if c.opening != nil {
				<-c.opening
			}
			if c.fails != nil {
				return 0, c.fails
			}
			n := c.open.Add(1)
			for p := c.peak.Load(); n > p && !c.peak.CompareAndSwap(p, n); p = c.peak.Load() {
			}
			return 1, nil
		},
		Alive: func(context.Context, int) error { return c.stale },
		Close: func(ctx context.Context, _ int) {
			if ctx.Err() == nil { // a closing that can't be sent closes nothing
				c.open.Add(-1)
			}
		},
	}
}

func nothing(context.Context, int) error { return nil }

func newBroker(t *testing.T, l bmc.Limits) *bmc.Broker {
	b := bmc.NewBroker(l)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	return b
}

func TestOneSessionServesAllCallersOneAtATime(t *testing.T) {
	var c counter
	b := newBroker(t, bmc.Limits{Idle: time.Minute})
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			assert.NoError(t, bmc.Visit(t.Context(), b, c.at("a", "x"), func(context.Context, int) error {
				assert.EqualValues(t, 1, inside.Add(1))
				inside.Add(-1)
				return nil
			}))
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, c.opens.Load())
	require.NoError(t, b.Close())
	assert.Zero(t, c.open.Load(), "closing the broker deletes the session")
	require.ErrorContains(t, bmc.Visit(t.Context(), b, c.at("a", "x"), nothing), "is being stopped")
}

func TestBMCsDoNotWaitForEachOther(t *testing.T) {
	var c counter
	b := newBroker(t, bmc.Limits{})
	require.NoError(t, bmc.Visit(t.Context(), b, c.at("a", "x"), func(ctx context.Context, _ int) error {
		return bmc.Visit(ctx, b, c.at("b", "x"), nothing)
	}))
}

func TestAnIdleSessionIsDeleted(t *testing.T) {
	var c counter
	b := newBroker(t, bmc.Limits{Idle: 10 * time.Millisecond})
	require.NoError(t, bmc.Visit(t.Context(), b, c.at("a", "x"), nothing))
	require.Eventually(t, func() bool { return c.open.Load() == 0 }, time.Second, time.Millisecond)
}

func TestASessionIsNotKept(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		idle time.Duration
		use  func(context.Context, context.CancelFunc) error
		want error
	}{
		{"when none is to be kept", -1, func(context.Context, context.CancelFunc) error { return nil }, nil},
		{"after a failure that leaves doubt", time.Minute, func(context.Context, context.CancelFunc) error { return broken }, broken},
		{"after a cancellation", time.Minute, func(ctx context.Context, cancel context.CancelFunc) error { cancel(); return ctx.Err() }, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBroker(t, bmc.Limits{Idle: c.idle})
			var n counter
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			require.ErrorIs(t, bmc.Visit(ctx, b, n.at("a", "x"), func(ctx context.Context, _ int) error { return c.use(ctx, cancel) }), c.want)
			assert.Eventually(t, func() bool { return n.open.Load() == 0 }, time.Second, time.Millisecond)
		})
	}
}

func TestAKeptSessionIsReplaced(t *testing.T) {
	for _, c := range []struct {
		name   string
		secret design.Secret
		stale  error
		opens  int32
	}{
		{"by nothing where it is good", "x", nil, 1},
		{"where the password is another", "y", nil, 2},
		{"where the BMC knows it no more", "x", errors.New("gone"), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := counter{stale: c.stale}
			b := newBroker(t, bmc.Limits{Idle: time.Minute})
			require.NoError(t, bmc.Visit(t.Context(), b, n.at("a", "x"), nothing))
			require.NoError(t, bmc.Visit(t.Context(), b, n.at("a", c.secret), nothing))
			assert.Equal(t, c.opens, n.opens.Load())
			assert.EqualValues(t, 1, n.open.Load(), "never more than one session per BMC")
		})
	}
}

func TestASessionThatOpensAfterTheCallerLeftIsNotLost(t *testing.T) {
	b := newBroker(t, bmc.Limits{Idle: time.Minute})
	c := counter{opening: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	start := time.Now()
	require.ErrorIs(t, bmc.Visit(ctx, b, c.at("a", "x"), nothing), context.Canceled)
	assert.Less(t, time.Since(start), time.Second)
	close(c.opening)
	// The turn passes on only when the late session is at rest, and the next caller gets it.
	require.NoError(t, bmc.Visit(t.Context(), b, c.at("a", "x"), nothing))
	assert.EqualValues(t, 1, c.opens.Load())
	require.NoError(t, b.Close())
	assert.Zero(t, c.open.Load())
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	var c counter
	b := newBroker(t, bmc.Limits{})
	require.NoError(t, bmc.Visit(t.Context(), b, c.at("a", "x"), func(context.Context, int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		assert.ErrorIs(t, bmc.Visit(ctx, b, c.at("a", "x"), nothing), context.DeadlineExceeded)
		return nil
	}))
}

func refused() error { return bmc.Failf(drivers.AuthFailed, "", "log in: the password is wrong") }

func TestOneRefusedLoginStopsAllThatFollow(t *testing.T) {
	b := newBroker(t, bmc.Limits{CoolDown: time.Minute})
	c := counter{fails: refused()}
	var wg sync.WaitGroup
	for range 10 { // also those that wait already
		wg.Go(func() {
			err := bmc.Visit(t.Context(), b, c.at("a", "wr0ng-secret"), nothing)
			var f *bmc.Fault
			if assert.ErrorAs(t, err, &f) {
				assert.Equal(t, drivers.AuthFailed, f.Class)
				assert.NotContains(t, f.Error()+f.Advice, "wr0ng-secret")
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, c.opens.Load())
	err := bmc.Visit(t.Context(), b, c.at("a", "wr0ng-secret"), nothing)
	assert.Regexp(t, `it refused this account or password at \d\d:\d\d:\d\d UTC, and nothing has been sent to it since`, err)
	assert.EqualValues(t, 1, c.opens.Load())
}

func TestARefusedLoginIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		coolDown time.Duration
		change   func(*bmc.Access[int])
		opens    int32
	}{
		{"not for the same design and password", time.Minute, func(*bmc.Access[int]) {}, 1},
		{"with another password", time.Minute, func(a *bmc.Access[int]) { a.Credential = "y" }, 2},
		{"with another account", time.Minute, func(a *bmc.Access[int]) { a.Account = "admin" }, 2},
		{"by another design", time.Minute, func(a *bmc.Access[int]) { a.Design = "sha256:2" }, 2},
		{"at another BMC", time.Minute, func(a *bmc.Access[int]) { a.Endpoint.Address = "b" }, 2},
		{"after the cool-down", -1, func(*bmc.Access[int]) {}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBroker(t, bmc.Limits{CoolDown: c.coolDown})
			n := counter{fails: refused()}
			first := n.at("a", "x")
			require.Error(t, bmc.Visit(t.Context(), b, first, nothing))
			second := first
			c.change(&second)
			require.Error(t, bmc.Visit(t.Context(), b, second, nothing))
			require.Error(t, bmc.Visit(t.Context(), b, first, nothing), "going back to the first gives it no further attempt")
			want := c.opens
			if c.coolDown < 0 {
				want++
			}
			assert.Equal(t, want, n.opens.Load())
		})
	}
}

func TestALoginRefusedInMidUseCountsToo(t *testing.T) {
	b := newBroker(t, bmc.Limits{})
	var c counter
	inUse := func(context.Context, int) error {
		f := bmc.Failf(drivers.AuthFailed, "", "read: the account is refused")
		f.Login = true
		return f
	}
	require.Error(t, bmc.Visit(t.Context(), b, c.at("a", "x"), inUse))
	require.Error(t, bmc.Visit(t.Context(), b, c.at("a", "x"), nothing))
	assert.EqualValues(t, 1, c.opens.Load())
}

func TestCallersThatWaitShareTheNewsOfADeadBMC(t *testing.T) {
	b := newBroker(t, bmc.Limits{})
	c := counter{opening: make(chan struct{}), fails: bmc.Failf(drivers.Unreachable, "", "no answer")}
	const callers = 8
	failed := make(chan error, callers)
	for range callers {
		go func() { failed <- bmc.Visit(t.Context(), b, c.at("a", "x"), nothing) }()
	}
	require.Eventually(t, func() bool { return b.Waiting() == callers }, time.Second, time.Millisecond)
	close(c.opening)
	for range callers {
		require.ErrorContains(t, <-failed, "no answer")
	}
	assert.EqualValues(t, 1, c.opens.Load(), "only the first found it out")
	require.Error(t, bmc.Visit(t.Context(), b, c.at("a", "x"), nothing))
	assert.EqualValues(t, 2, c.opens.Load(), "a later caller looks for itself")
}

func TestCallersAtTheSameTimeShareOneReading(t *testing.T) {
	b := newBroker(t, bmc.Limits{})
	c := counter{opening: make(chan struct{})}
	read := func(context.Context, int) (int32, error) { return c.asked.Add(1), nil }
	const callers = 8
	got := make(chan int32, callers)
	for range callers {
		go func() {
			value, err := bmc.Read(t.Context(), b, c.at("a", "x"), "power", read)
			assert.NoError(t, err)
			got <- value
		}()
	}
	require.Eventually(t, func() bool { return b.Waiting() == callers }, time.Second, time.Millisecond)
	close(c.opening)
	for range callers {
		assert.EqualValues(t, 1, <-got)
	}
	value, err := bmc.Read(t.Context(), b, c.at("a", "x"), "power", read)
	require.NoError(t, err)
	assert.EqualValues(t, 2, value, "a caller that comes afterwards gets a reading of its own")
	_, err = bmc.Read(t.Context(), b, c.at("a", "y"), "power", read)
	require.NoError(t, err)
	assert.EqualValues(t, 3, c.asked.Load(), "another password gets nothing that it did not read itself")
}

func TestPaceKeepsThePauseBetweenRequests(t *testing.T) {
	var p bmc.Pace
	start := time.Now()
	for range 4 {
		require.NoError(t, p.Wait(t.Context(), 5*time.Millisecond))
		p.Done()
	}
	assert.GreaterOrEqual(t, time.Since(start), 15*time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Wait(ctx, time.Minute), context.Canceled)
}
