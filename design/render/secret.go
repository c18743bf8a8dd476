package render

import (
	"net/url"
	"regexp"
	"strings"

	"drydock/design"
)

// placeholder is what stands where a secret is; the same as that of design.Secret.
var placeholder = design.Secret("x").String()

// userInfo is the part of an URL in front of the host. It is cut out of the text rather than parsed, because what looks
// like an URL may be none, such as a template of one.
var userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^/?#@:\s]*):[^/?#@\s]*@`)

// cleanURL takes passwords out of an URL, and hides the values of parameters that are called like a secret.
func cleanURL(text string) string {
	text = userInfo.ReplaceAllString(text, "${1}:"+placeholder+"@")
	base, query, found := strings.Cut(text, "?")
	if !found {
		return text
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		key, value, ok := strings.Cut(part, "=")
		name, err := url.QueryUnescape(key)
		if ok && value != "" && (err != nil || secretName.MatchString(name)) {
			parts[i] = key + "=" + placeholder
		}
	}
	return base + "?" + strings.Join(parts, "&")
}

// secretName matches the names of parameters whose value is nobody's business.
var secretName = regexp.MustCompile(`(?i)(pass|secret|token|credential|private|key$|^key|apikey|auth)`)

// cleanParameters hides the values of parameters that are called like a secret, and passwords in URLs.
func cleanParameters(all map[string]string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	out := make(map[string]string, len(all))
	for name, value := range all {
		if secretName.MatchString(name) && value != "" {
			value = placeholder
		}
		out[name] = cleanURL(value)
	}
	return out
}
