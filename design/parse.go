package design

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// Parse reads streams of design documents within the default limits; see Limits.Parse.
func Parse(sources ...Source) (*Documents, Messages) { return Limits{}.Parse(sources...) }

// Parse reads streams of design documents. It reads on after a mistake, so that the messages name all of them, and keeps
// every document of a known kind that has a name. Documents of other namespaces and empty documents are passed over. Of a
// design above the limits of the whole nothing is kept. Messages hold no value of a credential.
//
// Documents are read at the same time, as many as there are processors; the result does not depend on it.
func (l Limits) Parse(sources ...Source) (*Documents, Messages) {
	l = l.filled()
	chunks, err := l.split(sources)
	var read []parser
	if err == nil {
		read, err = l.read(chunks)
	}
	docs := &Documents{all: make([]*Document, 0, len(read)), index: make(map[documentKey]*Document, len(read)), byKind: make(map[string][]*Document)}
	var all reporter
	if err != nil {
		name := ""
		if len(sources) > 0 {
			name = sources[0].Name
		}
		all.add(refusal(err, name, 0, "the design"))
	}
	left := searchable
	for i := range read {
		p := &read[i]
		if p.syntax != nil {
			all.add(syntaxError(chunks[i], p.syntax, len(chunks[i].text) <= left))
			left -= len(chunks[i].text)
		}
		for _, m := range p.messages {
			all.add(m)
		}
		if p.doc != nil {
			docs.keep(p.doc, &all)
		}
	}
	docs.sort()
	docs.inherit(l.Profiles)
	// Only now is it known which profiles are in use: a fault in one that no node has must not stop a site.
	for i, m := range all.messages {
		if len(m.Documents) == 1 && m.Level == LevelError && m.Rule != duplicate.rule && docs.unusedRef(m.Documents[0]) {
			all.messages[i].Level = LevelWarning
		}
	}
	return docs, all.messages
}

// split cuts the sources into documents.
func (l Limits) split(sources []Source) ([]chunk, error) {
	var out []chunk
	size := 0
	for i := range sources {
		if size += len(sources[i].Data); size > l.Bytes {
			return nil, exceeds("bytes", "it has more than %d bytes", l.Bytes)
		}
		if out = append(out, split(&sources[i])...); len(out) > l.Documents {
			return nil, exceeds("documents", "it has more than %d documents", l.Documents)
		}
	}
	return out, nil
}

// read reads the documents, each by itself.
func (l Limits) read(chunks []chunk) ([]parser, error) {
	read := make([]parser, len(chunks))
	var values atomic.Int64
	inParallel(len(chunks), func(from, to int) {
		room := &arena{}
		for i := from; i < to && values.Load() <= int64(l.Values); i++ {
			p := &read[i]
			p.limits, p.room = &l, room
			values.Add(int64(p.chunk(chunks[i])))
			p.room = nil
		}
	})
	if values.Load() > int64(l.Values) {
		return nil, exceeds("values", "it has more than %d values", l.Values)
	}
	return read, nil
}

// refusal is the message for what hit a limit, or can't be expanded.
func refusal(err error, file string, line int, what string) Message {
	m := Message{
		Code: badSyntax.code, Rule: badSyntax.rule, Level: badSyntax.level, File: file, Line: line, Column: min(line, 1),
		Text: what + " can't be read: " + err.Error(),
	}
	if limit := (*limitError)(nil); errors.As(err, &limit) {
		m.Code, m.Rule, m.Level, m.Hint = overLimit.code, overLimit.rule, overLimit.level, limit.hint()
	}
	return m
}

// parser reads one document.
type parser struct {
	reporter
	limits *Limits
	room   *arena
	doc    *Document // nil: there is nothing to keep
	syntax error
	more   int // mistakes above the limit of messages
}

// at reports a mistake at a value, at its full level: usage is not known before the end of the stream.
func (p *parser) at(n *element, f finding, hint, format string, args ...any) {
	if len(p.messages) >= p.limits.Messages {
		p.more++
		return
	}
	p.add(n.place().Message(f.code, f.rule, f.level, hint, fmt.Sprintf(format, args...)))
}

// chunk reads the text of a document and returns how many values it has.
func (p *parser) chunk(c chunk) (values int) {
	if len(c.text) > p.limits.DocumentBytes {
		p.add(refusal(exceeds("document_bytes", "it has more than %d bytes", p.limits.DocumentBytes), c.source.Name, c.offset+1, "the document"))
		return 0
	}
	doc := &Document{File: c.source.Name}
	e, err := p.tree(doc, c)
	switch {
	case err == nil && doc.root == nil:
		return 0
	case e == nil:
		p.syntax = err
		return 0
	case err != nil:
		p.add(refusal(err, doc.File, doc.Line, "the document"))
		return e.values
	}
	doc.Line = int(doc.root.Line)
	p.document(doc)
	if p.more > 0 {
		p.add(doc.place().Message(overLimit.code, overLimit.rule, overLimit.level, "correct those that are shown first",
			fmt.Sprintf("the document has %d more mistakes, which are not shown", p.more)))
	}
	return e.values
}

