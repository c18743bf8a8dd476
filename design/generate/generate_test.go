package generate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/generate"
	"drydock/design/validate"
)

func TestGeneratedDesignsAreValid(t *testing.T) {
	tests := map[string]struct {
		options      generate.Options
		racks, links int
	}{
		"a design without nodes":            {generate.Options{}, 0, 30},
		"one node":                          {generate.Options{Nodes: 1, Seed: 7}, 1, 30},
		"the least number of links":         {generate.Options{Nodes: 500, Links: 4}, 13, 4},
		"as many links as large sites have": {generate.Options{Nodes: 100, Links: 600}, 3, 600},
		"one rack for all":                  {generate.Options{Nodes: 50, Racks: 1}, 1, 30},
		"a rack for each":                   {generate.Options{Nodes: 50, Racks: 50}, 50, 30},
		"a link without nodes":              {generate.Options{Nodes: 1000, Links: 5}, 25, 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data, err := generate.Design(test.options)
			require.NoError(t, err)
			result := validate.Load(design.Source{Name: "generated.yaml", Data: data})
			assert.Empty(t, result.Messages.Errors())
			assert.Len(t, result.Site.Nodes, test.options.Nodes)
			assert.Len(t, result.Site.Racks, test.racks)
			assert.Len(t, result.Site.Links, test.links)
			for _, n := range result.Site.Nodes {
				assert.Len(t, n.Interfaces, 3)
				assert.Len(t, n.Storage.Devices, 2)
				assert.NotEmpty(t, n.BMCAddress())
			}
		})
	}
}

func TestTheSeedDecides(t *testing.T) {
	make := func(seed uint64) string {
		data, err := generate.Design(generate.Options{Nodes: 20, Seed: seed})
		require.NoError(t, err)
		return string(data)
	}
	assert.Equal(t, make(1), make(1))
	assert.NotEqual(t, make(1), make(2))
}

func TestDesignsWithoutRoomAreRefused(t *testing.T) {
	for name, options := range map[string]generate.Options{
		"fewer than no nodes":                 {Nodes: -1},
		"more nodes than the BMC network has": {Nodes: 100_000},
		"no link for storage":                 {Links: 3},
		"more links than tags":                {Links: 5000},
		"more racks than nodes":               {Nodes: 3, Racks: 4},
		"fewer than no racks":                 {Nodes: 3, Racks: -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := generate.Design(options)
			assert.ErrorContains(t, err, "generate a design of")
		})
	}
}
