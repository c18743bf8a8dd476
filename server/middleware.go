package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// bodyLimit is far more than the longest list of nodes needs.
const bodyLimit = "1M"

func (a *api) middleware() []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{
		middleware.RequestID(),
		a.logRequest,
		middleware.RecoverWithConfig(middleware.RecoverConfig{
			DisablePrintStack: true,
			LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
				a.Log.ErrorContext(c.Request().Context(), "a request failed by a mistake in the program", "error", err, "stack", string(stack))
				return err
			},
		}),
		a.headers,
		middleware.BodyLimit(bodyLimit),
		a.limitTime,
	}
}

// headers that all answers have. Nothing here is to be kept by a cache between: the state of a task changes at any time.
func (a *api) headers(next echo.HandlerFunc) echo.HandlerFunc {
	server := "drydock"
	if a.Version != "" {
		server += "/" + a.Version
	}
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderServer, server)
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		return next(c)
	}
}

func (a *api) limitTime(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), a.Timeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// logRequest writes one line per request, without bodies and queries. The error of an answer is made here, so that its
// status is known.
func (a *api) logRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begin, request := time.Now(), c.Request()
		attrs := []slog.Attr{
			slog.String("method", request.Method), slog.String("path", cut(request.URL.Path, 256)),
			slog.String("remote", c.RealIP()), slog.String("marker", cut(request.Header.Get("X-Context-Marker"), 64)),
		}
		level := slog.LevelInfo
		if err := next(c); err != nil {
			if e := classify(err); e.status >= http.StatusInternalServerError {
				level = slog.LevelError
				attrs = append(attrs, slog.String("error", e.Error()))
			} else {
				attrs = append(attrs, slog.String("refused", cut(e.message, 512)))
			}
			c.Error(err)
		}
		attrs = append(attrs, slog.Int("status", c.Response().Status), slog.Duration("took", time.Since(begin)),
			slog.String("request_id", cut(c.Response().Header().Get(echo.HeaderXRequestID), 64)))
		a.Log.LogAttrs(request.Context(), level, "request", attrs...)
		return nil
	}
}

// cut shortens a text from outside, for logs and records.
func cut(s string, length int) string {
	runes := []rune(s)
	if len(runes) <= length {
		return s
	}
	return string(runes[:length]) + "…"
}
