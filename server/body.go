package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// object is a JSON object of a request, read strictly: keys count with their case, only once, and only known ones. Every
// mistake is collected, so that the client learns of all at once; a key misspelled must never become a wider selection.
type object struct {
	path    string // such as "node_filter.filter_set[0]."; "" for the body itself
	members map[string]json.RawMessage
	wrong   *[]string
}

// readBody reads the object that is the body of a request. An error is about the body as a whole; an empty one is fine
// where it is optional.
func readBody(c echo.Context, optional bool) (object, error) {
	o := object{members: map[string]json.RawMessage{}, wrong: &[]string{}}
	raw, err := io.ReadAll(c.Request().Body)
	if err != nil {
		if routing := (*echo.HTTPError)(nil); errors.As(err, &routing) && routing.Code == http.StatusRequestEntityTooLarge {
			return o, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %s", bodyLimit)
		}
		return o, refuse(http.StatusBadRequest, "the body could not be read to its end")
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		if optional {
			return o, nil
		}
		return o, refuse(http.StatusBadRequest, "the body is empty: a JSON object is required")
	}
	media, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || media != echo.MIMEApplicationJSON {
		return o, refuse(http.StatusBadRequest, "requires the header Content-Type: application/json")
	}
	members, err := o.parse(raw)
	if err != nil {
		return o, refuse(http.StatusBadRequest, "the body is not a JSON object: %s", err)
	}
	o.members = members
	return o, nil
}

// err is all mistakes as one error; nil when there are none.
func (o object) err() error {
	if len(*o.wrong) == 0 {
		return nil
	}
	return refuse(http.StatusBadRequest, "%s", strings.Join(*o.wrong, "; "))
}

func (o object) mistake(key, format string, args ...any) {
	*o.wrong = append(*o.wrong, o.path+key+" "+fmt.Sprintf(format, args...))
}

// parse reads the members of an object. Members that stand twice are a mistake: readers differ on which one counts.
func (o object) parse(raw json.RawMessage) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err != nil {
		return nil, plain(err)
	}
	if open != json.Delim('{') {
		return nil, errors.New("it does not begin with {")
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, plain(err)
		}
		key, ok := token.(string)
		if !ok {
			return nil, errors.New("a key is no string")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, plain(err)
		}
		if _, twice := members[key]; twice {
			o.mistake(cut(key, 64), "stands twice")
		}
		members[key] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, plain(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows after it")
	}
	return members, nil
}

// plain is the error of the JSON reader in words for people who did not write it.
func plain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}

// only refuses every key that is not one of these.
func (o object) only(known ...string) {
	var unknown []string
	for key := range o.members {
		if !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		o.mistake(fmt.Sprintf("%.64q", key), "is not known here: known are %s", strings.Join(known, ", "))
	}
}

// has reports whether the key is there with a value other than null.
func (o object) has(key string) bool {
	value, ok := o.members[key]
	return ok && string(value) != "null"
}

// get reads a member into a plain Go value; absent and null leave it as it is.
func get[T any](o object, key, kind string, value *T) {
	if !o.has(key) {
		return
	}
	var got T
	if err := json.Unmarshal(o.members[key], &got); err != nil {
		o.mistake(key, "has to be %s", kind)
		return
	}
	*value = got
}

func (o object) text(key string) (s string) {
	get(o, key, "a string", &s)
	return strings.TrimSpace(s)
}

func (o object) flag(key string) (b bool) {
	get(o, key, "true or false", &b)
	return b
}

func (o object) texts(key string) (list []string) {
	// Pointers, because encoding/json would turn a null in the list into an empty string.
	var pointers []*string
	get(o, key, "a list of strings", &pointers)
	for i, p := range pointers {
		if p == nil || *p == "" {
			o.mistake(fmt.Sprintf("%s[%d]", key, i), "is empty")
			continue
		}
		list = append(list, *p)
	}
	return list
}

func (o object) labels(key string) map[string]string {
	var pointers map[string]*string
	get(o, key, "an object of strings", &pointers)
	if pointers == nil {
		return nil
	}
	labels := map[string]string{}
	for name, p := range pointers {
		if p == nil {
			o.mistake(key+"."+cut(name, 64), "is null")
			continue
		}
		labels[name] = *p
	}
	return labels
}

// object reads a member that is an object itself; false when it is absent, null or none.
func (o object) object(key string) (object, bool) {
	if !o.has(key) {
		return object{}, false
	}
	return o.within(key, o.members[key])
}

// objects reads a member that is a list of objects.
func (o object) objects(key string) (list []object) {
	var raws []json.RawMessage
	get(o, key, "a list of objects", &raws)
	for i, raw := range raws {
		if inner, ok := o.within(fmt.Sprintf("%s[%d]", key, i), raw); ok {
			list = append(list, inner)
		}
	}
	return list
}

func (o object) within(key string, raw json.RawMessage) (object, bool) {
	inner := object{path: o.path + key + ".", wrong: o.wrong}
	members, err := inner.parse(raw)
	if err != nil {
		o.mistake(key, "has to be an object")
		return object{}, false
	}
	inner.members = members
	return inner, true
}
