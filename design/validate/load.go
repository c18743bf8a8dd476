package validate

import "drydock/design"

// Result is a design that was read and checked. Site and Documents are there even where messages are errors.
type Result struct {
	Site      *design.Site
	Documents *design.Documents
	Messages  design.Messages
}

// Load reads, compiles and checks a design within the default limits; see LoadWithin.
func Load(sources ...design.Source) Result { return LoadWithin(design.Limits{}, sources...) }

// LoadWithin reads, compiles and checks a design. Messages are sorted by file and line, none comes twice, and each
// says what to do.
func LoadWithin(limits design.Limits, sources ...design.Source) Result {
	docs, messages := limits.Parse(sources...)
	site, more := design.Compile(docs)
	messages = append(messages, more...)
	messages = append(messages, Check(docs, site)...)
	messages = messages.Distinct()
	advise(messages)
	messages.Sort()
	return Result{Site: site, Documents: docs, Messages: messages}
}
