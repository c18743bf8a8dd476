package server

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Check is what became of a look at something that the API depends on.
type Check struct {
	Name string // such as temporal, or state
	Err  error  // nil: it works; the text holds no secret
}

type wireHealthMessage struct {
	Message string `json:"message"`
	Error   bool   `json:"error"`
	Kind    string `json:"kind"` // "SimpleMessage"
}

// versions is GET /versions.
func (a *api) versions(c echo.Context) error {
	type version struct {
		Path   string `json:"path"`
		Status string `json:"status"`
	}
	return c.JSON(http.StatusOK, map[string]version{"v1.0": {Path: base, Status: "stable"}})
}

func (a *api) checks(ctx context.Context) []Check {
	if a.Health == nil {
		return nil
	}
	return a.Health(ctx)
}

// health is GET /health: 204, or 503 when a check failed.
func (a *api) health(c echo.Context) error {
	for _, check := range a.checks(c.Request().Context()) {
		if check.Err != nil {
			return c.NoContent(http.StatusServiceUnavailable)
		}
	}
	return c.NoContent(http.StatusNoContent)
}

// healthExtended is GET /health/extended: 200 or 503 with what each check came to.
func (a *api) healthExtended(c echo.Context) error {
	answer := statusDocument("HealthCheck")
	for _, check := range a.checks(c.Request().Context()) {
		message := wireHealthMessage{Kind: "SimpleMessage", Message: check.Name + ": ok"}
		if check.Err != nil {
			message.Message, message.Error = check.Name+": "+check.Err.Error(), true
			answer.Details.ErrorCount++
			answer.fail(http.StatusServiceUnavailable, "something that drydock depends on does not work")
		}
		answer.Details.MessageList = append(answer.Details.MessageList, message)
	}
	return c.JSON(answer.Code, answer)
}
