package validate

import (
	"fmt"
	"strings"
	"testing"

	"drydock/design"
)

func BenchmarkLoad1000Nodes(b *testing.B) {
	var text strings.Builder
	text.WriteString(testdata(b, "harbor-lab.yaml"))
	for i := range 1000 {
		fmt.Fprintf(&text, "---\nschema: drydock/BaremetalNode/v1\nmetadata: {name: node-%d}\ndata:\n  host_profile: worker\n  addressing:\n  - {network: bmc, address: 10.40.1.%d}\n  - {network: pxe, address: dhcp}\n", i, i%250)
	}
	data := []byte(text.String())
	for b.Loop() {
		Load(design.Source{Name: "large", Data: data})
	}
}
