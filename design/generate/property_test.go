package generate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/diff"
	"drydock/design/generate"
	"drydock/design/render"
	"drydock/design/validate"
)

// any designs: generated ones of several sizes and seeds, and the real ones.
func anyDesigns(t *testing.T) map[string][]byte {
	out := make(map[string][]byte)
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 2))
		o := generate.Options{Nodes: random.IntN(150), Links: 4 + random.IntN(60), Seed: seed}
		data, err := generate.Design(o)
		require.NoError(t, err)
		out[fmt.Sprintf("seed %d: %d nodes, %d links", seed, o.Nodes, o.Links)] = data
	}
	for _, name := range []string{"airsloop", "seaworthy", "seaworthy-virt", "harbor-lab"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", name+".yaml"))
		require.NoError(t, err)
		out[name] = data
	}
	return out
}

func load(data []byte) validate.Result {
	return validate.Load(design.Source{Name: "site.yaml", Data: data})
}

func rendered(t *testing.T, site *design.Site) string {
	var b bytes.Buffer
	require.NoError(t, render.YAML(site, &b))
	return b.String()
}

func TestTheOrderOfDocumentsDoesNotMatter(t *testing.T) {
	for name, data := range anyDesigns(t) {
		t.Run(name, func(t *testing.T) {
			want := load(data)
			documents := bytes.Split(data, []byte("\n---\n"))
			for seed := range uint64(4) {
				random := rand.New(rand.NewPCG(seed, 3))
				random.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
				got := load(bytes.Join(documents, []byte("\n---\n")))
				assert.Equal(t, want.Site, got.Site)
				assert.Equal(t, rendered(t, want.Site), rendered(t, got.Site))
				assert.ElementsMatch(t, textsOf(want.Messages), textsOf(got.Messages))
			}
		})
	}
}

// textsOf are messages without their places, which move with the documents.
func textsOf(messages design.Messages) []string {
	var out []string
	for _, m := range messages {
		out = append(out, m.Rule+" "+m.Text)
	}
	return out
}

func TestADesignSurvivesBeingWrittenAndRead(t *testing.T) {
	for name, data := range anyDesigns(t) {
		t.Run(name, func(t *testing.T) {
			first := load(data)
			written := first.Documents.Canonical()
			second := load(written)
			assert.Equal(t, string(written), string(second.Documents.Canonical()))
			assert.Equal(t, first.Site.Digest, second.Site.Digest)
			assert.Equal(t, first.Site, second.Site)
			assert.Equal(t, rendered(t, first.Site), rendered(t, second.Site))
		})
	}
}

func TestTheRenderedDesignIsADesignOfTheSameMachines(t *testing.T) {
	for name, data := range anyDesigns(t) {
		t.Run(name, func(t *testing.T) {
			first := load(data)
			written := rendered(t, first.Site)
			second := load([]byte(written))
			assert.Empty(t, second.Messages.Errors())
			assert.Equal(t, written, rendered(t, second.Site))
			assert.Equal(t, first.Site.Name, second.Site.Name)
			// What is left out is all that differs.
			for _, node := range diff.Compare(first.Site, second.Site).Nodes {
				for _, change := range node.Changes {
					if change.Area != "boot actions" {
						assert.Equal(t, "oob credential", change.Area+" "+change.Field, "%s %+v", node.Name, change)
					}
				}
			}
		})
	}
}
