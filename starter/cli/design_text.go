package cli

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"drydock/design"
	"drydock/design/validate"
)

var levelColors = map[design.Level]text.Colors{
	design.LevelError:   {text.FgRed, text.Bold},
	design.LevelWarning: {text.FgYellow, text.Bold},
	design.LevelInfo:    {text.FgCyan, text.Bold},
}

// paint colours text for a terminal, and leaves it alone for everything else.
type paint bool

func (p paint) in(colors text.Colors, s string) string {
	if !p {
		return s
	}
	return colors.Sprint(s)
}

// paintData is the paint for stdout. What holds for progress on stderr holds for data on a terminal, too.
func (c commands) paintData() paint {
	_, color := (&App{Err: c.Out, Environ: c.Environ, Terminal: c.Terminal}).picture()
	return paint(color)
}

// printChecked writes the messages in groups by file, each with its line of the source, and says what they come to.
func (c commands) printChecked(result validate.Result, sources []design.Source, valid bool) error {
	w := bufio.NewWriter(c.Out)
	paint := c.paintData()
	source := newExcerpts(sources, result)
	for i, m := range result.Messages {
		if i == 0 || m.File != result.Messages[i-1].File {
			if i > 0 {
				fmt.Fprintln(w)
			}
			name := m.File
			if name == "" {
				name = "the design as a whole"
			}
			fmt.Fprintln(w, paint.in(text.Colors{text.Bold}, printable(name)))
		}
		position := ""
		if m.Line > 0 {
			position = strconv.Itoa(m.Line)
			if m.Column > 0 {
				position += ":" + strconv.Itoa(m.Column)
			}
			position += ": "
		}
		fmt.Fprintf(w, "  %s%s: %s [%s %s]\n", position, paint.in(levelColors[m.Level], string(m.Level)), printable(m.Text), m.Code, m.Rule)
		margin := len(strconv.Itoa(m.Line))
		if line, caret, ok := source.of(m); ok {
			fmt.Fprintf(w, "    %d | %s\n", m.Line, line)
			if caret >= 0 {
				fmt.Fprintf(w, "    %*s | %s%s\n", margin, "", strings.Repeat(" ", caret), paint.in(levelColors[m.Level], "^"))
			}
		}
		if m.Hint != "" {
			fmt.Fprintf(w, "    %*s = %s\n", margin, "", printable(m.Hint))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print messages: %w", err)
	}
	n := levels(result.Messages)
	verdict := "valid"
	switch {
	case !result.Messages.Valid():
		verdict = "invalid"
	case !valid:
		verdict = "valid, but --strict refuses warnings"
	}
	c.say("site %s is %s: %s, %s, %s", result.Site.Name, verdict, count(len(result.Site.Nodes), "node"),
		count(n[design.LevelError], "error"), count(n[design.LevelWarning], "warning"))
	return nil
}
