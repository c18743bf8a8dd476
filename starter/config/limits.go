package config

import (
	"fmt"
	"reflect"
	"time"

	"drydock/design"
	"drydock/design/bootaction"
	"drydock/design/ingest"
)

// Design is about reading designs.
type Design struct {
	Limits Limits `koanf:"limits"`
}

// Limits bound what reading one design may cost, so that one that was made to harm ends in a message. Every process that
// reads a design, the command line too, holds itself to them.
type Limits struct {
	SourceBytes int `koanf:"source_bytes"` // of one file or answer; default 64 MiB

	Bytes          int `koanf:"bytes"`           // of all sources; default 256 MiB
	Documents      int `koanf:"documents"`       // default 200,000
	Values         int `koanf:"values"`          // keys and values, aliases expanded; default 10 million
	DocumentBytes  int `koanf:"document_bytes"`  // of one document, aliases expanded; default 4 MiB
	DocumentValues int `koanf:"document_values"` // of one document, aliases expanded; default 500,000
	ValueBytes     int `koanf:"value_bytes"`     // of one value; default 2 MiB
	Depth          int `koanf:"depth"`           // of lists and mappings within one another; default 100
	Messages       int `koanf:"messages"`        // about one document; default 1,000
	Profiles       int `koanf:"profiles"`        // host profiles in one chain; default 100

	LocationBytes   int           `koanf:"location_bytes"`   // of what an asset has elsewhere; default 1 MiB
	LocationTimeout time.Duration `koanf:"location_timeout"` // of one such fetch; default 30s

	TemplateSteps int           `koanf:"template_steps"` // turns of loops and calls of one template; default 30,000
	TemplateTime  time.Duration `koanf:"template_time"`  // of one template; default 5s
}

func defaultLimits() Limits {
	d, t := design.DefaultLimits(), bootaction.DefaultLimits()
	return Limits{
		SourceBytes: ingest.DefaultLimit,
		Bytes:       d.Bytes, Documents: d.Documents, Values: d.Values, DocumentBytes: d.DocumentBytes,
		DocumentValues: d.DocumentValues, ValueBytes: d.ValueBytes, Depth: d.Depth, Messages: d.Messages, Profiles: d.Profiles,
		LocationBytes: ingest.DefaultLocationLimit, LocationTimeout: ingest.DefaultLocationTimeout,
		TemplateSteps: t.Steps, TemplateTime: t.Time,
	}
}

// Design are the limits that reading and compiling hold themselves to.
func (l Limits) Design() design.Limits {
	return design.Limits{
		Bytes: l.Bytes, Documents: l.Documents, Values: l.Values, DocumentBytes: l.DocumentBytes,
		DocumentValues: l.DocumentValues, ValueBytes: l.ValueBytes, Depth: l.Depth, Messages: l.Messages, Profiles: l.Profiles,
	}
}

// Template are the limits that templates of boot actions are rendered within.
func (l Limits) Template() bootaction.Limits {
	return bootaction.Limits{Steps: l.TemplateSteps, Time: l.TemplateTime}
}

// check finds the limits that would let nothing through: each has to be above 0.
func (l Limits) check(bad func(key, format string, args ...any)) {
	v := reflect.ValueOf(l)
	for i := range v.NumField() {
		if v.Field(i).Int() <= 0 {
			bad(fmt.Sprintf("design.limits.%s", v.Type().Field(i).Tag.Get("koanf")), "must be more than 0")
		}
	}
}
