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

func TestEveryMessageNamesARuleOfTheCatalog(t *testing.T) {
	known := make(map[string]string)
	for _, e := range Catalog() {
		known[e.Slug] = e.Code
	}
	for _, c := range errorConditions {
		text := testdata(t, "harbor-lab.yaml")
		for _, m := range load(strings.ReplaceAll(wrongDesign(text, c), mark, "")).Messages {
			assert.Equal(t, known[m.Rule], m.Code, m.String())
		}
	}
}
