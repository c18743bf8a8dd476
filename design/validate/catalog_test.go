package validate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

func TestTheCatalogHasEveryRuleWithItsReason(t *testing.T) {
	entries := Catalog()
	assert.Len(t, entries, len(Rules())+len(design.Mistakes()))
	slugs := make(map[string]bool)
	for _, e := range entries {
		assert.False(t, slugs[e.Slug], e.Slug)
		slugs[e.Slug] = true
		assert.Regexp(t, `^DD\d{3,4}$`, e.Code)
		assert.NotEmpty(t, e.Title, e.Slug)
		assert.NotEmpty(t, e.Why, e.Slug)
		assert.Contains(t, []design.Level{design.LevelError, design.LevelWarning}, e.Level)
	}
	for slug := range mistakes {
		assert.True(t, slugs[slug], "%s is explained and does not exist", slug)
	}
}

func TestThePageOfRulesIsCurrent(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "design", "rules.md"))
	require.NoError(t, err)
	assert.Equal(t, Markdown(Catalog()), string(page), "write it anew: drydock design rules -o markdown > docs/design/rules.md")
}

// Whatever is wrong with a design: every message names its rule, says what to do, and where.
func TestEveryMessageIsComplete(t *testing.T) {
	known := make(map[string]string)
	for _, e := range Catalog() {
		known[e.Slug] = e.Code
		assert.NotEmpty(t, e.Hint, e.Slug)
	}
	example := testdata(t, "harbor-lab.yaml")
	texts := []string{"a: [b", "x", "schema: drydock/Node/v1", "schema: drydock/Rack/v1\nmetadata: {}", "schema: drydock/Rack/v1\nmetadata: {name: r}\ndata: []\nmore: 1"}
	for _, conditions := range []map[string]condition{errorConditions, warningConditions} {
		for _, c := range conditions {
			texts = append(texts, strings.ReplaceAll(wrongDesign(example, c), mark, ""))
		}
	}
	// Values of every wrong type, one field after the other.
	for _, wrong := range []string{"[x]", "null"} {
		for line := range strings.SplitSeq(example, "\n") {
			if key, _, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(line, "  ") {
				texts = append(texts, strings.Replace(example, line+"\n", key+": "+wrong+"\n", 1))
			}
		}
	}
	seen := make(map[string]bool)
	for _, text := range texts {
		result := load(text)
		for _, m := range result.Messages {
			seen[m.Rule] = true
			require.Equal(t, known[m.Rule], m.Code, m.String())
			require.NotEmpty(t, m.Hint, m.String())
			require.NotEmpty(t, m.Text, m.String())
			if m.File == "" {
				require.Empty(t, m.Documents)
				continue
			}
			require.Positive(t, m.Line, m.String())
			require.LessOrEqual(t, m.Line, 1+strings.Count(text, "\n"), m.String())
		}
		assert.Equal(t, len(result.Messages), len(result.Messages.Distinct()))
	}
	assert.Greater(t, len(seen), 40, "most rules were heard of")
}

// One fault must not hide another, be they of one rule or of different ones.
func TestAllFaultsOfADesignAreReportedAtOnce(t *testing.T) {
	text := testdata(t, "harbor-lab.yaml")
	want := make(map[string]bool)
	for _, name := range []string{
		"a device link is not there", "a default network is not there", "a primary network is not there", "a hardware profile is not there",
		"a dhcp range overlaps a reserved one", "a gateway is malformed", "a CIDR has host bits", "a host name ends with a hyphen",
		"an oob type is unknown", "a boot partition after root is too small", "a mount point is there twice", "percentages are over 99 in a group",
		"a kernel parameter refers to no CPU set", "an address by DHCP is on no network", "a down delay of another mode is below it",
	} {
		c, there := errorConditions[name]
		require.True(t, there, name)
		if !strings.Contains(text, c.old) {
			t.Fatalf("%s: an edit before took its place", name)
		}
		text = strings.ReplaceAll(text, c.old, strings.ReplaceAll(c.wrong, mark, ""))
		if name != "a kernel parameter refers to no CPU set" { // without the hardware profile, which is reported, it can't be told
			want[c.rule] = true
		}
	}
	got := make(map[string]bool)
	for _, m := range load(text).Messages.Errors() {
		got[m.Rule] = true
	}
	for rule := range want {
		assert.True(t, got[rule], "%s was hidden", rule)
	}
}
