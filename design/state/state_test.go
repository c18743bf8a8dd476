package state_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/design/state"
	"drydock/drivers"
)

var _ drivers.Journal = (*state.Journal)(nil)

// onBoth runs a test on both databases; open opens further handles on the same database.
func onBoth(t *testing.T, test func(t *testing.T, open func() *state.Store)) {
	for name, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a b?", "state.db") },
		"postgres": postgresDSN,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := dsn(t)
			test(t, func() *state.Store {
				s, err := state.Open(t.Context(), address)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, s.Close()) })
				return s
			})
		})
	}
}

// put stores a design of a site and returns its digest.
func put(t *testing.T, s *state.Store, site, text string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	digest := "sha256:" + hex.EncodeToString(sum[:])
	require.NoError(t, s.PutDesign(t.Context(), digest, site, []byte(text)))
	return digest
}

func TestADesignIsReadAsItWasStoredByAnyHandle(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		a, b := open(), open()
		const text = "data: {x: \"\x00\xff ü\"}\n"
		digest := put(t, a, "harbor", text)
		put(t, b, "harbor", text) // again is fine

		got, err := b.Design(t.Context(), digest)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))

		_, err = a.Design(t.Context(), "sha256:none")
		require.ErrorIs(t, err, state.ErrNotFound)
		assert.ErrorContains(t, err, "read design sha256:none")
	})
}

func TestADesignIsRefusedWhenItsDigestLiesOrItIsOfAnotherSite(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		s := open()
		digest := put(t, s, "harbor", "one")
		require.ErrorContains(t, s.PutDesign(t.Context(), digest, "harbor", []byte("two")), "the bytes have the digest sha256:")
		require.ErrorContains(t, s.PutDesign(t.Context(), digest, "quay", []byte("one")), "is one of site harbor")
		require.ErrorContains(t, s.Lock(t.Context(), "quay", digest, "t1"), "is one of site harbor")
		require.ErrorContains(t, s.PutDesign(t.Context(), digest, "", []byte("one")), "the site is empty")
		got, err := s.Design(t.Context(), digest)
		require.NoError(t, err)
		assert.Equal(t, "one", string(got))
	})
}

// Two handles stand for two processes. Whoever locks checks that nobody else holds the lock before he frees it.
func TestManyGoroutinesOnTwoHandlesLoseNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx := t.Context()
		stores := []*state.Store{open(), open()}
		var wg sync.WaitGroup
		failures := make(chan error, 100)
		for i := range 16 {
			wg.Go(func() {
				s, node := stores[i%2], fmt.Sprint("n", i)
				failures <- s.PutBuild(ctx, "harbor", build.Node{Name: node, OOB: build.OOB{Power: build.PowerOn}})
				failures <- s.AddEvidence(ctx, "harbor", node, "t1", []build.Element{{Generator: "lshw", Data: node}, {Generator: "lldp", Data: node}})
				failures <- s.Journal("w", "r", node).Note(ctx, "reset", node)
			})
		}
		wg.Wait()
		close(failures)
		for err := range failures {
			assert.NoError(t, err)
		}
		for i := range 16 {
			s, node := stores[(i+1)%2], fmt.Sprint("n", i)
			known, err := s.Build(ctx, "harbor", node)
			require.NoError(t, err)
			assert.Equal(t, build.PowerOn, known.OOB.Power)
			evidence, err := s.Evidence(ctx, "harbor", node, "", false)
			require.NoError(t, err)
			assert.Len(t, evidence, 2)
			note, ok, err := s.Journal("w", "r", node).Noted(ctx, "reset")
			require.NoError(t, err)
			assert.True(t, ok)
			assert.Equal(t, node, note)
		}
		all, err := stores[0].TaskEvidence(ctx, "t1")
		require.NoError(t, err)
		assert.Len(t, all, 32)
	})
}

func TestABuildModelIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		n, err := s.Build(ctx, "harbor", "n1")
		require.NoError(t, err)
		assert.Equal(t, build.Node{Name: "n1"}, n, "never heard of")

		full := build.Node{
			Name:        "n1",
			Identity:    build.Identity{Serial: "S\x001", UUID: "4c4c4544-0000-1000-8000-000000000001", MACs: []string{"52:54:00:00:00:01"}},
			Provisioner: build.Provisioner{Status: build.StatusReady, Ours: true, ObservedAt: time.Date(2026, 1, 5, 10, 0, 0, 123456789, time.UTC)},
			Disks:       []build.Disk{{Name: "sda", Size: 1 << 42}},
			LeftAs:      "ready, powered off",
		}
		require.NoError(t, s.PutBuild(ctx, "harbor", full))
		n, err = s.Build(ctx, "harbor", "n1")
		require.NoError(t, err)
		assert.Equal(t, full, n)

		require.NoError(t, s.PutBuild(ctx, "harbor", build.Node{Name: "n1", OOB: build.OOB{Power: build.PowerOff}}))
		n, err = s.Build(ctx, "harbor", "n1")
		require.NoError(t, err)
		assert.Equal(t, build.Node{Name: "n1", OOB: build.OOB{Power: build.PowerOff}}, n)

		sites, err := s.BuildSites(ctx, "n1")
		require.NoError(t, err)
		assert.Equal(t, []string{"harbor"}, sites)
		n, err = s.Build(ctx, "quay", "n1")
		require.NoError(t, err)
		assert.Equal(t, build.Node{Name: "n1"}, n, "a node of the same name in another site")
		require.ErrorContains(t, s.PutBuild(ctx, "harbor", build.Node{}), "the node is empty")
	})
}

func TestANoteOutlivesTheHandleAndBelongsToOneActivity(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, first := t.Context(), open()
		j := first.Journal("node/harbor/n1", "run-1", "7")
		_, ok, err := j.Noted(ctx, "reset")
		require.NoError(t, err)
		assert.False(t, ok)
		require.NoError(t, j.Note(ctx, "reset", "about to"))
		require.NoError(t, j.Note(ctx, "reset", "sent at 10:00"))
		require.NoError(t, j.Note(ctx, "other", ""))

		second := open()
		text, ok, err := second.Journal("node/harbor/n1", "run-1", "7").Noted(ctx, "reset")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, "sent at 10:00", text)
		text, ok, err = second.Journal("node/harbor/n1", "run-1", "7").Noted(ctx, "other")
		require.NoError(t, err)
		assert.True(t, ok, "an empty note is a note")
		assert.Empty(t, text)

		for _, other := range []*state.Journal{
			second.Journal("node/harbor/n2", "run-1", "7"), second.Journal("node/harbor/n1", "run-2", "7"), second.Journal("node/harbor/n1", "run-1", "8"),
		} {
			_, ok, err := other.Noted(ctx, "reset")
			require.NoError(t, err)
			assert.False(t, ok)
		}
		require.ErrorContains(t, second.Journal("", "r", "7").Note(ctx, "reset", "x"), "the workflow is empty")
	})
}

func TestAClosedStoreAnswersWithErrorsAndNeverWithNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		require.NoError(t, s.Ping(ctx))
		require.NoError(t, s.Close())
		require.ErrorContains(t, s.Ping(ctx), "reach state database")
		_, _, err := s.Holder(ctx, "harbor")
		require.Error(t, err, "no answer is not an open lock")
		_, _, err = s.Journal("w", "r", "a").Noted(ctx, "reset")
		require.Error(t, err, "no answer is not: nothing was begun")
		_, err = s.Build(ctx, "harbor", "n1")
		require.Error(t, err)
		_, err = s.Current(ctx, "harbor")
		require.Error(t, err)
		assert.NotErrorIs(t, err, state.ErrNotFound)
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		require.Error(t, s.Unlock(canceled, "harbor", "t1"))
	})
}
