package cli

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"drydock/design"
	"drydock/design/render"
	"drydock/design/validate"
)

// excerpts finds the source lines that messages are about, without the secrets that stand in them.
type excerpts struct {
	lines   map[string][]string // by file
	secrets []string
}

func newExcerpts(sources []design.Source, result validate.Result) excerpts {
	e := excerpts{lines: make(map[string][]string, len(sources))}
	for _, s := range sources {
		for line := range bytes.Lines(s.Data) {
			e.lines[s.Name] = append(e.lines[s.Name], strings.TrimRight(string(line), "\r\n"))
		}
	}
	for _, nodes := range [][]*design.Node{result.Site.Nodes, design.UnusedProfiles(result.Documents, result.Site)} {
		for _, n := range nodes {
			if secret := strings.TrimSpace(n.OOB.Credential.Reveal()); secret != "" && !slices.Contains(e.secrets, secret) {
				e.secrets = append(e.secrets, secret)
			}
		}
	}
	return e
}

// longestExcerpt is how much of a line is shown, in characters, and longestLine how long a line may be of which something
// is shown, in bytes: no person has written a longer one.
const (
	longestExcerpt = 100
	longestLine    = 16 << 10
)

// of is the source line of a message as it may be shown, and where in it the caret stands, from 0; -1 when no column is
// known. It is false when there is no line, or when it may be part of a secret.
func (e excerpts) of(m design.Message) (line string, caret int, ok bool) {
	lines := e.lines[m.File]
	if m.Line < 1 || m.Line > len(lines) || len(lines[m.Line-1]) > longestLine || continuesSecret(lines[:m.Line]) {
		return "", 0, false
	}
	shown, caret := redact(lines[m.Line-1], m.Column-1, e.secrets)
	start := 0
	if caret > longestExcerpt*3/4 {
		start = caret - longestExcerpt/2
	}
	end := min(len(shown), start+longestExcerpt)
	line = printable(string(shown[start:end]))
	if start > 0 {
		line, caret = "..."+line, caret+3
	}
	if end < len(shown) {
		line += "..."
	}
	return line, max(caret-start, -1), true
}

// span is a part of a line, in bytes.
type span struct{ from, to int }

var (
	keyPattern = regexp.MustCompile(`["']?([A-Za-z0-9_.-]+)["']?\s*:\s*`)
	password   = regexp.MustCompile(`://[^/\s:@]*:([^@\s]*)@`)
)

// redact replaces the secrets of a line. The caret, counted in characters, keeps to the character that it is at; within a
// secret it stands at the beginning.
func redact(line string, caret int, secrets []string) ([]rune, int) {
	var out []rune
	moved, at, chars := -1, 0, 0
	step := func(text string, shown string) {
		n := len([]rune(text))
		if caret >= chars && caret < chars+n {
			moved = len(out)
			if text == shown {
				moved += caret - chars
			}
		}
		chars += n
		out = append(out, []rune(shown)...)
	}
	for _, s := range secretSpans(line, secrets) {
		step(line[at:s.from], line[at:s.from])
		step(line[s.from:s.to], design.Secret("x").String())
		at = s.to
	}
	step(line[at:], line[at:])
	return out, moved
}

// secretSpans are the parts of a line that must not be shown, in order, apart from each other.
func secretSpans(line string, secrets []string) []span {
	var found []span
	for _, m := range keyPattern.FindAllStringSubmatchIndex(line, -1) {
		if isSecretKey(line[m[2]:m[3]]) && m[1] < len(line) {
			found = append(found, span{m[1], valueEnd(line, m[0], m[1])})
		}
	}
	for _, m := range password.FindAllStringSubmatchIndex(line, -1) {
		found = append(found, span{m[2], m[3]})
	}
	for _, secret := range secrets {
		for from := 0; ; {
			i := strings.Index(line[from:], secret)
			if i < 0 {
				break
			}
			found = append(found, span{from + i, from + i + len(secret)})
			from += i + len(secret)
		}
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var out []span
	for _, s := range found {
		switch last := len(out) - 1; {
		case s.from >= s.to:
		case last >= 0 && s.from <= out[last].to:
			out[last].to = max(out[last].to, s.to)
		default:
			out = append(out, s)
		}
	}
	return out
}

func isSecretKey(key string) bool { return render.Clean(key, "x") != "x" }

// valueEnd is where the value behind a key ends. In doubt that is the end of the line.
func valueEnd(line string, key, value int) int {
	rest := line[value:]
	switch quote := rest[0]; quote {
	case '"', '\'':
		for i := 1; i < len(rest); i++ {
			switch {
			case rest[i] == '\\' && quote == '"':
				i++
			case rest[i] == quote && quote == '\'' && i+1 < len(rest) && rest[i+1] == quote:
				i++
			case rest[i] == quote:
				return value + i + 1
			}
		}
	case '{', '[':
	default:
		if strings.Trim(line[:key], " -") != "" { // something stands in front of the key: this is a flow mapping
			if end := strings.IndexAny(rest, ",}]"); end >= 0 {
				return value + end
			}
		}
	}
	return len(line)
}

// continuesSecret reports whether the last of the lines may be the continuation of a secret that began above it: below a
// key that is called like a secret, or in a text that has no key of its own since then.
func continuesSecret(lines []string) bool {
	last := len(lines) - 1
	indent := indentOf(lines[last])
	bare := !keyPattern.MatchString(lines[last])
	for i := last - 1; i >= 0 && !strings.HasPrefix(lines[i], "---"); i-- {
		above := indentOf(lines[i]) < indent
		if !above && !bare || strings.TrimSpace(lines[i]) == "" {
			continue
		}
		keys := keyPattern.FindAllStringSubmatch(lines[i], -1)
		if len(keys) > 0 && isSecretKey(keys[len(keys)-1][1]) {
			return true
		}
		bare = bare && len(keys) == 0
		if above {
			indent = indentOf(lines[i])
		}
	}
	return false
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// printable is text that can't steer a terminal: a tab is a blank, and everything else that is not seen a dot.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '·'
		}
		return r
	}, s)
}
