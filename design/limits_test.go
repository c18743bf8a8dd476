package design_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

// bomb is a document of levels of aliases, each of which repeats the one before ten times.
func bomb(name string, levels int) string {
	var b strings.Builder
	b.WriteString("schema: drydock/Rack/v1\nmetadata: {name: " + name + "}\ndata:\n  labels:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range levels {
		fmt.Fprintf(&b, "    a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return b.String() + "---\n"
}

func TestDesignsThatWereMadeToHarmAreRefused(t *testing.T) {
	rack := func(data string) string { return document("Rack", "r", data) }
	chain := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(document("HostProfile", fmt.Sprintf("p%d", i), fmt.Sprintf("  host_profile: p%d", i+1)))
		}
		return b.String() + document("HostProfile", fmt.Sprintf("p%d", n), "  {}") + document("HardwareProfile", "h", "  {}") +
			document("BaremetalNode", "n", "  host_profile: p0\n  hardware_profile: h\n  addressing: [{network: n, address: dhcp}]")
	}
	tests := map[string]struct {
		text   string
		limits design.Limits
		within string
	}{
		"aliases of aliases":                           {bomb("r", 9), design.Limits{}, "more than 500000 values"},
		"merge keys of aliases":                        {"a: &a {x: 1}\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: {<<: *b}\n", design.Limits{DocumentValues: 30}, "more than 30 values"},
		"many small bombs":                             {strings.Repeat(bomb("r", 4), 40), design.Limits{Values: 1_000_000}, "more than 1000000 values"},
		"a text that aliases repeat":                   {rack("  labels:\n    a: &a " + strings.Repeat("x", 1<<20) + "\n    b: *a\n    c: *a\n    d: *a\n    e: *a"), design.Limits{}, "more than 4194304 bytes"},
		"a value of 100 MB":                            {rack("  labels:\n    a: " + strings.Repeat("x", 100<<20)), design.Limits{}, "more than 4194304 bytes"},
		"a value above its limit":                      {rack("  labels:\n    a: " + strings.Repeat("x", 3<<20)), design.Limits{}, "longer than 2097152 bytes"},
		"a block of text above its limit":              {rack("  labels:\n    a: |\n      " + strings.Repeat("x", 3<<20)), design.Limits{}, "longer than 2097152 bytes"},
		"a value that grows in its canonical form":     {rack("  labels:\n    a: \"" + strings.Repeat(`\a`, 1<<20) + "\""), design.Limits{}, "in its canonical form"},
		"lists 10,000 deep":                            {rack("  tor_switches: {a: " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}"), design.Limits{}, ""},
		"mappings 10,000 deep":                         {rack("  tor_switches: {a: " + strings.Repeat("{b: ", 10_000) + strings.Repeat("}", 10_000) + "}"), design.Limits{}, ""},
		"entries 10,000 deep":                          {rack("  tor_switches:\n    a: " + strings.Repeat("\n    - ", 1) + strings.Repeat("- ", 10_000)), design.Limits{}, ""},
		"lists deeper than the limit":                  {rack("  tor_switches: {a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}"), design.Limits{}, "more than 100 lists and mappings"},
		"blocks deeper than the limit":                 {"schema: drydock/Rack/v1\nmetadata:\n  name: r\ndata:\n  labels:\n" + steps(200), design.Limits{}, "more than 100 lists and mappings"},
		"more bytes than all sources may have":         {rack("  {}") + "# " + strings.Repeat("x", 1000), design.Limits{Bytes: 1000}, "more than 1000 bytes"},
		"more documents than a design may have":        {strings.Repeat("---\na: b\n", 1001), design.Limits{Documents: 1000}, "more than 1000 documents"},
		"profiles that inherit in a chain without end": {chain(5000), design.Limits{}, "more than 100 host profiles"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			docs, messages := test.limits.Parse(source(test.text))
			_, more := design.Compile(docs)
			messages = append(messages, more...)
			require.NotEmpty(t, messages.Errors())
			m := messages.Errors()[0]
			if test.within != "" {
				assert.Equal(t, "design-limit", m.Rule, m.String())
				assert.Contains(t, m.Text, test.within)
				assert.Contains(t, m.Hint, "design.limits.")
			}
			assert.Equal(t, "site.yaml", m.File)
			assert.Less(t, len(m.String()), 1000)
			assert.Less(t, time.Since(begin), 30*time.Second)
		})
	}
}

// steps are mappings in mappings, one to a line.
func steps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", 4+i) + "a:\n")
	}
	return b.String() + strings.Repeat(" ", 4+n) + "a: b\n"
}

func TestABombTakesLittleMemory(t *testing.T) {
	text := bomb("r", 9)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	design.Parse(source(text))
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(200), "MiB for what would be ten billion values")
}

func TestLimitsCanBeRaised(t *testing.T) {
	text := document("Rack", "r", "  labels:\n    a: "+strings.Repeat("x", 3<<20))
	docs, messages := design.Limits{ValueBytes: 4 << 20}.Parse(source(text))
	assert.Empty(t, messages.Errors())
	assert.Len(t, docs.All(), 1)
}

func TestADesignAboveALimitOfTheWholeIsNotKept(t *testing.T) {
	docs, messages := design.Limits{Documents: 1}.Parse(source(document("Rack", "a", "  {}") + document("Rack", "b", "  {}")))
	assert.Empty(t, docs.All())
	assert.Len(t, messages, 1)
}

func TestADocumentAboveALimitDoesNotHideTheNext(t *testing.T) {
	docs, messages := design.Limits{DocumentBytes: 200}.Parse(source(document("Rack", "a", "  labels: {a: "+strings.Repeat("x", 200)+"}") + document("Rack", "b", "  {}")))
	require.Len(t, docs.All(), 1)
	assert.Equal(t, "b", docs.All()[0].Name)
	require.Len(t, messages, 1)
	assert.Equal(t, 1, messages[0].Line)
}

func TestOfVeryManyMistakesTheFirstAreShown(t *testing.T) {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "  wrong%d: 1\n", i)
	}
	_, messages := design.Limits{Messages: 10}.Parse(source(document("Rack", "r", b.String())))
	require.Len(t, messages, 11)
	assert.Contains(t, messages[10].Text, "40 more mistakes")
	assert.Equal(t, "design-limit", messages[10].Rule)
}
