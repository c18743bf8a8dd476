package noop_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/network/noop"
)

func TestEveryActionIsLackingAndUnsupported(t *testing.T) {
	d := noop.New()
	acts := map[drivers.Action]func(context.Context, drivers.NodeCall) (drivers.Report, error){
		drivers.InterrogatePort:           d.InterrogatePort,
		drivers.ConfigurePortProvisioning: d.ConfigurePortProvisioning,
		drivers.ConfigurePortProduction:   d.ConfigurePortProduction,
	}
	require.Len(t, d.Lacks(), len(acts))
	for action, act := range acts {
		rep, err := act(t.Context(), drivers.NodeCall{})
		require.NoError(t, err)
		assert.Equal(t, drivers.Unsupported, rep.Outcome)
		assert.Equal(t, []string{d.Lacks()[action]}, rep.Messages)
		assert.Nil(t, rep.Build)
	}
}
