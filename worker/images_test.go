package worker

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/validate"
	"drydock/drivers"
	"drydock/simulator"
	"drydock/starter/config"
)

func TestTheImagesOfARegionAreComparedWithADesign(t *testing.T) {
	text, err := os.ReadFile("../deploy/examples/harbor.yaml")
	require.NoError(t, err)
	site := validate.Load(design.Source{Name: "harbor.yaml", Data: text}).Site
	sim, err := simulator.Start(t.Context(), site, simulator.Options{MAASAddr: "127.0.0.1:0", ControlAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	defer sim.Close()
	cfg := config.Default()
	cfg.Drivers.MAAS.URL, cfg.Drivers.MAAS.APIKey = sim.MAASURL(), design.Secret(sim.APIKey())

	images, err := Images(t.Context(), cfg, site)
	require.NoError(t, err)
	require.NotEmpty(t, images.Available)
	for _, n := range site.Nodes {
		n.Platform.Image = "warty"
	}
	lacking, err := Images(t.Context(), cfg, site)
	require.NoError(t, err)
	assert.Equal(t, []design.Platform{{Image: "warty"}}, lacking.Missing, "once, and without a kernel as there is no image")
	assert.Equal(t, images.Available, lacking.Available)

	cfg.Drivers.MAAS.APIKey = "wrong:wrong:wrong"
	_, err = Images(t.Context(), cfg, site)
	assert.Equal(t, drivers.AuthFailed, drivers.ClassOf(err))
	assert.NotContains(t, err.Error(), sim.APIKey())
}
