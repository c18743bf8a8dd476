package bootaction

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/parser"
)

// The engine's errors quote the template and the values in it, which may hold what nobody else should read. So they are
// not passed on: what is known of their form is told in our words, and of the rest only the line.

// explainSyntax tells why a template can't be read.
func explainSyntax(err error) error {
	reason, line := "it is no valid template", 0
	var syntax *parser.SyntaxError
	if errors.As(err, &syntax) {
		line = syntax.Line
	}
	text := err.Error()
	switch {
	case strings.Contains(text, notAllowed):
		reason = text[strings.LastIndex(text, notAllowed):]
	case find(unknownTag, text) != "":
		reason = fmt.Sprintf("the tag %s is unknown, or ends what was not begun", find(unknownTag, text))
	case find(openTag, text) != "":
		reason = "the template ends, and one of these tags is missing: " + strings.ReplaceAll(find(openTag, text), " or ", ", ")
	case find(missing, text) != "":
		reason = find(missing, text) + " is missing"
	case strings.Contains(text, "expected either a number"):
		reason = "a number, a text or a name is missing"
	}
	return atLine(line, reason)
}

// explain tells why a template can't be rendered.
func explain(err error, meter *meter) error {
	text := err.Error()
	line, subject := 0, ""
	if all := lineAndSubject.FindAllStringSubmatch(text, -1); len(all) > 0 {
		last := all[len(all)-1]
		line, _ = strconv.Atoi(last[1])
		if plainPath.MatchString(last[2]) {
			subject = last[2]
		}
	}
	reason := "it can't be evaluated"
	switch {
	case meter.exceeded != nil:
		return atLine(line, meter.exceeded.Error())
	case strings.Contains(text, errRange.Error()):
		return atLine(line, errRange.Error())
	case find(unknownFilter, text) != "":
		return atLine(line, "there is no filter "+find(unknownFilter, text))
	case find(unknownMethod, text) != "":
		return atLine(line, "there is no method "+find(unknownMethod, text))
	case find(wrongCall, text) != "":
		return atLine(line, "wrong arguments for "+find(wrongCall, text))
	case find(unknownName, text) != "":
		reason = noValue + find(unknownName, text)
	case strings.Contains(text, "on None"):
		reason = "a part of what is not there"
	case strings.Contains(text, "is not callable"):
		reason = "it is not a function"
	}
	if subject != "" {
		reason = subject + ": " + reason
	}
	return atLine(line, reason)
}

// explainPanic tells of a mistake that the engine did not expect.
func explainPanic(recovered any) error {
	if err, ok := recovered.(error); ok && strings.Contains(err.Error(), "divide by zero") {
		return errors.New("template divides by zero, or uses % on what is no number")
	}
	return errors.New("template uses an expression that the template engine can't evaluate")
}

func atLine(line int, reason string) error {
	if line == 0 {
		return fmt.Errorf("template: %s", reason)
	}
	return fmt.Errorf("template line %d: %s", line, reason)
}

var (
	lineAndSubject = regexp.MustCompile(`at line (\d+): ([^\n:]*)`)
	plainPath      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	unknownFilter  = regexp.MustCompile(`filter '([A-Za-z0-9_]+)' not found`)
	unknownTag     = regexp.MustCompile(`ControlStructure '([A-Za-z0-9_]+)' not found`)
	unknownMethod  = regexp.MustCompile(`unknown method '([A-Za-z0-9_]+)'`)
	unknownName    = regexp.MustCompile(noValue + `([A-Za-z0-9_.-]+)`)
	openTag        = regexp.MustCompile(`Unexpected EOF, expected tag ([a-z ]+)`)
	missing        = regexp.MustCompile(`'([^']{1,3})' expected here`)
	wrongCall      = regexp.MustCompile(`invalid call to ((?:filter|function|method) '[A-Za-z0-9_]+')`)
)

func find(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}
