package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"drydock/design"
	"drydock/design/ingest"
	"drydock/design/validate"
)

// Loader reads and checks designs with a reader and within limits, for Config.Load. References to files are files of the server's machine.
func Loader(reader ingest.Reader, limits design.Limits) func(ctx context.Context, ref string) (Design, error) {
	return func(ctx context.Context, ref string) (Design, error) {
		sources, err := reader.Read(ctx, ref)
		if err != nil {
			return Design{}, err
		}
		result := validate.LoadWithin(limits, sources...)
		return Design{Site: result.Site, Messages: result.Messages}, nil
	}
}

// wireStatusDocument is the answer of checks: of designs and of health.
type wireStatusDocument struct {
	Kind       string      `json:"kind"` // "Status"
	APIVersion string      `json:"apiVersion"`
	Metadata   struct{}    `json:"metadata"`
	Status     string      `json:"status"` // "Success" or "Failure", with a capital unlike results of tasks
	Message    string      `json:"message"`
	Reason     string      `json:"reason"`
	Details    wireDetails `json:"details"`
	Code       int         `json:"code"`
}

type wireDetails struct {
	ErrorCount  int   `json:"errorCount"`
	MessageList []any `json:"messageList"`
}

func statusDocument(reason string) wireStatusDocument {
	return wireStatusDocument{Kind: "Status", APIVersion: "v1.0", Status: "Success", Reason: reason, Code: http.StatusOK,
		Details: wireDetails{MessageList: []any{}}}
}

func (d *wireStatusDocument) fail(code int, message string) {
	d.Status, d.Code, d.Message = "Failure", code, message
}

// wireFinding is a message about a design.
type wireFinding struct {
	Kind       string               `json:"kind"` // "ValidationMessage"
	Name       string               `json:"name"` // code
	Message    string               `json:"message"`
	Error      bool                 `json:"error"`
	Level      string               `json:"level"` // Error, Warning, Info
	Diagnostic string               `json:"diagnostic"`
	TS         string               `json:"ts"`
	Documents  []design.DocumentRef `json:"documents"`
}

// unreadable is a design reference that could not be read.
type unreadable struct {
	ref string
	err error
}

// Error names the reference once: an *ingest.Error does so by itself.
func (e *unreadable) Error() string {
	if known := (*ingest.Error)(nil); errors.As(e.err, &known) {
		return withoutSecrets(known.Error())
	}
	return withoutSecrets(fmt.Sprintf("read design %s: %s", e.ref, e.err))
}

func (e *unreadable) Unwrap() error { return e.err }

// load reads a design reference. The reference stands in the request, so that what is wrong with it is the client's
// mistake; only time that ran out is not.
func (a *api) load(c echo.Context, ref string) (Design, error) {
	loaded, err := a.Load(c.Request().Context(), ref)
	if err == nil {
		return loaded, nil
	}
	failure := &unreadable{ref: ref, err: err}
	if errors.Is(err, context.DeadlineExceeded) {
		return Design{}, &apiError{status: http.StatusServiceUnavailable, message: failure.Error(), retry: true}
	}
	known := (*ingest.Error)(nil)
	again := errors.As(err, &known) && known.Kind == ingest.Unreachable
	return Design{}, &apiError{status: http.StatusBadRequest, message: failure.Error(), retry: again, cause: failure}
}

// validateDesign is POST /validatedesign with {rel, href, type}, of which only href counts; other keys are not refused,
// because the body is shared by all services that check designs. It answers 200 or 400 with every finding.
func (a *api) validateDesign(c echo.Context) error {
	body, err := readBody(c, false)
	if err != nil {
		return err
	}
	ref := body.text("href")
	if ref == "" {
		body.mistake("href", "is required: where the design is")
	}
	if err := body.err(); err != nil {
		return err
	}
	answer, now := statusDocument("Validation"), pythonTime(time.Now())
	loaded, err := a.load(c, ref)
	if failure := (*unreadable)(nil); errors.As(err, &failure) {
		// Clients look for the reason among the messages of a status, not in an error.
		answer.fail(http.StatusBadRequest, "the design can't be read")
		answer.Details = wireDetails{ErrorCount: 1, MessageList: []any{wireFinding{Kind: "ValidationMessage", Name: "NA",
			Message: failure.Error(), Error: true, Level: "Error", TS: now, Documents: []design.DocumentRef{}}}}
		return c.JSON(answer.Code, answer)
	}
	if err != nil {
		return err
	}
	for _, m := range loaded.Messages {
		answer.Details.MessageList = append(answer.Details.MessageList, findingToWire(m, now))
	}
	answer.Details.ErrorCount = len(loaded.Messages.Errors())
	answer.Message = "the design is valid"
	if answer.Details.ErrorCount > 0 || loaded.Site == nil {
		answer.fail(http.StatusBadRequest, "the design is not valid")
	}
	return c.JSON(answer.Code, answer)
}

func findingToWire(m design.Message, ts string) wireFinding {
	w := wireFinding{Kind: "ValidationMessage", Name: m.Code, Message: m.Text, Error: m.Level == design.LevelError,
		Level: "Info", Diagnostic: m.Hint, TS: ts, Documents: m.Documents}
	switch m.Level {
	case design.LevelError:
		w.Level = "Error"
	case design.LevelWarning:
		w.Level = "Warning"
	}
	if m.Rule != "" {
		w.Message = m.Rule + ": " + m.Text
	}
	if m.File != "" {
		where := m.File
		if m.Line > 0 {
			where = fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Column)
		}
		if w.Diagnostic != "" {
			where += ": "
		}
		w.Diagnostic = withoutSecrets(where) + w.Diagnostic
	}
	if w.Documents == nil {
		w.Documents = []design.DocumentRef{}
	}
	return w
}

// filterNodes is POST /nodefilter with {design_ref, node_filter}: the names of the nodes that the filter selects, in the
// order of the design. No filter selects all, as with the original: asking touches no machine.
func (a *api) filterNodes(c echo.Context) error {
	body, err := readBody(c, false)
	if err != nil {
		return err
	}
	body.only("design_ref", "node_filter")
	ref, filter := readDesignRef(body), readFilter(body)
	if err := body.err(); err != nil {
		return err
	}
	loaded, err := a.load(c, ref)
	if err != nil {
		return err
	}
	if bad := loaded.Messages.Errors(); len(bad) > 0 || loaded.Site == nil {
		text := "it has no model"
		if len(bad) > 0 {
			text = fmt.Sprintf("%d errors, the first: %s", len(bad), bad[0])
		}
		return refuse(http.StatusBadRequest, "the design %s is not valid: %s: see validatedesign for all", withoutSecrets(ref), withoutSecrets(text))
	}
	names := []string{}
	for _, n := range filter.Select(loaded.Site) {
		names = append(names, n.Name)
	}
	return c.JSON(http.StatusOK, names)
}
