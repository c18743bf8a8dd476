package manual_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/manual"
)

func TestActionsAskAPerson(t *testing.T) {
	d := manual.New()
	pxe := drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	for _, c := range []struct {
		name string
		act  func(context.Context, drivers.NodeCall) (drivers.Report, error)
		boot drivers.BootTarget
		asks string
	}{
		{"off", d.PowerOffNode, drivers.BootTarget{}, "turn node n7 off by hand"},
		{"on", d.PowerOnNode, drivers.BootTarget{}, "turn node n7 on by hand"},
		{"cycle", d.PowerCycleNode, drivers.BootTarget{}, "power-cycle node n7 by hand, then skip this step"},
		{"cycle into the network", d.PowerCycleNode, pxe, "power-cycle node n7 by hand so that it boots from the network, then skip this step; retry asks again"},
		{"boot from the network once", d.SetNodeBoot, pxe, "set node n7 so that it boots from the network at its next boot"},
		{"boot from disk for good", d.SetNodeBoot, drivers.BootTarget{Device: drivers.BootDisk}, "set node n7 so that it boots from its disk from now on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.act(t.Context(), drivers.NodeCall{Node: &design.Node{Name: "n7"}, Boot: c.boot})
			var e *drivers.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, drivers.NeedsPerson, e.Class)
			assert.Contains(t, e.Advice, c.asks)
			assert.Equal(t, "node n7", e.Subject)
		})
	}
}

func TestUnknownBootDeviceIsInvalid(t *testing.T) {
	_, err := manual.New().SetNodeBoot(t.Context(), drivers.NodeCall{Node: &design.Node{Name: "n7"}, Boot: drivers.BootTarget{Device: "floppy"}})
	require.Error(t, err)
	assert.Equal(t, drivers.InvalidDesign, drivers.ClassOf(err))
}

func TestWhatIsLackingIsUnsupported(t *testing.T) {
	d := manual.New()
	acts := map[drivers.Action]func(context.Context, drivers.NodeCall) (drivers.Report, error){
		drivers.InterrogateOob: d.InterrogateOob, drivers.ConfigNodePxe: d.ConfigNodePxe,
	}
	require.Len(t, d.Lacks(), len(acts))
	for action, act := range acts {
		rep, err := act(t.Context(), drivers.NodeCall{})
		require.NoError(t, err)
		assert.Equal(t, drivers.Unsupported, rep.Outcome)
		assert.Equal(t, []string{d.Lacks()[action]}, rep.Messages)
	}
}
