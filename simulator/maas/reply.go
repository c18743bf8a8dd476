package maas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"time"
)

// obj is a JSON object of an answer.
type obj = map[string]any

// apiHash stands for the digest of the API's description that a region sends with each answer.
const apiHash = "29b8898cd6164c9b0adae16fe79c9932fe40e145"

const (
	typeJSON     = "application/json; charset=utf-8"
	typeBareJSON = "application/json" // how model validation errors and configuration values come
	typeText     = "text/plain; charset=utf-8"
	typeBareText = "text/plain"
)

// reply is one HTTP answer.
type reply struct {
	status int
	ctype  string
	body   []byte
	vary   string
	hash   bool // the X-MAAS-API-Hash header, which answers of the exception middleware lack
	header map[string]string
	delay  time.Duration // before it is sent
	hangUp bool          // in place of sending it
}

func (a *reply) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", a.ctype)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.vary != "" {
		h.Set("Vary", a.vary)
	}
	if a.hash {
		h.Set("X-MAAS-API-Hash", apiHash)
	}
	for k, v := range a.header {
		h.Set(k, v)
	}
	w.WriteHeader(a.status)
	// A client that went away is no failure of the region.
	_, _ = w.Write(a.body)
}

const varyFull = "Authorization, Cookie"

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(v); err != nil {
		return []byte(`"` + err.Error() + `"`)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func jsonReply(status int, v any) *reply {
	return &reply{status: status, ctype: typeJSON, body: encode(v), vary: varyFull, hash: true}
}

// textReply is a success in plain text.
func textReply(status int, ctype, text string) *reply {
	return &reply{status: status, ctype: ctype, body: []byte(text), vary: varyFull, hash: true}
}

func noContent() *reply { return textReply(http.StatusNoContent, typeBareText, "") }

// fault is a refusal: a reply that travels as an error.
type fault struct{ reply }

func (f *fault) Error() string { return fmt.Sprintf("%d %s", f.status, f.body) }

func newFault(status int, ctype string, body []byte) *fault {
	return &fault{reply{status: status, ctype: ctype, body: body, vary: "Cookie"}}
}

// refuse is a refusal in plain text, as the region's own exceptions come.
func refuse(status int, format string, args ...any) *fault {
	return newFault(status, typeText, []byte(fmt.Sprintf(format, args...)))
}

// notFound is how the region's object look-ups fail: "No Machine matches the given query."
func notFound(model string) *fault {
	return &fault{*textReply(http.StatusNotFound, typeBareText, "No "+model+" matches the given query.")}
}

// forbidden is an object permission that is missing, or a locked machine: a 403 without words.
func forbidden() *fault { return refuse(http.StatusForbidden, "") }

// unavailable is a failure of the rack; retryAfter is in seconds, 0 for none.
func unavailable(retryAfter int, format string, args ...any) *fault {
	f := refuse(http.StatusServiceUnavailable, format, args...)
	f.vary = ""
	if retryAfter > 0 {
		f.header = map[string]string{"Retry-After": strconv.Itoa(retryAfter)}
	}
	return f
}

// invalid collects what is wrong with the fields of a form.
type invalid struct {
	fields map[string][]string
}

func (v *invalid) add(field, format string, args ...any) {
	if v.fields == nil {
		v.fields = map[string][]string{}
	}
	v.fields[field] = append(v.fields[field], fmt.Sprintf(format, args...))
}

func (v *invalid) has(field string) bool { return len(v.fields[field]) > 0 }

// err is the 400 of the collected messages; nil when there are none.
func (v *invalid) err() error {
	if len(v.fields) == 0 {
		return nil
	}
	return newFault(http.StatusBadRequest, typeJSON, encode(v.fields))
}

func badField(field, format string, args ...any) error {
	var v invalid
	v.add(field, format, args...)
	return v.err()
}

// badModel is a 400 from the model's own validation, which comes with another content type than the form's.
func badModel(field, format string, args ...any) error {
	f := newFault(http.StatusBadRequest, typeBareJSON, encode(map[string][]string{field: {fmt.Sprintf(format, args...)}}))
	return f
}

const (
	fieldRequired = "This field is required."
	fieldAll      = "__all__"
	noSuchChoice  = "Select a valid choice. %s is not one of the available choices."
	noThatChoice  = "Select a valid choice. That choice is not one of the available choices."
	invalidValue  = "Enter a valid value."
	wholeNumber   = "Enter a whole number."
)

// quotedList is 'a', 'b' in the given order.
func quotedList(items []string) string {
	var b bytes.Buffer
	for i, x := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("'" + x + "'")
	}
	return b.String()
}

func sorted(items []string) []string {
	out := append([]string(nil), items...)
	sort.Strings(out)
	return out
}

// orNull is null for the empty string.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func listOf[T any](items []T, body func(T) obj) []obj {
	out := make([]obj, 0, len(items))
	for _, x := range items {
		out = append(out, body(x))
	}
	return out
}

// orEmpty is [] rather than null.
func orEmpty(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
