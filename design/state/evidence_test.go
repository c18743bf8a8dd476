package state_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/design/state"
)

func TestEvidenceIsKeptAsItCameAndNotTwice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		at := func(minute int) time.Time { return time.Date(2026, 1, 5, 10, minute, 0, 1000, time.UTC) }
		elements := []build.Element{
			{Generator: "lshw", Format: "xml", Data: "<old/>", Collected: at(1)},
			{Generator: "lldp", Format: "xml", Data: "", Collected: at(2)},
			{Generator: "script", Format: "text", Data: "bytes \x00\xff", Collected: at(3)},
		}
		require.NoError(t, s.AddEvidence(ctx, "harbor", "n1", "t1", elements))
		require.NoError(t, s.AddEvidence(ctx, "harbor", "n1", "t1", elements), "an activity is repeated")
		require.NoError(t, s.AddEvidence(ctx, "harbor", "n1", "t2", []build.Element{{Generator: "lshw", Format: "xml", Data: "<new/>", Collected: at(4)}}))
		require.NoError(t, s.AddEvidence(ctx, "quay", "n1", "t3", elements[:1]))
		require.NoError(t, s.AddEvidence(ctx, "harbor", "n1", "t2", nil))

		all, err := s.Evidence(ctx, "harbor", "n1", "", false)
		require.NoError(t, err)
		want := []state.Evidence{
			{Node: "n1", Task: "t2", Element: build.Element{Generator: "lshw", Format: "xml", Data: "<new/>", Collected: at(4)}},
			{Node: "n1", Task: "t1", Element: elements[2]},
			{Node: "n1", Task: "t1", Element: elements[1]},
			{Node: "n1", Task: "t1", Element: elements[0]},
		}
		assert.Equal(t, want, all)
		latest, err := s.Evidence(ctx, "harbor", "n1", "", true)
		require.NoError(t, err)
		assert.Equal(t, want[:3], latest, "the newest per generator")
		one, err := s.Evidence(ctx, "harbor", "n1", "lshw", false)
		require.NoError(t, err)
		assert.Equal(t, []state.Evidence{want[0], want[3]}, one, "of one generator")
		task, err := s.TaskEvidence(ctx, "t1")
		require.NoError(t, err)
		assert.Equal(t, want[1:], task)
		sites, err := s.EvidenceSites(ctx, "n1")
		require.NoError(t, err)
		assert.Equal(t, []string{"harbor", "quay"}, sites)

		none, err := s.Evidence(ctx, "harbor", "n2", "", true)
		require.NoError(t, err)
		assert.Empty(t, none)

		text, err := json.Marshal(all[3])
		require.NoError(t, err)
		assert.JSONEq(t, `{"node_name":"n1","task_id":"t1","generator":"lshw","data_format":"xml","data_element":"<old/>",
			"collected_date":"2026-01-05T10:01:00.000001Z"}`, string(text))
	})
}

func TestEvidenceThatDoesNotFitIsTheOldest(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *state.Store) {
		ctx, s := t.Context(), open()
		start := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
		var elements []build.Element
		for i := range 1005 {
			elements = append(elements, build.Element{Generator: fmt.Sprint("g", i%7), Data: "x", Collected: start.Add(time.Duration(i) * time.Second)})
		}
		require.NoError(t, s.AddEvidence(ctx, "harbor", "n1", "t1", elements))
		all, err := s.Evidence(ctx, "harbor", "n1", "", false)
		require.NoError(t, err)
		require.Len(t, all, 1000)
		assert.Equal(t, start.Add(1004*time.Second), all[0].Collected)
		assert.Equal(t, start.Add(5*time.Second), all[999].Collected)

		large := strings.Repeat("y", 9<<20)
		for i := range 2 {
			require.NoError(t, s.AddEvidence(ctx, "harbor", "n2", "t1",
				[]build.Element{{Generator: fmt.Sprint("g", i), Data: large, Collected: start.Add(time.Duration(i) * time.Second)}}))
		}
		few, err := s.Evidence(ctx, "harbor", "n2", "", true)
		require.NoError(t, err)
		require.Len(t, few, 1, "two of 9 MiB are more than 16 MiB")
		assert.Equal(t, "g1", few[0].Generator)
		assert.Len(t, few[0].Data, len(large))
	})
}
