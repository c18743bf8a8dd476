package state_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/state"
)

func TestAMachineIsThatOfOneNode(t *testing.T) {
	t.Parallel()
	const uuid, turned = "7685da6e-23c1-4981-8b6b-92b7e886c2a1", "6EDA8576-C123-8149-8B6B-92B7E886C2A1"
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		claim := func(site, node, uuid, want string) {
			t.Helper()
			owner, err := s.ClaimUUID(ctx, site, node, uuid)
			require.NoError(t, err)
			assert.Equal(t, want, owner)
		}
		claim("harbor", "n1", uuid, "n1")
		claim("harbor", "n1", uuid, "n1")
		claim("harbor", "n2", uuid, "n1")
		claim("harbor", "n2", turned, "n1")
		claim("quay", "n2", uuid, "n2")
		require.NoError(t, s.ForgetUUIDs(ctx, "harbor", "n1"))
		claim("harbor", "n2", turned, "n2")
		claim("quay", "n1", uuid, "n2")
		_, err := s.ClaimUUID(ctx, "harbor", "n1", "")
		require.ErrorContains(t, err, "the uuid is empty")

		owners := make([]string, 8) // who comes at the same time is told the same
		var all sync.WaitGroup
		for i := range owners {
			all.Go(func() { owners[i], _ = s.ClaimUUID(ctx, "pier", string(rune('a'+i)), uuid) })
		}
		all.Wait()
		for _, o := range owners {
			assert.NotEmpty(t, o)
			assert.Equal(t, owners[0], o)
		}
	})
}
