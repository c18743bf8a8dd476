package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"drydock/design"
)

// DefaultLimit is how many bytes one source may have where a Reader has no limit of its own: a design of 5000 nodes has
// about 10 MB.
const DefaultLimit = 64 << 20

// Designs gives stored designs in their canonical form. An error may wrap an *Error to say of which kind it is.
type Designs interface {
	Design(ctx context.Context, digest string) ([]byte, error)
}

// Reader reads design references. Its zero value reads files and plain http.
type Reader struct {
	HTTP    *http.Client // nil: http.DefaultClient; time limits come from the context
	Designs Designs      // nil: stored designs can't be read
	// Missing is the cause of the error that Designs returns for a digest that is not stored: that is NotFound, any other
	// error Unreachable. With nil every error is NotFound, as far as it does not say itself what it is.
	Missing error
	Stdin   io.Reader     // nil: "-" can't be read
	Limit   int64         // bytes per source; 0: DefaultLimit
	Token   func() string // the token for deckhand+http and other x+http references; nil or "": none is sent
}

// digestPattern is the identity of a stored design.
var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Read reads references in order. A reference is a path, a directory (its *.yaml and *.yml, by name), file://, "-",
// http://, https://, <service>+http(s):// such as deckhand+http://, design:<digest> or sha256:<hex>. It stops at the first
// that fails, with an *Error.
func (r Reader) Read(ctx context.Context, refs ...string) ([]design.Source, error) {
	if len(refs) == 0 {
		return nil, &Error{Ref: "(none)", Kind: Malformed, Err: errors.New("no reference is given"), Advice: "name a file, a directory or an address"}
	}
	var out []design.Source
	for _, ref := range refs {
		sources, err := r.read(ctx, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, sources...)
	}
	return out, nil
}

func (r Reader) read(ctx context.Context, ref string) ([]design.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{Ref: display(ref), Kind: Unreachable, Err: err}
	}
	digest, stored := strings.CutPrefix(ref, "design:")
	switch scheme, rest, hasScheme := strings.Cut(ref, "://"); {
	case ref == "":
		return nil, &Error{Ref: `""`, Kind: Malformed, Err: errors.New("the reference is empty"), Advice: "name a file, a directory or an address"}
	case ref == "-":
		return r.stdin()
	case stored, strings.HasPrefix(ref, "sha256:"):
		return r.stored(ctx, digest)
	case hasScheme && strings.EqualFold(scheme, "file"):
		return r.fileURL(ref)
	case hasScheme:
		return r.address(ctx, strings.ToLower(scheme), rest, ref)
	}
	return r.path(ref)
}

func (r Reader) stdin() ([]design.Source, error) {
	if r.Stdin == nil {
		return nil, &Error{Ref: "-", Kind: Malformed, Err: errors.New("there is no standard input here"), Advice: "name a file or an address"}
	}
	data, err := r.all(r.Stdin, "-")
	if err != nil {
		return nil, err
	}
	return []design.Source{{Name: "(standard input)", Data: data}}, nil
}

func (r Reader) stored(ctx context.Context, digest string) ([]design.Source, error) {
	switch {
	case !digestPattern.MatchString(digest):
		return nil, &Error{Ref: "design:" + digest, Kind: Malformed, Err: errors.New("this is not a digest"),
			Advice: "a digest is sha256: and 64 hexadecimal digits in lower case"}
	case r.Designs == nil:
		return nil, &Error{Ref: digest, Kind: Malformed, Err: errors.New("there are no stored designs here"), Advice: "name a file or an address"}
	}
	data, err := r.Designs.Design(ctx, digest)
	if err != nil {
		var known *Error
		if errors.As(err, &known) {
			return nil, &Error{Ref: digest, Kind: known.Kind, Err: known.Err, Advice: known.Advice}
		}
		kind, advice := NotFound, "check the digest, or load the design again"
		ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
		if ended || r.Missing != nil && !errors.Is(err, r.Missing) {
			kind, advice = Unreachable, "check that the store of designs can be reached"
		}
		return nil, &Error{Ref: digest, Kind: kind, Err: err, Advice: advice}
	}
	return []design.Source{{Name: digest, Data: data}}, nil
}

// all reads to the end, up to the limit.
func (r Reader) all(from io.Reader, ref string) ([]byte, error) {
	limit := r.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	data, err := io.ReadAll(io.LimitReader(from, limit+1))
	switch {
	case err != nil:
		return nil, &Error{Ref: ref, Kind: Unreachable, Err: harmless(err), Advice: "the data ended early, try again"}
	case int64(len(data)) > limit:
		return nil, &Error{Ref: ref, Kind: TooLarge, Err: fmt.Errorf("there are more than %d bytes", limit), Advice: "check that this is a design, or raise the limit"}
	}
	return data, nil
}

// display is a reference without what may be secret: user information, and the query, which may hold a token. An
// address that can't be taken apart with certainty, such as one with a slash in its password, is not shown at all.
func display(ref string) string {
	scheme, rest, ok := strings.Cut(ref, "://")
	if !ok {
		return ref
	}
	u, err := url.Parse("http://" + rest)
	if err != nil || u.User == nil && u.Port() != "" && strings.Contains(rest, "@") {
		return scheme + "://..."
	}
	shown := scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?..."
	}
	return shown
}

// harmless is an error without the address that net/http and net/url put into theirs.
func harmless(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
