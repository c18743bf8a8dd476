package explain

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseField takes a field apart as messages write it: keys with dots between them, [1] or [name] for an entry of a list,
// and ["..."] for a key that is no plain word. The "data." in front may be left out.
func ParseField(field string) ([]string, error) {
	rest := strings.TrimPrefix(field, "data.")
	var path []string
	for first := true; rest != ""; first = false {
		var key string
		switch {
		case rest[0] == '[':
			inside, after, err := bracket(rest[1:])
			if err != nil {
				return nil, fmt.Errorf("read field %q: %w", field, err)
			}
			key, rest = inside, after
		default:
			if !first {
				if rest[0] != '.' {
					return nil, fmt.Errorf("read field %q: there is no dot before %q", field, rest)
				}
				rest = rest[1:]
			}
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			key, rest = rest[:end], rest[end:]
		}
		if key == "" {
			return nil, fmt.Errorf("read field %q: a key is empty", field)
		}
		path = append(path, key)
	}
	if len(path) == 0 {
		return nil, fmt.Errorf("read field %q: it is empty: write one such as platform.image", field)
	}
	return path, nil
}

// bracket reads what is inside of brackets, the first of which was read.
func bracket(s string) (inside, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", "", errors.New("a quote is not closed")
		}
		inside, err := strconv.Unquote(quoted)
		if rest, ok := strings.CutPrefix(s[len(quoted):], "]"); ok && err == nil {
			return inside, rest, nil
		}
		return "", "", errors.New("a bracket is not closed")
	}
	inside, rest, ok := strings.Cut(s, "]")
	if !ok {
		return "", "", errors.New("a bracket is not closed")
	}
	return inside, rest, nil
}
