package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"drydock/starter"
)

// apiError is an answer that says no.
type apiError struct {
	status  int
	message string
	retry   bool // the same request may succeed later
	cause   error
}

func (e *apiError) Error() string {
	if e.cause != nil {
		return e.message + ": " + e.cause.Error()
	}
	return e.message
}

func (e *apiError) Unwrap() error { return e.cause }

// refuse makes an error for the client; its text is shown as it is.
func refuse(status int, format string, args ...any) *apiError {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

// errorBody is how the original's clients read errors.
type errorBody struct {
	Type    string `json:"type"` // "error"
	Message string `json:"message"`
	Retry   bool   `json:"retry"`
}

// classify makes the answer of an error. What it does not know is answered "Unknown error": only texts made for readers
// outside leave the process.
func classify(err error) *apiError {
	var known *apiError
	var task *starter.Error
	var routing *echo.HTTPError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &task):
		return &apiError{status: statusOf(task.Kind), message: task.Error(), retry: task.Kind == starter.Unreachable, cause: task.Err}
	case errors.Is(err, context.DeadlineExceeded):
		return &apiError{status: http.StatusServiceUnavailable, message: "the request took too long", retry: true, cause: err}
	case errors.Is(err, context.Canceled): // nobody waits for the answer any more
		return &apiError{status: http.StatusServiceUnavailable, message: "the request was given up", retry: true, cause: err}
	case errors.As(err, &routing):
		return refuse(routing.Code, "%s", strings.ToLower(http.StatusText(routing.Code)))
	}
	return &apiError{status: http.StatusInternalServerError, message: "Unknown error", cause: err}
}

func statusOf(kind starter.ErrorKind) int {
	switch kind {
	case starter.NotFound:
		return http.StatusNotFound
	case starter.Conflict:
		return http.StatusConflict
	case starter.Invalid:
		return http.StatusBadRequest
	case starter.Unreachable:
		return http.StatusServiceUnavailable
	case starter.Denied:
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}

// answerError is the one place where errors become answers.
func (a *api) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	e := classify(err)
	if err := c.JSON(e.status, errorBody{Type: "error", Message: e.message, Retry: e.retry}); err != nil {
		a.Log.WarnContext(c.Request().Context(), "an answer could not be sent", "error", err)
	}
}
