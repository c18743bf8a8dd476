package design

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// Parse reads streams of design documents. It reads on after a mistake, so that the messages name all of them, and keeps
// every document of a known kind that has a name. Documents of other namespaces and empty documents are passed over.
// Messages hold no value of a credential.
func Parse(sources ...Source) (*Documents, Messages) {
	p := &parser{docs: &Documents{
		index:   make(map[documentKey]*Document),
		origins: make(map[*yaml.Node]origin),
	}}
	for _, s := range sources {
		for _, c := range split(s.Data) {
			p.chunk(s.Name, c)
		}
	}
	p.docs.inheritance()
	// Only now is it known which profiles are in use: a fault in one that no node has must not stop a site.
	for i, m := range p.messages {
		if len(m.Documents) == 1 && m.Level == LevelError && m.Rule != duplicate.rule && p.docs.unusedRef(m.Documents[0]) {
			p.messages[i].Level = LevelWarning
		}
	}
	return p.docs, p.messages
}

type parser struct {
	reporter
	docs *Documents
}

// at reports a mistake at a value, at its full level: usage is not known before the end of the stream.
func (p *parser) at(docs *Documents, n *yaml.Node, f finding, hint, format string, args ...any) {
	p.add(docs.placeOf(n).Message(f.code, f.rule, f.level, hint, fmt.Sprintf(format, args...)))
}

// chunk is the text of one document and the number of lines before it.
type chunk struct {
	text   []byte
	offset int
}

// split cuts a stream into documents. A line that begins with "---" or "..." ends a document wherever it stands, even
// in a block of text (YAML 1.2, 9.1.2), so lines are enough to go by, and an error in one document does not hide the next.
func split(stream []byte) []chunk {
	stream = bytes.TrimPrefix(stream, []byte("\xef\xbb\xbf"))
	var out []chunk
	current := chunk{}
	line := 0
	flush := func(next int) {
		if !isBlank(current.text) {
			out = append(out, current)
		}
		current = chunk{offset: next}
	}
	for len(stream) > 0 {
		end := bytes.IndexByte(stream, '\n') + 1
		if end == 0 {
			end = len(stream)
		}
		text := stream[:end]
		stream = stream[end:]
		switch marker(text) {
		case "---":
			flush(line)
			current.text = append(current.text, text...)
		case "...":
			flush(line + 1)
		default:
			current.text = append(current.text, text...)
		}
		line++
	}
	flush(line)
	return out
}

func marker(line []byte) string {
	for _, m := range []string{"---", "..."} {
		if rest, ok := bytes.CutPrefix(line, []byte(m)); ok && (len(rest) == 0 || bytes.ContainsAny(rest[:1], " \t\r\n")) {
			return m
		}
	}
	return ""
}

// isBlank reports whether a document has only comments and directives.
func isBlank(text []byte) bool {
	for i, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if i == 0 {
			line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("---")))
		}
		if len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

func (p *parser) chunk(file string, c chunk) {
	tree, err := parseYAML(c.text)
	if err != nil {
		line := errorLine(c.text, err)
		hint := "nothing of this document was read"
		if bareRemoval.Match(bytes.Split(c.text, []byte("\n"))[line-1]) {
			hint += "; text that begins with ! needs quotes"
		}
		p.add(Message{
			Code: badSyntax.code, Rule: badSyntax.rule, Level: badSyntax.level, File: file, Line: c.offset + line,
			Text: "the document is not valid YAML: " + syntaxText(err), Hint: hint,
		})
		return
	}
	if len(tree.Content) == 0 || isNull(tree.Content[0]) {
		return
	}
	e := expander{offset: c.offset, left: maxValues, open: make(map[*yaml.Node]bool)}
	root, err := e.expand(tree.Content[0])
	if err != nil {
		p.add(Message{
			Code: badSyntax.code, Rule: badSyntax.rule, Level: badSyntax.level, File: file, Line: c.offset + tree.Content[0].Line,
			Text: "the document can't be read: " + err.Error(),
		})
		return
	}
	p.document(file, root)
}

// bareRemoval is a removal such as !storage in a flow list, where YAML takes it for a tag.
var bareRemoval = regexp.MustCompile(`[\[{,]\s*!\w`)

// parseYAML reads one document; whatever the text, it comes to a tree or to an error.
func parseYAML(text []byte) (tree *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			tree, err = nil, fmt.Errorf("yaml: the text is not understood")
		}
	}()
	tree = &yaml.Node{}
	if err := yaml.Unmarshal(text, tree); err != nil {
		return nil, err
	}
	return tree, nil
}

