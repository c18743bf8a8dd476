package build

import (
	"encoding/hex"
	"slices"
	"strings"
)

// UUID returns a system UUID in lower case with dashes; "" for what tells no machine from another: what is no UUID, one byte
// all over, such as zeros, and what boards carry that were never given one of their own.
func UUID(text string) string {
	raw := uuidBytes(text)
	if raw == nil || len(slices.Compact(slices.Clone(raw))) == 1 {
		return ""
	}
	for _, shared := range []string{
		"03000200-0400-0500-0006-000700080009", // as firmware of AMI comes to makers of boards
		"12345678-1234-5678-90ab-cddeefaabbcc", // as that of Intel's small machines came
	} {
		if SameUUID(text, shared) {
			return ""
		}
	}
	d := hex.EncodeToString(raw)
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:]
}

// SameUUID reports whether two texts are the system UUID of one machine. The same 16 bytes are written as they stand, with
// the bytes of the first three fields turned (SMBIOS 2.6, section 7.2.1), or with all bytes turned (IPMI 2.0, section 20.8),
// and read back by one of these rules that need not be the one they were written by. Nothing in a UUID surely tells which,
// so all orders that come of it are the same UUID. Texts that are no UUIDs are the same only when equal.
func SameUUID(a, b string) bool { return CanonicalUUID(a) == CanonicalUUID(b) }

// CanonicalUUID returns one text for all texts that are the same UUID by SameUUID: 32 digits, the least of its orders.
func CanonicalUUID(text string) string {
	raw := uuidBytes(text)
	if raw == nil {
		return strings.ToLower(strings.TrimSpace(text))
	}
	return hex.EncodeToString(slices.MinFunc(orders(raw), slices.Compare))
}

// orders are the orders in which the bytes of a UUID are met, and those that come of turning these again: from whichever of
// them one starts, they are the same.
func orders(raw []byte) [][]byte {
	var out [][]byte
	for _, order := range [][]byte{raw, allTurned(fieldsTurned(allTurned(raw)))} {
		out = append(out, order, fieldsTurned(order), allTurned(order), allTurned(fieldsTurned(order)))
	}
	return out
}

func uuidBytes(text string) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(strings.TrimSpace(text), "{}"), "-", ""))
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
