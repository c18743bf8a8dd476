package maas

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one API request.
type call struct {
	s       *Server
	request *http.Request
	user    *user // nil for a caller without credentials
	vars    map[string]string
	op      string
	query   url.Values
	form    url.Values
	files   []string // names of the parts of a multipart body that were files
	// delay and perMachine are what faults make an answer, and a list, take longer.
	delay, perMachine time.Duration
	params            url.Values // what operations read: the form of POST and PUT, the query of GET and DELETE
}

// maxBody bounds a request body: user data and scripts are the largest things sent.
const maxBody = 16 << 20

func (c *call) parse() error {
	r := c.request
	c.query = r.URL.Query()
	c.form = url.Values{}
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		if err := c.parseBody(); err != nil {
			return err
		}
	}
	c.op = c.query.Get("op")
	if c.op == "" && r.Method == http.MethodPost {
		c.op = c.form.Get("op")
	}
	c.params = url.Values{}
	from := c.query
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		from = c.form
	}
	for k, v := range from {
		if k != "op" && !strings.HasPrefix(k, "oauth_") {
			c.params[k] = v
		}
	}
	return nil
}

func (c *call) parseBody() error {
	r := c.request
	kind, args, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	switch kind {
	case "multipart/form-data":
		if args["boundary"] == "" {
			return fmt.Errorf("Invalid boundary in multipart: None")
		}
		return c.parseMultipart(multipart.NewReader(r.Body, args["boundary"]))
	case "application/json":
		// Not part of the contract: scalars arrive, lists do not.
		var fields map[string]any
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			return fmt.Errorf("Bad Request")
		}
		for k, v := range fields {
			switch v := v.(type) {
			case string:
				c.form.Set(k, v)
			case bool, float64:
				c.form.Set(k, fmt.Sprint(v))
			}
		}
	default:
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return fmt.Errorf("Request body too large.")
		}
		if c.form, err = url.ParseQuery(string(data)); err != nil {
			return fmt.Errorf("Bad Request")
		}
	}
	return nil
}

// parseMultipart reads fields and files. The clients in Python encode their parts in base64, which Go does not undo by itself.
func (c *call) parseMultipart(parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("Invalid multipart body.")
		}
		var in io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
			in = base64.NewDecoder(base64.StdEncoding, part) // ignores line ends
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return fmt.Errorf("Invalid multipart body.")
		}
		name := part.FormName()
		if part.FileName() != "" {
			c.files = append(c.files, name)
		}
		c.form.Add(name, string(data))
	}
}

func (c *call) has(name string) bool      { _, ok := c.params[name]; return ok }
func (c *call) get(name string) string    { return c.params.Get(name) }
func (c *call) list(name string) []string { return c.params[name] }

// textOf reads a field that is set when present, even to nothing.
func (c *call) textOf(name string, into *string) {
	if c.has(name) {
		*into = strings.TrimSpace(c.get(name))
	}
}

// flag reads a boolean as the region's forms do: absent, "", "0", "false" and "off" are false.
func (c *call) flag(name string) bool { return isTrue(c.get(name)) }

func (c *call) flagOf(name string, into *bool) {
	if c.has(name) {
		*into = c.flag(name)
	}
}

func isTrue(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "0", "false", "off", "no":
		return false
	}
	return true
}

// number reads an integer field; a value that is none adds to the messages. ok is false when there is no usable value.
func (c *call) number(name string, v *invalid) (n int, ok bool) {
	if strings.TrimSpace(c.get(name)) == "" {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(c.get(name)))
	if err != nil {
		v.add(name, wholeNumber)
		return 0, false
	}
	return n, true
}

// required reports and adds to the messages when a field is missing or empty.
func (c *call) required(v *invalid, names ...string) {
	for _, n := range names {
		if strings.TrimSpace(c.get(n)) == "" {
			v.add(n, fieldRequired)
		}
	}
}

// idVar is a path variable that is a number; -1 when it is not.
func (c *call) idVar(name string) int {
	n, err := strconv.Atoi(c.vars[name])
	if err != nil {
		return -1
	}
	return n
}

// words splits a field into a list: repeated, or separated by commas or spaces.
func (c *call) words(name string) []string {
	out := []string{}
	for _, v := range c.list(name) {
		out = append(out, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return out
}
