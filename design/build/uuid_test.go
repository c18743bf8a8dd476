package build_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"drydock/design/build"
)

func TestSameUUID(t *testing.T) {
	const uuid = "7685da6e-23c1-4981-8b6b-92b7e886c2a1"
	for name, c := range map[string]struct {
		other string
		same  bool
	}{
		"the same text":                         {uuid, true},
		"another letter case":                   {"7685DA6E-23C1-4981-8B6B-92B7E886C2A1", true},
		"without dashes":                        {"7685da6e23c149818b6b92b7e886c2a1", true},
		"the first three fields turned":         {"6eda8576-c123-8149-8b6b-92b7e886c2a1", true},
		"all bytes turned":                      {"a1c286e8-b792-6b8b-8149-c1236eda8576", true},
		"all bytes turned, and the fields back": {"e886c2a1-92b7-8b6b-8149-c1236eda8576", true},
		"another machine":                       {"7685da6e-23c1-4981-8b6b-92b7e886c2a2", false},
		"no UUID at all":                        {"node1", false},
		"nothing":                               {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.same, build.SameUUID(uuid, c.other))
			assert.Equal(t, c.same, build.SameUUID(c.other, uuid))
			assert.Equal(t, c.same, build.CanonicalUUID(uuid) == build.CanonicalUUID(c.other))
		})
	}
	assert.True(t, build.SameUUID("node1-bmc", "NODE1-bmc"))
}

func TestWhatTellsNoMachineFromAnotherIsNoUUID(t *testing.T) {
	for text, want := range map[string]string{
		" 7685DA6E-23C1-4981-8B6B-92B7E886C2A1 ": "7685da6e-23c1-4981-8b6b-92b7e886c2a1",
		"{7685da6e23c149818b6b92b7e886c2a1}":     "7685da6e-23c1-4981-8b6b-92b7e886c2a1",
		"00000000-0000-0000-0000-000000000000":   "",
		"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF":   "",
		"fefefefe-fefe-fefe-fefe-fefefefefefe":   "",
		"03000200-0400-0500-0006-000700080009":   "",
		"00020003-0004-0005-0006-000700080009":   "", // its fields turned
		"12345678-1234-5678-90AB-CDDEEFAABBCC":   "",
		"Not Settable":                           "",
		"":                                       "",
	} {
		assert.Equal(t, want, build.UUID(text), text)
	}
}
