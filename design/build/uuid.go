package build

import (
	"encoding/hex"
	"slices"
	"strings"
)

// SameUUID reports whether two texts are the system UUID of one machine. The same 16 bytes are written as they stand, with
// the bytes of the first three fields turned (SMBIOS 2.6, section 7.2.1), or with all bytes turned (IPMI 2.0, section 20.8),
// and read back by one of these rules that need not be the one they were written by. Nothing in a UUID surely tells which,
// so all orders that come of it are the same. Texts that are no UUIDs are the same only when equal.
func SameUUID(a, b string) bool {
	x, y := uuidBytes(a), uuidBytes(b)
	if x == nil || y == nil {
		return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
	}
	for _, other := range [][]byte{
		y, fieldsTurned(y), allTurned(y), fieldsTurned(allTurned(y)), allTurned(fieldsTurned(y)), fieldsTurned(allTurned(fieldsTurned(y))),
	} {
		if slices.Equal(x, other) {
			return true
		}
	}
	return false
}

func uuidBytes(text string) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(text), "-", ""))
	if err != nil || len(raw) != 16 {
		return nil
	}
	return raw
}

func fieldsTurned(raw []byte) []byte {
	out := slices.Clone(raw)
	slices.Reverse(out[0:4])
	slices.Reverse(out[4:6])
	slices.Reverse(out[6:8])
	return out
}

func allTurned(raw []byte) []byte {
	out := slices.Clone(raw)
	slices.Reverse(out)
	return out
}
