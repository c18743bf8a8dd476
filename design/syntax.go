package design

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

var errSecondDocument = errors.New("there is more after the end of the document")

// parseYAML reads one document; whatever the text, it comes to a tree or to an error. The tree is nil for a document
// without content. What stands after the end of the document is an error too: the library by itself would drop it.
func parseYAML(text []byte) (tree *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			tree, err = nil, fmt.Errorf("yaml: the text is not understood")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var root, more yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	case len(root.Content) == 0:
		return nil, nil
	}
	switch err := decoder.Decode(&more); {
	case err == nil:
		return nil, errSecondDocument
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return root.Content[0], nil
}

// bareRemoval is a removal such as !storage in a flow list, where YAML takes it for a tag.
var bareRemoval = regexp.MustCompile(`[\[{,]\s*!\w`)

// searchable is how many bytes of documents are searched for the exact place of a syntax error: the search reads a
// document about twenty times.
const searchable = 1 << 20

// syntaxError makes the message for a document that is no YAML. Without a search its place is only near the fault.
func syntaxError(c chunk, err error, search bool) Message {
	line, column := libraryLine(err), 1
	if search {
		line, column = errorPlace(c.text, err)
	}
	hint := "nothing of this document was read"
	if lines := bytes.SplitN(c.text, []byte("\n"), line+1); line <= len(lines) && bareRemoval.Match(lines[line-1]) {
		hint += "; text that begins with ! needs quotes"
	}
	return Message{
		Code: badSyntax.code, Rule: badSyntax.rule, Level: badSyntax.level, File: c.source.Name, Line: c.offset + line, Column: column,
		Text: "the document is not valid YAML: " + syntaxText(err), Hint: hint,
	}
}

// errorPlace finds the line and column of a syntax error. The library names the start of the construct and no column; a
// reader of a stream fails the same way as soon as it has seen the fault, so the fault ends the shortest beginning
// of the text with the same error.
func errorPlace(text []byte, err error) (line, column int) {
	fails := func(end int) bool {
		_, e := parseYAML(text[:end])
		return e != nil && e.Error() == err.Error()
	}
	ends := lineEnds(text)
	line = min(sort.Search(len(ends), func(i int) bool { return fails(ends[i]) })+1, len(ends))
	begin := 0
	if line > 1 {
		begin = ends[line-2]
	}
	last := bytes.TrimRight(text[begin:ends[line-1]], "\r\n")
	column = sort.Search(len(last), func(i int) bool { return fails(begin + i + 1) }) + 1
	return line, max(min(column, len(last)), 1)
}

// libraryLine is the line of the library's own; 1 where it has none.
func libraryLine(err error) int {
	line := 1
	_, _ = fmt.Sscanf(err.Error(), "yaml: line %d:", &line)
	return max(line, 1)
}

func lineEnds(text []byte) []int {
	var ends []int
	for i, b := range text {
		if b == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(ends) == 0 || ends[len(ends)-1] < len(text) {
		ends = append(ends, len(text))
	}
	return ends
}

// syntaxText is the error without what may be part of a value: a credential that begins with * reads as an alias.
func syntaxText(err error) string {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(s, "line "); ok {
		if _, after, ok := strings.Cut(rest, ": "); ok {
			s = after
		}
	}
	if strings.HasPrefix(s, "unknown anchor") {
		return "an alias (text that begins with * and has no quotes) refers to nothing"
	}
	return s
}
