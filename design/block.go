package design

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// blockReader reads documents that are written in the plainest way: mappings and lists in block style, with values that
// stand on one line, in ASCII. So are nearly all documents of a large design, which tools have rendered. It reads them
// several times as fast as the YAML library and without an allocation per value, and leaves everything else, with all
// mistakes, to the library: it either gives the same tree or none.
type blockReader struct {
	*expander
	rest    string // what comes after the current line
	number  int    // of the current line, from 1
	indent  int    // of the current line
	body    string // of the current line, without indentation and blanks at the end; "" at the end of the document
	pending []*element
}

// longestLine is up to how many bytes a line is read here; the library has a limit for keys.
const longestLine = 1000

// readBlock reads a document; nil when that is for the library to do.
func readBlock(e *expander, text []byte) *element {
	for _, b := range text {
		if b != '\n' && (b < ' ' || b > '~') {
			return nil
		}
	}
	r := &blockReader{expander: e, rest: string(text)}
	if !r.next() {
		return nil
	}
	if r.body == "---" && r.indent == 0 && !r.next() {
		return nil
	}
	root := r.block(nil, 0)
	if r.body != "" {
		return nil
	}
	return root
}

// next goes to the next line that is neither blank nor a comment. It is false where there is a line that is not read here.
func (r *blockReader) next() bool {
	for r.rest != "" {
		line, rest, _ := strings.Cut(r.rest, "\n")
		r.rest = rest
		r.number++
		body := strings.TrimLeft(line, " ")
		if body == "" || body[0] == '#' {
			continue
		}
		if len(line) > longestLine {
			return false
		}
		r.indent, r.body = len(line)-len(body), strings.TrimRight(body, " ")
		return true
	}
	r.indent, r.body = -1, ""
	return true
}

func isEntry(body string) bool {
	return body != "" && body[0] == '-' && (len(body) == 1 || body[1] == ' ')
}

// block reads the list or mapping that begins at the current line. It ends on the line after it.
func (r *blockReader) block(up *element, depth int) *element {
	if isEntry(r.body) {
		return r.entries(up, depth)
	}
	return r.keys(up, depth)
}

func (r *blockReader) entries(up *element, depth int) *element {
	indent, mark := r.indent, len(r.pending)
	list := r.make(up, listKind, "!!seq", "", indent, depth)
	for list != nil && r.indent == indent && isEntry(r.body) {
		var entry *element
		content := strings.TrimLeft(r.body[1:], " ")
		switch {
		case content == "":
			if !r.next() || r.indent <= indent {
				return nil
			}
			entry = r.block(list, depth+1)
		case isEntry(content):
			return nil
		default:
			r.indent, r.body = indent+len(r.body)-len(content), content
			if _, _, ok := cutKey(content); ok {
				entry = r.keys(list, depth+1)
			} else {
				entry = r.line(list, content, r.indent, indent, depth+1)
			}
		}
		if entry == nil {
			return nil
		}
		r.pending = append(r.pending, entry)
	}
	return r.close(list, mark, indent)
}

func (r *blockReader) keys(up *element, depth int) *element {
	indent, mark := r.indent, len(r.pending)
	mapping := r.make(up, mappingKind, "!!map", "", indent, depth)
	for mapping != nil && r.indent == indent && !isEntry(r.body) {
		name, content, ok := cutKey(r.body)
		if !ok {
			return nil
		}
		key := r.scalar(mapping, name, indent, depth+1)
		if key == nil {
			return nil
		}
		var value *element
		switch column := indent + len(r.body) - len(content); {
		case content != "":
			value = r.line(mapping, content, column, indent, depth+1)
		case !r.next():
		case r.indent > indent:
			value = r.block(mapping, depth+1)
		case r.indent == indent && isEntry(r.body):
			value = r.entries(mapping, depth+1)
		}
		if value == nil {
			return nil // also where there is no value at all
		}
		r.pending = append(r.pending, key, value)
	}
	return r.close(mapping, mark, indent)
}

