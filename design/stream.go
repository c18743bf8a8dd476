package design

import "bytes"

// chunk is the text of one document of a stream and the number of lines before it.
type chunk struct {
	source *Source
	text   []byte
	offset int
}

// split cuts a stream into documents, which share the bytes of the stream. A line that begins with "---" or "..." ends a
// document wherever it stands, even in a block of text (YAML 1.2, 9.1.2), so lines are enough to go by, documents can be
// read at the same time, and an error in one does not hide the next.
func split(source *Source) []chunk {
	stream := bytes.TrimPrefix(source.Data, []byte("\xef\xbb\xbf"))
	out := make([]chunk, 0, bytes.Count(stream, []byte("\n---"))+1)
	begin, offset, line := 0, 0, 0
	flush := func(end int) {
		if text := stream[begin:end:end]; !isBlank(text) {
			out = append(out, chunk{source, text, offset})
		}
	}
	for at := 0; at < len(stream); line++ {
		end := len(stream)
		if i := bytes.IndexByte(stream[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		switch marker(stream[at:end]) {
		case "---":
			flush(at)
			begin, offset = at, line
		case "...":
			flush(at)
			begin, offset = end, line+1
		}
		at = end
	}
	flush(len(stream))
	return out
}

func marker(line []byte) string {
	if len(line) < 3 || line[0] != '-' && line[0] != '.' {
		return ""
	}
	if len(line) > 3 && line[3] != ' ' && line[3] != '\t' && line[3] != '\r' && line[3] != '\n' {
		return ""
	}
	if m := string(line[:3]); m == "---" || m == "..." {
		return m
	}
	return ""
}

// isBlank reports whether a document has only comments and directives.
func isBlank(text []byte) bool {
	if marker(text[:min(len(text), 4)]) == "---" {
		text = text[3:]
	}
	for line := range bytes.Lines(text) {
		line = bytes.Trim(line, " \t\r\n") // other blanks are text to YAML
		if len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	// YAML knows more ends of lines; what stands after them is for the library to tell.
	return !bytes.ContainsAny(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\r\u0085\u2028\u2029")
}
