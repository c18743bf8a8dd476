package world

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// patterns compiles the alias patterns of the slots. One that does not compile matches nothing, and its NIC gets a free
// address.
func patterns(slots []*slot) map[*slot]*regexp.Regexp {
	out := map[*slot]*regexp.Regexp{}
	for _, s := range slots {
		text, ok := strings.CutPrefix(s.alias.Address, regexpPrefix)
		if !ok {
			continue
		}
		pattern, err := regexp.Compile(text)
		if err != nil {
			pattern = regexp.MustCompile(`$^x`)
		}
		out[s] = pattern
	}
	return out
}

// fitting finds a free PCI address that a pattern matches; one that no other pattern matches if there is one, since a
// machine on which two NICs fit one alias would be a riddle.
func fitting(pattern *regexp.Regexp, all map[*slot]*regexp.Regexp, used map[string]bool) string {
	second := ""
	for _, address := range candidates(pattern.String()) {
		if !pciAddress.MatchString(address) || used[address] || !pattern.MatchString(address) {
			continue
		}
		alone := true
		for _, other := range all {
			if other.String() != pattern.String() && other.MatchString(address) {
				alone = false
			}
		}
		if alone {
			return address
		}
		if second == "" {
			second = address
		}
	}
	if second != "" {
		return second
	}
	return free(used)
}

// candidateLimit bounds how many texts a pattern is expanded to.
const candidateLimit = 4096

// candidates expands a pattern to texts that it matches, and completes those that are only a part of an address.
func candidates(pattern string) []string {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	var out []string
	for _, text := range expand(tree.Simplify()) {
		for _, before := range []string{"", "0000:", "0000:41:", "0000:41:00."} {
			for _, after := range []string{"", "0", ".0", "00.0", ":00.0", "41:00.0"} {
				out = append(out, before+text+after)
			}
		}
	}
	return out
}

// expand lists texts that a pattern matches: for a class its members, for a repetition up to four times.
func expand(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case syntax.OpCharClass:
		return members(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return strings.Split("0123456789abcdef.:", "")
	case syntax.OpCapture:
		return expand(re.Sub[0])
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range re.Sub {
			out = product(out, expand(sub))
		}
		return out
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			out = append(out, expand(sub)...)
		}
		return limit(out)
	case syntax.OpQuest:
		return limit(append([]string{""}, expand(re.Sub[0])...))
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		return repeat(re)
	}
	return []string{""} // anchors and boundaries match no text
}

func repeat(re *syntax.Regexp) []string {
	least, most := 0, 4
	switch {
	case re.Op == syntax.OpPlus:
		least = 1
	case re.Op == syntax.OpRepeat:
		least = re.Min
		if re.Max >= 0 {
			most = re.Max
		}
	}
	var out []string
	texts := []string{""}
	sub := expand(re.Sub[0])
	for n := 0; n <= most; n++ {
		if n >= least {
			out = append(out, texts...)
		}
		texts = product(texts, sub)
	}
	return limit(out)
}

// members lists what a class matches of the characters that an address is made of.
func members(ranges []rune) []string {
	var out []string
	for _, r := range "0123456789abcdef.:" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				out = append(out, string(r))
				break
			}
		}
	}
	return out
}

func product(a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			if len(out) == candidateLimit {
				return out
			}
			out = append(out, x+y)
		}
	}
	return out
}

func limit(texts []string) []string {
	if len(texts) > candidateLimit {
		return texts[:candidateLimit]
	}
	return texts
}
