package verify

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// numbered finds a version in what a BIOS calls itself: "2.10.2", "U30 v2.32 (03/09/2020)", "F14b".
var numbered = regexp.MustCompile(`\d+(?:\.\d+)+[a-z]?\d*|\d+[a-z]?`)

var inBrackets = regexp.MustCompile(`\([^)]*\)`)

// CompareVersions compares versions number by number, so that 2.10 is later than 2.9: -1, 0 or 1. A family before the
// version ("U30 v2.32", "P79 v1.33") has to be the same, unless one side leaves it out. ok is false where the two can't be
// compared.
func CompareVersions(a, b string) (order int, ok bool) {
	familyA, versionA := splitVersion(a)
	familyB, versionB := splitVersion(b)
	if versionA == "" || versionB == "" || familyA != "" && familyB != "" && familyA != familyB {
		return 0, false
	}
	as, bs := strings.Split(versionA, "."), strings.Split(versionB, ".")
	for i := range max(len(as), len(bs)) {
		x, y := part(as, i), part(bs, i)
		if order := comparePart(x, y); order != 0 {
			return order, true
		}
	}
	return 0, true
}

// splitVersion takes what a BIOS calls itself apart. The version is the last number with a point, as dates in brackets are
// left out; else the last number.
func splitVersion(s string) (family, version string) {
	s = strings.ToLower(strings.TrimSpace(inBrackets.ReplaceAllString(s, "")))
	places := numbered.FindAllStringIndex(s, -1)
	if len(places) == 0 {
		return s, ""
	}
	place := places[len(places)-1]
	for _, p := range places {
		if strings.Contains(s[p[0]:p[1]], ".") {
			place = p
		}
	}
	family = strings.TrimSpace(s[:place[0]])
	family = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(family, "version"), "v"))
	return family, s[place[0]:place[1]]
}

func part(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

// comparePart compares numbers as numbers, and a letter behind them as a letter: 14 < 14b < 15.
func comparePart(x, y string) int {
	nx, lx := number(x)
	ny, ly := number(y)
	return cmp.Or(cmp.Compare(nx, ny), cmp.Compare(lx, ly))
}

func number(s string) (int64, string) {
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	n, _ := strconv.ParseInt(digits, 10, 64) // a number too long to be one counts as the largest
	return n, s[len(digits):]
}
