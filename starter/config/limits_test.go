package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/bootaction"
	"drydock/starter/config"
)

func TestLimitsOfDesignsAreThoseOfTheEngineUntilTheyAreSet(t *testing.T) {
	c, err := config.Load("", nil)
	require.NoError(t, err)
	assert.Equal(t, design.DefaultLimits(), c.Design.Limits.Design())
	assert.Equal(t, bootaction.DefaultLimits(), c.Design.Limits.Template())

	c, err = config.Load(write(t, "design:\n  limits: {depth: 7, template_time: 1s}\n"), []string{"DRYDOCK_DESIGN__LIMITS__DOCUMENTS=9"})
	require.NoError(t, err)
	want := design.DefaultLimits()
	want.Depth, want.Documents = 7, 9
	assert.Equal(t, want, c.Design.Limits.Design())
	assert.Equal(t, bootaction.Limits{Steps: bootaction.DefaultLimits().Steps, Time: time.Second}, c.Design.Limits.Template())

	_, err = config.Load("", []string{"DRYDOCK_DESIGN__LIMITS__DEPTH=0", "DRYDOCK_DESIGN__LIMITS__VALUES=-1"})
	require.ErrorContains(t, err, "design.limits.depth: must be more than 0")
	assert.ErrorContains(t, err, "design.limits.values: must be more than 0")
}

func TestFilesWithSecretsAreOnlyReadForThoseWhoNeedThem(t *testing.T) {
	path := write(t, "drivers:\n  maas: {api_key_file: /nowhere/maas.key}\ndesign:\n  limits: {depth: 7}\n")
	_, err := config.Load(path, nil)
	require.ErrorContains(t, err, "/nowhere/maas.key")
	c, err := config.LoadWithoutSecrets(path, nil)
	require.NoError(t, err)
	assert.Equal(t, 7, c.Design.Limits.Depth)
}