// tree reads the text of a document into its root, which is nil for an empty one. The expander is nil when the text is no
// YAML.
func (p *parser) tree(doc *Document, c chunk) (*expander, error) {
	e := &expander{limits: p.limits, doc: doc, offset: c.offset, arena: p.room}
	if doc.root = readBlock(e, c.text); doc.root != nil {
		return e, nil
	}
	return p.libraryTree(doc, c)
}

func (p *parser) libraryTree(doc *Document, c chunk) (*expander, error) {
	tree, err := parseYAML(c.text)
	if err != nil {
		return nil, err
	}
	e := &expander{limits: p.limits, doc: doc, offset: c.offset, arena: p.room}
	if tree == nil || tree.Tag == "!!null" {
		return e, nil
	}
	doc.Line = c.offset + tree.Line
	doc.root, err = e.expand(tree, nil, 0)
	return e, err
}

func (p *parser) document(envelope *Document) {
	root := envelope.root
	if root.Kind != mappingKind {
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
	p.envelope(envelope)
	if envelope.Name == "" {
		return
	}
	p.shape(kind, envelope.data)
	envelope.canonical, p.room.text = canonicalOf(envelope, p.room.text)
	if most := p.limits.DocumentBytes; len(envelope.canonical) > most {
		p.add(refusal(exceeds("document_bytes", "it has more than %d bytes in its canonical form", most), envelope.File, envelope.Line, "the document"))
		return
	}
	p.doc = envelope
}

// envelope checks what surrounds the data of a document of a known kind.
func (p *parser) envelope(doc *Document) {
	for key, value := range pairs(doc.root) {
		switch key.Value {
		case "schema", "metadata", "data":
			if key.Value != "schema" && value.Kind != mappingKind {
				p.at(value, wrongType, "", "%s is a %s and must be a mapping", key.Value, typeName(value))
			}
		default:
			p.at(key, unknownField, suggest(key.Value, []string{"schema", "metadata", "data"}),
				"a document has no field %q", key.Value)
		}
	}
	p.repeats(doc.root)
	p.repeats(get(doc.root, "metadata"))
	switch {
	case doc.nameNode == nil:
		p.at(doc.root, missing, "give metadata.name", "the document has no name")
	case doc.nameNode.Kind != scalarKind || doc.Name == "":
		p.at(doc.nameNode, wrongType, "", "metadata.name is not a text")
		doc.Name = ""
	}
	doc.data = get(doc.root, "data")
	if doc.data == nil || doc.data.Kind != mappingKind {
		if _, v := pair(doc.root, "data"); v == nil {
			p.at(doc.root, missing, "give data, if only {}", "the document has no data")
		}
		// It stands in a document of its own, so that it can say where it would be.
		whole := &element{Kind: mappingKind, doc: doc}
		doc.data = &element{Kind: mappingKind, Tag: "!!map", Line: doc.root.Line, Column: doc.root.Column, doc: doc, up: whole}
		whole.Content = []*element{{Kind: scalarKind, Value: "data", doc: doc, up: whole}, doc.data}
	}
}

// keep adds a document to the design.
func (d *Documents) keep(doc *Document, all *reporter) {
	d.all = append(d.all, doc)
	d.byKind[doc.Kind] = append(d.byKind[doc.Kind], doc)
	key := documentKey{doc.Kind, doc.Name}
	if first := d.index[key]; first != nil {
		f := duplicate
		all.add(doc.nameNode.place().Message(f.code, f.rule, f.level, "names are unique within a kind; rename or remove one",
			fmt.Sprintf("the name is taken by the document at %s:%d", first.File, first.Line)))
		return
	}
	d.index[key] = doc
}

// loose reports a mistake of a document that is not kept.
func (p *parser) loose(doc *Document, n *element, f finding, hint, format string, args ...any) {
	m := Message{
		Code: f.code, Rule: f.rule, Level: f.level, Hint: hint, Text: fmt.Sprintf(format, args...),
		File: doc.File, Line: int(n.Line), Column: int(n.Column),
	}
	if s, name := text(get(doc.root, "schema")), text(dig(doc.root, "metadata", "name")); s != "" {
		m.Documents = []DocumentRef{{Schema: s, Name: name}}
		m.Path = "schema"
	}
	p.add(m)
}
