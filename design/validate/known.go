package validate

import (
	"sync"

	"drydock/design"
)

// known is what several rules look up, worked out once and at the first need. It is safe for concurrent use: rules run at
// the same time.
type known struct {
	addressing func() map[*design.Node][]entry
}

func newKnown(docs *design.Documents, nodes []subject) *known {
	return &known{addressing: sync.OnceValue(func() map[*design.Node][]entry {
		out := make(map[*design.Node][]entry, len(nodes))
		for _, s := range nodes {
			out[s.Node] = readAddressing(docs, s)
		}
		return out
	})}
}
