package bmc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"drydock/simulator/bmc"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fast is a world in which a boot takes milliseconds.
var fast = world.Options{Seed: 1, Speed: 10000}

type site struct {
	world *world.World
	bmcs  *bmc.BMCs
}

func start(t *testing.T, w world.Options, o bmc.Options) *site {
	t.Helper()
	s := &site{world: world.New(worldtest.Site(), w)}
	t.Cleanup(s.world.Close)
	bmcs, err := bmc.StartWith(s.world, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bmcs.Close()) })
	s.bmcs = bmcs
	return s
}

func (s *site) machine(t *testing.T, name string) *world.Machine {
	t.Helper()
	m, ok := s.world.Machine(name)
	require.True(t, ok)
	return m
}

func eventually(t *testing.T, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 10*time.Second, 2*time.Millisecond)
}

func TestEveryMachineWithABMCHasItsOwn(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	addresses := s.bmcs.Addresses()
	require.Len(t, addresses, 3, "a machine of type manual has none")
	require.NotEqual(t, addresses[worldtest.RedfishBMC], addresses[worldtest.SecondBMC])
	require.Contains(t, addresses[worldtest.IPMIBMC], "127.0.0.1:")
	require.Len(t, s.bmcs.Certificates(), 2)
	require.NotEqual(t, s.bmcs.Certificates()[worldtest.RedfishBMC], s.bmcs.Certificates()[worldtest.SecondBMC])
	require.Zero(t, s.bmcs.Sessions(worldtest.Manual))
}

func TestTwoMachinesWithOneBMCAddressAreRefused(t *testing.T) {
	design := worldtest.Site()
	design.Nodes[1].Addresses = design.Nodes[0].Addresses
	w := world.New(design, fast)
	t.Cleanup(w.Close)
	_, err := bmc.Start(w)
	require.ErrorContains(t, err, worldtest.RedfishBMC)
}
