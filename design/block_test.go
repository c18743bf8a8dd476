package design

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// both reads a document in both ways; fast is nil where the block reader leaves it to the library.
func both(c chunk) (fast, slow *element, err error) {
	limits := Limits{}.filled()
	p := parser{limits: &limits, room: &arena{}}
	doc := &Document{}
	fast = readBlock(&expander{limits: &limits, doc: doc, offset: c.offset, arena: &arena{}}, c.text)
	_, err = p.libraryTree(doc, c)
	return fast, doc.root, err
}

// outline is all that one can see of a tree.
func outline(n *element) string {
	var b strings.Builder
	var walk func(n *element)
	walk = func(n *element) {
		fmt.Fprintf(&b, "%d:%d %s kind %d style %d %s %q\n", n.Line, n.Column, n.path(), n.Kind, n.Style, n.Tag, n.Value)
		for _, c := range n.Content {
			walk(c)
		}
	}
	if n != nil {
		walk(n)
	}
	return b.String()
}

func TestTheBlockReaderReadsWhatIsPlain(t *testing.T) {
	tests := map[string]struct {
		text string
		read bool
	}{
		"a mapping":                                {"a: 1\nb: two words\n", true},
		"a document start":                         {"---\na: 1\n", true},
		"nothing at the end of the last line":      {"a: 1", true},
		"a mapping in a mapping":                   {"a:\n  b:\n      c: 1\n  d: 2\ne: 3\n", true},
		"a list in a mapping":                      {"a:\n- x\n- y\nb:\n  - z\n", true},
		"mappings in a list":                       {"- a: 1\n  b: 2\n-   c: 3\n    d: 4\n", true},
		"a list in a mapping in a list":            {"- a:\n  - 1\n  - 2\n  b: x\n", true},
		"a block below a dash":                     {"-\n  a: 1\n-\n  - b\n", true},
		"quotes":                                   {"'a b': 'it''s'\n\"c\": \"d: e\"\n- ", false},
		"quoted keys and values":                   {"'!a': 'it''s'\n\"c\": \"d: e # f\"\n", true},
		"blank lines and comments on lines":        {"# head\n\na:\n\n  # inner\n  b: 1\n# foot\n", true},
		"types of scalars":                         {"a: true\nb: null\nc: 12\nd: 007\ne: 1.5\nf: 10.0.0.1\ng: 52:54:00:12:34:56\nh: 2001-01-01\ni: ~\nj: Null\nk: 1e3\nl: .inf\nm: +1\nn: no\no: 0x1f\np: nulls\nq: 2001-01-01 10:00:00\n", true},
		"a colon in a word":                        {"a: http://b:80/c\n", true},
		"a blank before the end of the line":       {"a: b  \nc:  \n  d: e\n", true},
		"a value without anything":                 {"a:\nb: 1\n", false},
		"a value that goes on":                     {"a: b\n  c\n", false},
		"a comment after a value":                  {"a: b # c\n", false},
		"a flow list":                              {"a: [b]\n", false},
		"a flow mapping":                           {"a: {b: c}\n", false},
		"a block of text":                          {"a: |\n  b\n", false},
		"an anchor":                                {"a: &b c\n", false},
		"an alias":                                 {"a: *b\n", false},
		"a tag":                                    {"a: !b c\n", false},
		"a merge key":                              {"<<: a\n", false},
		"an escape":                                {"a: \"b\\n\"\n", false},
		"a quote that goes on":                     {"a: 'b\n  c'\n", false},
		"two colons":                               {"a: b: c\n", false},
		"a key in a mapping that is less indented": {"  a: 1\n b: 2\n", false},
		"a key that is more indented":              {"a: 1\n  b: 2\n", false},
		"an entry among keys":                      {"a: 1\n- b\n", false},
		"a key among entries":                      {"- a\nb: 1\n", false},
		"a list in a list on one line":             {"- - a\n", false},
		"a tab":                                    {"a:\tb\n", false},
		"letters beyond ASCII":                     {"a: é\n", false},
		"windows line ends":                        {"a: b\r\n", false},
		"a scalar alone":                           {"abc\n", false},
		"a minus":                                  {"a: -1\n", false},
		"a question":                               {"? a\n: b\n", false},
		"a line beyond the limit of keys":          {strings.Repeat("k", 1001) + ": v\n", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fast, slow, err := both(chunk{&Source{}, []byte(test.text), 10})
			if !test.read {
				assert.Nil(t, fast)
				return
			}
			require.NoError(t, err)
			require.NotNil(t, fast)
			assert.Equal(t, outline(slow), outline(fast))
		})
	}
}

