package design

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Size is how large a partition or logical volume is to be, as the design says it: an amount, a share in percent of the
// whole device or group, or "at least" an amount and then all that is left. The zero Size is "not given".
type Size struct {
	Text    string // as written
	Bytes   int64  // for an amount
	Percent int    // for a share; 0 when it is an amount
	AtLeast bool   // ">" stood in front
}

// IsZero reports whether no size was given.
func (s Size) IsZero() bool { return s.Text == "" }

// spare is what a partition or volume that takes all that is left leaves free, in bytes: 4 MiB, as the format says.
const spare = 4 << 20

var sizePattern = regexp.MustCompile(`^(>?)\s*([0-9]+)\s*([a-z]+|%)$`)

// units are bytes per unit, in lower case.
var units = map[string]int64{
	"m": 1e6, "mb": 1e6, "mi": 1 << 20, "mib": 1 << 20,
	"g": 1e9, "gb": 1e9, "gi": 1 << 30, "gib": 1 << 30,
	"t": 1e12, "tb": 1e12, "ti": 1 << 40, "tib": 1 << 40,
}

// ParseSize reads a size of the design format: an optional ">", a whole number, and one of the units m, g, t (powers of
// 1000), mi, gi, ti (powers of 1024), each with or without b, or %. The case of the unit does not matter.
func ParseSize(text string) (Size, error) {
	m := sizePattern.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil {
		return Size{}, fmt.Errorf("read size %s: it must be a whole number with a unit (m, g, t, mi, gi, ti or %%)", quoted(text))
	}
	s := Size{Text: text, AtLeast: m[1] == ">"}
	amount, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return Size{}, fmt.Errorf("read size %s: the number is too large", quoted(text))
	}
	if m[3] == "%" {
		if amount > 100 {
			return Size{}, fmt.Errorf("read size %s: a share is at most 100%%", quoted(text))
		}
		if amount == 0 && !s.AtLeast {
			return Size{}, fmt.Errorf("read size %s: it is nothing", quoted(text))
		}
		s.Percent = int(amount)
		return s, nil
	}
	unit, ok := units[m[3]]
	switch {
	case !ok:
		return Size{}, fmt.Errorf("read size %s: unit %s is not one of m, g, t, mi, gi, ti and %%", quoted(text), quoted(m[3]))
	case amount > math.MaxInt64/unit:
		return Size{}, fmt.Errorf("read size %s: the number is too large", quoted(text))
	case amount == 0 && !s.AtLeast:
		return Size{}, fmt.Errorf("read size %s: it is nothing", quoted(text))
	}
	s.Bytes = amount * unit
	return s, nil
}

// Resolve is the size in bytes on a device or in a group of total bytes of which free are left. A share is of the total,
// rounded down. "At least" takes all that is free but 4 MiB, and fails where that is less than what is asked for.
func (s Size) Resolve(total, free int64) (int64, error) {
	if s.IsZero() {
		return 0, fmt.Errorf("resolve size: none is given")
	}
	if total < 0 || free < 0 {
		return 0, fmt.Errorf("resolve size %s: %d bytes in all and %d free can't be", quoted(s.Text), total, free)
	}
	want := s.Bytes
	if s.Percent > 0 {
		want = total/100*int64(s.Percent) + total%100*int64(s.Percent)/100
	}
	if !s.AtLeast {
		if want > free {
			return 0, fmt.Errorf("resolve size %s: it needs %d bytes and %d are free", quoted(s.Text), want, free)
		}
		return want, nil
	}
	if left := free - spare; left >= want && left > 0 {
		return left, nil
	}
	return 0, fmt.Errorf("resolve size %s: it needs %d bytes and %d are free, less %d that stay unused", quoted(s.Text), want, free, spare)
}
