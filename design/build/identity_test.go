package build_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"drydock/design/build"
)

func TestAnIdentityIsRecordedAtFirstSight(t *testing.T) {
	for _, c := range []struct {
		name              string
		known, seen, want build.Identity
	}{
		{"nothing known takes all that is seen, in lower case",
			build.Identity{}, build.Identity{Serial: " SN1 ", UUID: "A1B2C3D4-0000-4000-8000-0242AC110002", Model: "R740", MACs: []string{"AA:00:00:00:00:02", "aa:00:00:00:00:01"}},
			build.Identity{Serial: "SN1", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002", Model: "R740", MACs: []string{"aa:00:00:00:00:01", "aa:00:00:00:00:02"}}},
		{"what is known is never replaced",
			build.Identity{Serial: "SN1", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002", Manufacturer: "Acme", Model: "A", BMCAddress: "10.0.0.1"},
			build.Identity{Serial: "SN2", UUID: "c1b2c3d4-0000-4000-8000-0242ac110002", Manufacturer: "Contoso", Model: "B", BMCAddress: "10.0.0.2"},
			build.Identity{Serial: "SN1", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002", Manufacturer: "Acme", Model: "A", BMCAddress: "10.0.0.1"}},
		{"what was not told at first is filled in later",
			build.Identity{UUID: "a1b2c3d4-0000-4000-8000-0242ac110002"}, build.Identity{Serial: "SN1"}, build.Identity{Serial: "SN1", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002"}},
		{"more NICs of the same machine join",
			build.Identity{MACs: []string{"aa:00:00:00:00:02"}}, build.Identity{MACs: []string{"AA:00:00:00:00:02", "aa:00:00:00:00:01"}},
			build.Identity{MACs: []string{"aa:00:00:00:00:01", "aa:00:00:00:00:02"}}},
		{"the NICs of another machine do not",
			build.Identity{MACs: []string{"aa:00:00:00:00:02"}}, build.Identity{MACs: []string{"bb:00:00:00:00:01"}},
			build.Identity{MACs: []string{"aa:00:00:00:00:02"}}},
		{"BMC and bootstrapper each have a first sight",
			build.Identity{MACs: []string{"aa:00:00:00:00:01"}, BMCMACs: []string{"aa:00:00:00:00:01"}},
			build.Identity{MACs: []string{"BB:00:00:00:00:01"}, ProvisionerMACs: []string{"BB:00:00:00:00:01"}},
			build.Identity{MACs: []string{"aa:00:00:00:00:01", "bb:00:00:00:00:01"}, BMCMACs: []string{"aa:00:00:00:00:01"}, ProvisionerMACs: []string{"bb:00:00:00:00:01"}}},
		{"and no second one",
			build.Identity{MACs: []string{"aa:00:00:00:00:01"}, BMCMACs: []string{"aa:00:00:00:00:01"}},
			build.Identity{BMCMACs: []string{"cc:00:00:00:00:01"}},
			build.Identity{MACs: []string{"aa:00:00:00:00:01"}, BMCMACs: []string{"aa:00:00:00:00:01"}}},
		{"a UUID that boards share is none", build.Identity{}, build.Identity{UUID: "03000200-0400-0500-0006-000700080009"}, build.Identity{}},
		{"nothing seen forgets nothing",
			build.Identity{Serial: "SN1", MACs: []string{"aa:00:00:00:00:02"}}, build.Identity{},
			build.Identity{Serial: "SN1", MACs: []string{"aa:00:00:00:00:02"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := append([]string(nil), c.known.MACs...)
			assert.Equal(t, c.want, c.known.Learn(c.seen))
			assert.Equal(t, before, append([]string(nil), c.known.MACs...), "the record that was passed in stays as it was")
		})
	}
}