func TestTheBlockReaderReadsMostOfAGeneratedDesign(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "seaworthy.yaml"))
	require.NoError(t, err)
	nodes, read := 0, 0
	for _, c := range split(&Source{Data: data}) {
		if !bytes.Contains(c.text, []byte("BaremetalNode")) {
			continue
		}
		nodes++
		if fast, _, _ := both(c); fast != nil {
			read++
		}
	}
	assert.Equal(t, 5, nodes)
	assert.Equal(t, nodes, read, "the nodes of a real design are what there are most documents of")
}

func addDesigns(f *testing.F) {
	for _, name := range []string{"harbor-lab", "seaworthy", "airsloop", "seaworthy-virt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
		require.NoError(f, err)
		for _, c := range split(&Source{Data: data}) {
			f.Add(c.text)
		}
	}
}

// FuzzBlockReader looks for text that the block reader understands otherwise than the library.
func FuzzBlockReader(f *testing.F) {
	addDesigns(f)
	for _, s := range []string{"a:\n- b: c\n  d:\n  - e\n", "- 'a': \"b\"\n-\n  - c: 1\n", "a: 1\nb: +.inf\nc: 0b1\nd: 1_0\n", "a : b", "- a:\n  b: c", "'a':\n 'b': c"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, c := range split(&Source{Data: text}) {
			fast, slow, err := both(c)
			if fast == nil {
				continue
			}
			if err != nil {
				t.Fatalf("the library refuses %q: %v", c.text, err)
			}
			if outline(fast) != outline(slow) {
				t.Fatalf("%q is\n%s, not\n%s", c.text, outline(slow), outline(fast))
			}
		}
	})
}

// FuzzSplit looks for streams that the library reads as other documents than we do, such as by a line of a text that
// looks like the start of a document.
func FuzzSplit(f *testing.F) {
	addDesigns(f)
	for _, s := range []string{"a: |\n  ---\n  b\n---\nc: d\n", "a: 1\n...\n---\nb: 2\n", "--- a\n--- b\n", "--- |\n x\n---\n", "%YAML 1.2\n---\na: b\n", "a: '\n---\n'\n", "--- >\n\n---\n", "a: \"x\n  ---\n  y\"\n", "# c\n---\n---\n# d\n", "---#", "#0\r0", "\u00a0"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want []string
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var n yaml.Node
			err := decode(decoder, &n)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return // we say of each document by itself what is wrong
			}
			if len(n.Content) > 0 && n.Content[0].Tag != "!!null" {
				want = append(want, values(n.Content[0]))
			}
		}
		var got []string
		for _, c := range split(&Source{Data: text}) {
			n, err := parseYAML(c.text)
			if err != nil {
				return
			}
			if n != nil && n.Tag != "!!null" {
				got = append(got, values(n))
			}
		}
		assert.Equal(t, want, got)
	})
}

// decode makes an error of a panic of the library.
func decode(decoder *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the library broke")
		}
	}()
	return decoder.Decode(n)
}

// values is the content of a tree, without the places.
func values(n *yaml.Node) string {
	s := fmt.Sprintf("%d %s %q", n.Kind, n.Tag, n.Value)
	for _, c := range n.Content {
		s += "(" + values(c) + ")"
	}
	return s
}
