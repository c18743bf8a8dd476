package validate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design"
	"drydock/design/generate"
)

// sizes are nodes and links of the designs that are measured.
var sizes = []generate.Options{
	{Nodes: 100, Links: 30}, {Nodes: 1000, Links: 30}, {Nodes: 1000, Links: 600}, {Nodes: 10_000, Links: 30}, {Nodes: 10_000, Links: 600},
}

func generated(tb testing.TB, o generate.Options) []byte {
	data, err := generate.Design(o)
	require.NoError(tb, err)
	return data
}

// bare is what there is to compare with: the YAML library alone, in one goroutine, which keeps nothing.
func bare(tb testing.TB, data []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		if err := decoder.Decode(&n); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkDesign measures each step of the way from bytes to a checked site, and the bare decode beside it.
func BenchmarkDesign(b *testing.B) {
	for _, o := range sizes {
		data := generated(b, o)
		docs, _ := design.Parse(design.Source{Name: "generated.yaml", Data: data})
		site, _ := design.Compile(docs)
		for _, step := range []struct {
			name string
			run  func()
		}{
			{"bare decode", func() { bare(b, data) }},
			{"parse", func() { design.Parse(design.Source{Name: "generated.yaml", Data: data}) }},
			{"compile", func() { design.Compile(docs) }},
			{"validate", func() { Check(docs, site) }},
			{"whole", func() { Load(design.Source{Name: "generated.yaml", Data: data}) }},
		} {
			b.Run(fmt.Sprintf("%d nodes %d links/%s", o.Nodes, o.Links, step.name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					step.run()
				}
			})
		}
	}
}
