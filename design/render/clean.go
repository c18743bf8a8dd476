package render

// Clean is the text of a value as it may be shown: the value of a key that is called like a secret is a placeholder, and so
// are passwords in URLs. Views of a design other than this package's use it, so that all hide the same.
func Clean(key, value string) string {
	if secretName.MatchString(key) && value != "" {
		return placeholder
	}
	return cleanURL(value)
}
