package state_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/state"
)

func TestTheCurrentDesignChangesUnlessATaskHoldsAnother(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		one, two := put(t, s, "harbor", "one"), put(t, s, "harbor", "two")
		current := func(want string) {
			t.Helper()
			got, err := s.Current(ctx, "harbor")
			require.NoError(t, err)
			require.Equal(t, want, got)
		}

		_, err := s.Current(ctx, "harbor")
		require.ErrorIs(t, err, state.ErrNotFound)
		require.ErrorIs(t, s.SetCurrent(ctx, "harbor", "sha256:none", "t0"), state.ErrNotFound)
		require.NoError(t, s.SetCurrent(ctx, "harbor", one, "t0"))
		current(one)
		require.NoError(t, s.SetCurrent(ctx, "harbor", two, "t0"))
		current(two)

		require.NoError(t, s.Lock(ctx, "harbor", one, "t1"))
		current(one) // the lock has made it current
		var locked *state.LockedError
		require.ErrorAs(t, s.SetCurrent(ctx, "harbor", two, "t2"), &locked)
		assert.Equal(t, "t1", locked.Lock.Task)
		require.ErrorAs(t, s.SetCurrent(ctx, "harbor", two, "t1"), &locked, "the holder has pinned its design as well")
		current(one)
		require.NoError(t, s.SetCurrent(ctx, "harbor", one, "t2"), "the same design changes nothing")
		holder, held, err := s.Holder(ctx, "harbor")
		require.NoError(t, err)
		require.True(t, held)
		assert.Equal(t, "t1", holder.Task)

		require.NoError(t, s.Unlock(ctx, "harbor", "t1"))
		current(one)
		require.NoError(t, s.SetCurrent(ctx, "harbor", two, "t2"))
		current(two)
	})
}

func TestALockHasOneHolderUntilHeFreesIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		one, two := put(t, s, "harbor", "one"), put(t, s, "harbor", "two")

		_, held, err := s.Holder(ctx, "harbor")
		require.NoError(t, err)
		require.False(t, held)
		require.Error(t, s.Lock(ctx, "harbor", one, ""), "an empty task would be an open lock")

		before := time.Now().Add(-time.Millisecond)
		require.NoError(t, s.Lock(ctx, "harbor", one, "t1"))
		first, held, err := s.Holder(ctx, "harbor")
		require.NoError(t, err)
		require.True(t, held)
		assert.Equal(t, state.Lock{Site: "harbor", Digest: one, Task: "t1", Since: first.Since}, first)
		assert.WithinRange(t, first.Since, before, time.Now())

		require.NoError(t, s.Lock(ctx, "harbor", one, "t1"), "again by its holder")
		again, _, err := s.Holder(ctx, "harbor")
		require.NoError(t, err)
		assert.Equal(t, first, again, "since is when it was first taken")

		for _, digest := range []string{one, two} {
			var locked *state.LockedError
			err := s.Lock(ctx, "harbor", digest, "t2")
			require.ErrorAs(t, err, &locked)
			assert.Equal(t, first, locked.Lock)
			assert.ErrorContains(t, err, "site harbor is locked with design "+one+" by task t1 since "+first.Since.Format(time.RFC3339))
		}
		var locked *state.LockedError
		require.ErrorAs(t, s.Lock(ctx, "harbor", two, "t1"), &locked, "its holder can't change the design under way")

		require.NoError(t, s.Unlock(ctx, "harbor", "t2"), "no-op")
		require.NoError(t, s.Unlock(ctx, "harbor", ""), "no-op")
		require.NoError(t, s.Unlock(ctx, "nowhere", "t1"), "no-op")
		_, held, err = s.Holder(ctx, "harbor")
		require.NoError(t, err)
		require.True(t, held)

		require.NoError(t, s.Unlock(ctx, "harbor", "t1"))
		require.NoError(t, s.Lock(ctx, "harbor", two, "t2"))
	})
}

func TestManyTasksOnTwoHandlesHoldALockOneAtATime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx := t.Context()
		stores := []*state.Store{open(), open()}
		const tasks = 12
		digests := make([]string, tasks)
		for i := range digests {
			digests[i] = put(t, stores[0], "harbor", fmt.Sprint("design ", i))
		}
		var holders sync.Mutex
		var wg sync.WaitGroup
		failures := make(chan error, 3*tasks)
		for i := range tasks {
			wg.Go(func() {
				s, task := stores[i%2], fmt.Sprint("task ", i)
				for {
					err := s.Lock(ctx, "harbor", digests[i], task)
					if err == nil {
						break
					}
					if locked := (*state.LockedError)(nil); !assertAs(err, &locked) {
						failures <- err
						return
					}
				}
				if !holders.TryLock() {
					failures <- fmt.Errorf("%s got a lock that is held", task)
					return
				}
				current, err := s.Current(ctx, "harbor")
				if err != nil || current != digests[i] {
					failures <- fmt.Errorf("%s holds the site, but %s is current: %w", task, current, err)
				}
				holders.Unlock()
				if err := s.Unlock(ctx, "harbor", task); err != nil {
					failures <- err
				}
			})
		}
		wg.Wait()
		close(failures)
		for err := range failures {
			assert.NoError(t, err)
		}
		_, held, err := stores[1].Holder(ctx, "harbor")
		require.NoError(t, err)
		assert.False(t, held)
	})
}
