package design_test

import (
	"fmt"
	"strings"
	"testing"

	"drydock/design"
)

// largeDesign is the example with more nodes.
func largeDesign(t testing.TB, nodes int) []byte {
	var b strings.Builder
	b.Write(testdata(t, "harbor-lab.yaml"))
	for i := range nodes {
		b.WriteString("---\n" + document("BaremetalNode", fmt.Sprintf("node-%d", i), fmt.Sprintf(
			"  host_profile: worker\n  metadata: {rack: row-a-1}\n  addressing:\n  - {network: bmc, address: 10.41.%d.%d}\n  - {network: pxe, address: dhcp}\n  - {network: mgmt, address: 10.42.%d.%d}",
			i/250, i%250, i/250, i%250)))
	}
	return []byte(b.String())
}

func BenchmarkParseAndCompile1000Nodes(b *testing.B) {
	data := largeDesign(b, 1000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		docs, _ := design.Parse(design.Source{Name: "large", Data: data})
		design.Compile(docs)
	}
}