// errorLine finds the line of a syntax error. The YAML library names the start of the construct and is sometimes off by
// one; a reader of a stream fails the same way as soon as it has seen the faulty line, so that line ends the shortest
// beginning of the text with the same error.
func errorLine(text []byte, err error) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	n := sort.Search(len(lines), func(i int) bool {
		_, e := parseYAML(bytes.Join(lines[:i+1], nil))
		return e != nil && e.Error() == err.Error()
	})
	return min(n+1, len(lines))
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

func (p *parser) document(file string, root *yaml.Node) {
	envelope := &Document{File: file, Line: root.Line, root: root}
	if root.Kind != yaml.MappingNode {
		p.loose(envelope, root, badEnvelope, "each document needs the keys schema, metadata and data",
			"a document is a %s, not a mapping", typeName(root))
		return
	}
	schema := get(root, "schema")
	parts := strings.Split(text(schema), "/")
	switch {
	case len(parts) != 3:
		at := root
		if schema != nil {
			at = schema
		}
		p.loose(envelope, at, noSchema, "a document of a design has a schema such as drydock/Network/v1",
			"a document without a schema of three parts was passed over")
		return
	case parts[0] != "drydock":
		if editDistance(strings.ToLower(parts[0]), "drydock") < 3 {
			p.loose(envelope, schema, nearlyOurs, "did you mean drydock?", "a document of the namespace %q was passed over", parts[0])
		}
		return
	}
	kind := kinds[parts[1]]
	if kind == nil {
		p.loose(envelope, schema, unknownKind, suggest(parts[1], kindNames()), "there is no kind of document %q", parts[1])
		return
	}
	if parts[2] != "v1" {
		p.loose(envelope, schema, unknownKind, "write drydock/"+parts[1]+"/v1", "version %q of %s is not known", parts[2], parts[1])
		return
	}
	envelope.Kind = parts[1]
	envelope.nameNode = dig(root, "metadata", "name")
	envelope.Name = text(envelope.nameNode)
	p.docs.remember(envelope, root, "")
	p.envelope(envelope)
	if envelope.Name == "" {
		return
	}
	p.shape(kind, envelope.data)
	p.keep(envelope)
}

// envelope checks what surrounds the data of a document of a known kind.
func (p *parser) envelope(doc *Document) {
	for key, value := range pairs(doc.root) {
		switch key.Value {
		case "schema", "metadata", "data":
			if key.Value != "schema" && value.Kind != yaml.MappingNode {
				p.at(p.docs, value, wrongType, "", "%s is a %s and must be a mapping", key.Value, typeName(value))
			}
		default:
			p.at(p.docs, key, unknownField, suggest(key.Value, []string{"schema", "metadata", "data"}),
				"a document has no field %q", key.Value)
		}
	}
	p.repeats(doc.root)
	p.repeats(get(doc.root, "metadata"))
	switch {
	case doc.nameNode == nil:
		p.at(p.docs, doc.root, missing, "give metadata.name", "the document has no name")
	case doc.nameNode.Kind != yaml.ScalarNode || doc.Name == "":
		p.at(p.docs, doc.nameNode, wrongType, "", "metadata.name is not a text")
		doc.Name = ""
	}
	doc.data = get(doc.root, "data")
	if doc.data == nil || doc.data.Kind != yaml.MappingNode {
		if _, v := pair(doc.root, "data"); v == nil {
			p.at(p.docs, doc.root, missing, "give data, if only {}", "the document has no data")
		}
		doc.data = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: doc.root.Line, Column: doc.root.Column}
		p.docs.remember(doc, doc.data, "data")
	}
}

func (p *parser) keep(doc *Document) {
	p.docs.all = append(p.docs.all, doc)
	key := documentKey{doc.Kind, doc.Name}
	if first := p.docs.index[key]; first != nil {
		p.at(p.docs, doc.nameNode, duplicate, "names are unique within a kind; rename or remove one",
			"the name is taken by the document at %s:%d", first.File, first.Line)
		return
	}
	p.docs.index[key] = doc
}

// loose reports a mistake of a document that is not kept.
func (p *parser) loose(doc *Document, n *yaml.Node, f finding, hint, format string, args ...any) {
	m := Message{
		Code: f.code, Rule: f.rule, Level: f.level, Hint: hint, Text: fmt.Sprintf(format, args...),
		File: doc.File, Line: n.Line, Column: n.Column,
	}
	if s, name := text(get(doc.root, "schema")), text(dig(doc.root, "metadata", "name")); s != "" {
		m.Documents = []DocumentRef{{Schema: s, Name: name}}
		m.Path = "schema"
	}
	p.add(m)
}
