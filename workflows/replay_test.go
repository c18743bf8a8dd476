package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"drydock/workflows"
)

// types collects what Register registers.
type types struct{ names []string }

func (t *types) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	t.names = append(t.names, options.Name)
}

// TestRecordedHistoriesReplay runs today's workflow code against histories that real runs left. A change that breaks one
// would break tasks that are under way when it is rolled out.
func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("histories/*.json")
	require.NoError(t, err)
	recorded := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			replayer := sdkworker.NewWorkflowReplayer()
			workflows.Register(replayer)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), file))
		})
		kind, _, _ := strings.Cut(filepath.Base(file), "-")
		recorded[kind] = true
	}
	var all types
	workflows.Register(&all)
	for _, name := range all.names {
		assert.True(t, recorded[name], "there is no recorded history of %s: see docs/architecture.md on how to record one", name)
	}
}

func TestRecordedHistoriesNameNoMachineOfOurs(t *testing.T) {
	files, err := filepath.Glob("histories/*.json")
	require.NoError(t, err)
	home, _ := os.Hostname()
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "@"+home, file)
	}
}
