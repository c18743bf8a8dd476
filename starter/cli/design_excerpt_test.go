package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"drydock/design"
)

func TestTheCaretKeepsToItsCharacter(t *testing.T) {
	for name, c := range map[string]struct {
		line          string
		column        int
		want, pointed string
	}{
		"a plain line":                      {"  mtu: 1279", 8, "  mtu: 1279", "1279"},
		"a secret before the caret":         {"a: {credential: xyz, type: ilo}", 28, "a: {credential: [redacted], type: ilo}", "ilo}"},
		"a secret after the caret":          {"a: {type: ilo, credential: xyz}", 11, "a: {type: ilo, credential: [redacted]}", "ilo,"},
		"the caret in the secret":           {"credential: xyz", 14, "credential: [redacted]", "[redacted]"},
		"letters of several bytes in front": {"näme: ä, mtu: 7", 15, "näme: ä, mtu: 7", "7"},
		"a tab in front":                    {"\tmtu: 7", 7, " mtu: 7", "7"},
		"the caret behind the end":          {"x: [y", 6, "x: [y", ""},
		"no column":                         {"mtu: 7", 0, "mtu: 7", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := excerpts{lines: map[string][]string{"f": {c.line}}}
			line, caret, ok := e.of(design.Message{File: "f", Line: 1, Column: c.column})
			assert.True(t, ok)
			assert.Equal(t, c.want, line)
			if c.pointed == "" {
				assert.Equal(t, -1, caret)
				return
			}
			assert.True(t, strings.HasPrefix(string([]rune(line)[caret:]), c.pointed), "%q at %d", line, caret)
		})
	}
}

func TestALongLineIsCutAroundTheCaret(t *testing.T) {
	long := strings.Repeat("x", 300) + "!" + strings.Repeat("y", 300)
	e := excerpts{lines: map[string][]string{"f": {long}}}
	line, caret, ok := e.of(design.Message{File: "f", Line: 1, Column: 301})
	assert.True(t, ok)
	assert.LessOrEqual(t, len(line), longestExcerpt+6)
	assert.Equal(t, byte('!'), line[caret])
	assert.True(t, strings.HasPrefix(line, "...") && strings.HasSuffix(line, "..."))
}

func TestALineCannotSteerTheTerminal(t *testing.T) {
	e := excerpts{lines: map[string][]string{"f": {"name: \x1b[31mred\x07"}}}
	line, _, _ := e.of(design.Message{File: "f", Line: 1, Column: 1})
	assert.Equal(t, "name: ·[31mred·", line)
}

func TestAMessageWithoutALineThatCanBeShownHasNoExcerpt(t *testing.T) {
	e := excerpts{lines: map[string][]string{"f": {"a: b", strings.Repeat("x", longestLine+1)}}}
	for _, m := range []design.Message{{}, {File: "f"}, {File: "f", Line: 2}, {File: "f", Line: 3}, {File: "g", Line: 1}} {
		_, _, ok := e.of(m)
		assert.False(t, ok)
	}
}

func FuzzExcerptsNeverShowTheSecretNorPanic(f *testing.F) {
	f.Add("a: {credential: ", ", b: c}", 5)
	f.Add("credential: \"", "\"", 14)
	f.Add("  x: 'qemu+ssh://root:", "@h/'", 3)
	f.Fuzz(func(t *testing.T, before, after string, column int) {
		const secret = "S3cretValue"
		if strings.ContainsAny(before+after, "\r\n") {
			return
		}
		e := excerpts{lines: map[string][]string{"f": {before + secret + after}}, secrets: []string{secret}}
		line, caret, ok := e.of(design.Message{File: "f", Line: 1, Column: column})
		if !ok {
			return
		}
		assert.NotContains(t, line, secret)
		assert.LessOrEqual(t, caret, len([]rune(line)))
	})
}