// close gives a list or mapping what was read since the mark.
func (r *blockReader) close(n *element, mark, indent int) *element {
	if n == nil || r.indent > indent || len(r.pending) == mark {
		return nil
	}
	n.Content = append(r.list(len(r.pending)-mark), r.pending[mark:]...)
	r.pending = r.pending[:mark]
	return n
}

// line reads the value at the end of a line. The next line must not go on with it: that it is indented deeper tells.
func (r *blockReader) line(up *element, text string, column, indent, depth int) *element {
	if text[0] != '\'' && text[0] != '"' && (strings.Contains(text, ": ") || text[len(text)-1] == ':') {
		return nil
	}
	value := r.scalar(up, text, column, depth)
	if value == nil || !r.next() || r.indent > indent {
		return nil
	}
	return value
}

// scalar reads a key or value that is all of the text.
func (r *blockReader) scalar(up *element, text string, column, depth int) *element {
	switch quote := text[0]; quote {
	case '\'', '"':
		inner, ok := unquote(text)
		if !ok {
			return nil
		}
		n := r.make(up, scalarKind, "!!str", inner, column, depth)
		if n != nil {
			n.Style = yaml.DoubleQuotedStyle
			if quote == '\'' {
				n.Style = yaml.SingleQuotedStyle
			}
		}
		return n
	}
	if !isPlain(text) {
		return nil
	}
	return r.make(up, scalarKind, plainTag(text), text, column, depth)
}

// make makes an element on the current line; nil above a limit, which the slower way reports.
func (r *blockReader) make(up *element, kind yaml.Kind, tag, value string, column, depth int) *element {
	if r.count(len(value), depth) != nil {
		return nil
	}
	n := r.element()
	*n = element{Kind: kind, Tag: tag, Value: value, Line: int32(r.number + r.offset), Column: int32(column + 1), doc: r.doc, up: up}
	return n
}

// cutKey cuts a line after its key. What comes after the colon has no blanks around it.
func cutKey(body string) (key, content string, ok bool) {
	end := 0
	if body[0] == '\'' || body[0] == '"' {
		if end = closing(body); end < 0 || end+1 == len(body) || body[end+1] != ':' || end+2 < len(body) && body[end+2] != ' ' {
			return "", "", false
		}
		end++
	} else if end = strings.Index(body, ": "); end < 0 {
		if end = len(body) - 1; body[end] != ':' {
			return "", "", false
		}
	}
	if end == 0 || body[end-1] == ' ' {
		return "", "", false
	}
	return body[:end], strings.TrimLeft(body[end+1:], " "), true
}

// closing is where the quote at the beginning of the text is closed; -1 when that is not on this line, or when there are
// escapes.
func closing(text string) int {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			return -1
		case text[i] != quote:
		case quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i
		}
	}
	return -1
}

func unquote(text string) (string, bool) {
	if closing(text) != len(text)-1 {
		return "", false
	}
	inner := text[1 : len(text)-1]
	if text[0] == '\'' && strings.Contains(inner, "''") {
		inner = strings.ReplaceAll(inner, "''", "'")
	}
	return inner, true
}

// isPlain reports whether text without quotes means just itself. It goes by the first character, and is no comment.
func isPlain(text string) bool {
	switch c := text[0]; {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '/', c == '.', c == '+', c == '~':
	default:
		return false
	}
	return !strings.Contains(text, " #")
}

// plainTag is the type that YAML gives to a plain scalar. Most are told by how they begin; for others the library decides.
func plainTag(text string) string {
	c := text[0]
	switch {
	case c >= '0' && c <= '9' && isAddress(text):
		return "!!str"
	case c >= '0' && c <= '9' || c == '.' || c == '+':
	case len(text) > len("false"), !strings.ContainsRune("ntfNTF~", rune(c)):
		return "!!str"
	}
	scalar := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	return scalar.ShortTag()
}

// isAddress reports whether text has three dots, as an IP address, or a colon where no time can have one: no number has.
func isAddress(text string) bool {
	return strings.Count(text, ".") == 3 || len(text) > 5 && text[2] == ':' && text[5] == ':'
}
