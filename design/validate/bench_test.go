package validate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// What the engine is held to, by "make bench".
const (
	mostOfBare   = 1.0 // of the time of the bare decode, for the whole way on two processors
	mostGrowth   = 11.0
	mostOfLinks  = 2.0
	mostMemory   = 500 // MiB, for 10,000 nodes
	measurements = 5   // of which the best counts: others work on the machine too
)

// measured is the best time of the steps for one size, and the memory that they take.
type measured struct {
	bare, parse, compile, check, whole time.Duration
	allocations                        uint64 // of the whole way
	allocated, peak                    int    // MiB; peak is of a process that does nothing else
}

// TestTheDesignEngineKeepsItsGoals measures and compares; it takes a minute, and is for a machine with time.
func TestTheDesignEngineKeepsItsGoals(t *testing.T) {
	if os.Getenv("DRYDOCK_BENCH") == "" {
		t.Skip("set DRYDOCK_BENCH, or use make bench")
	}
	all := make(map[generate.Options]measured)
	fmt.Printf("%d processors; times in ms, the best of %d; bare is yaml.v3 alone in one goroutine, keeping nothing\n", runtime.GOMAXPROCS(0), measurements)
	fmt.Printf("%7s %6s %7s | %7s %7s %7s %7s %7s | %10s | %9s %10s %9s\n", "nodes", "links", "MB", "bare", "parse", "compile", "check", "whole", "whole/bare", "allocs", "alloc MiB", "peak MiB")
	for _, o := range sizes {
		data := generated(t, o)
		m := measure(t, data)
		all[o] = m
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		fmt.Printf("%7d %6d %7.2f | %7.1f %7.1f %7.1f %7.1f %7.1f | %10.2f | %9d %10d %9d\n", o.Nodes, o.Links, float64(len(data))/1e6,
			ms(m.bare), ms(m.parse), ms(m.compile), ms(m.check), ms(m.whole), ms(m.whole)/ms(m.bare), m.allocations, m.allocated, m.peak)
	}
	whole := func(nodes, links int) float64 {
		return float64(all[generate.Options{Nodes: nodes, Links: links}].whole)
	}
	growth, links := whole(10_000, 30)/whole(1000, 30), whole(1000, 600)/whole(1000, 30)
	fmt.Printf("10,000 over 1,000 nodes: %.1f times (goal: at most %.0f); 600 over 30 links at 1,000 nodes: %.2f times (goal: at most %.0f)\n", growth, mostGrowth, links, mostOfLinks)
	for o, m := range all {
		assert.LessOrEqual(t, float64(m.whole)/float64(m.bare), mostOfBare, "%d nodes, %d links: the whole way over the bare decode", o.Nodes, o.Links)
		assert.LessOrEqual(t, m.peak, mostMemory, "%d nodes, %d links: MiB of memory", o.Nodes, o.Links)
	}
	assert.LessOrEqual(t, growth, mostGrowth)
	assert.LessOrEqual(t, links, mostOfLinks)
}

func measure(t *testing.T, data []byte) measured {
	source := design.Source{Name: "generated.yaml", Data: data}
	var m measured
	best := func(d *time.Duration, run func()) {
		runtime.GC()
		begin := time.Now()
		run()
		if took := time.Since(begin); *d == 0 || took < *d {
			*d = took
		}
	}
	for range measurements {
		var docs *design.Documents
		var site *design.Site
		best(&m.bare, func() { bare(t, data) })
		best(&m.parse, func() { docs, _ = design.Parse(source) })
		best(&m.compile, func() { site, _ = design.Compile(docs) })
		best(&m.check, func() { Check(docs, site) })
		docs, site = nil, nil
		best(&m.whole, func() { require.True(t, Load(source).Messages.Valid()) })
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	Load(source)
	runtime.ReadMemStats(&after)
	m.allocations, m.allocated = after.Mallocs-before.Mallocs, int((after.TotalAlloc-before.TotalAlloc)>>20)
	m.peak = peak(t, data)
	return m
}

// peak loads a design in a process of its own and returns the most memory that it had, in MiB.
func peak(t *testing.T, data []byte) int {
	path := filepath.Join(t.TempDir(), "site.yaml")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self, "-test.run", "^TestLoadAlone$", "-test.v")
	child.Env = append(os.Environ(), "DRYDOCK_BENCH_LOAD="+path)
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	if found == nil {
		t.Log("this system does not tell the peak of memory")
		return 0
	}
	kib, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return kib >> 10
}

// TestLoadAlone is the process whose memory is measured.
func TestLoadAlone(t *testing.T) {
	path := os.Getenv("DRYDOCK_BENCH_LOAD")
	if path == "" {
		t.Skip("it is a part of the measurement of memory")
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	result := Load(design.Source{Name: path, Data: data})
	require.True(t, result.Messages.Valid())
	status, _ := os.ReadFile("/proc/self/status") // Linux only
	runtime.KeepAlive(result)
	fmt.Printf("%s\n", status)
}
