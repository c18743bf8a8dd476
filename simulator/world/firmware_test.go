package world_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func TestStagedFirmwareIsInForceFromTheNextPOSTOn(t *testing.T) {
	w := world.New(worldtest.Site(), world.Options{Seed: 1, Speed: 10000})
	t.Cleanup(w.Close)
	m, _ := w.Machine(worldtest.Redfish)
	h := m.Hardware()
	asked := make(chan world.Netboot, 4)
	w.SetNetboot(func(n world.Netboot) world.Environment {
		asked <- n
		return world.Environment{}
	})
	require.Equal(t, world.Firmware{UEFI: true, PXE: []string{h.PXENIC}}, m.Firmware())

	other := h.NICs[1].MAC
	require.NotEqual(t, h.PXENIC, other)
	m.StageFirmware(world.Firmware{PXE: []string{other, h.PXENIC}})
	require.True(t, m.Firmware().UEFI, "nothing changes before a reset")
	require.False(t, m.PendingFirmware().UEFI)
	require.NoError(t, m.Command(world.OriginPerson, world.CommandOn))
	n := <-asked
	require.Equal(t, other, n.MAC, "the first NIC of the order boots")
	require.False(t, n.UEFI)
	require.Equal(t, m.Firmware(), m.PendingFirmware())

	m.StageFirmware(world.Firmware{UEFI: true})
	require.NoError(t, m.Command(world.OriginPerson, world.CommandReset))
	eventually(t, "no NIC boots from the network", func() bool { return m.Running() == "" && m.Firmware().UEFI })
	require.Equal(t, 1, m.Counters().Netboots)
}
