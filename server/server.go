package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"drydock/design"
	"drydock/design/state"
	"drydock/starter"
)

// base is the path of the API.
const base = "/api/v1.0"

// Config is what the API is built on. Tasks, Load and State are required; their errors end up in answers and so hold no
// secrets.
type Config struct {
	Tasks starter.Starter
	// Load reads a design reference and checks the design. The error is about the reference: it can't be read. A design
	// that was read but is wrong is no error.
	Load  func(ctx context.Context, ref string) (Design, error)
	State State
	// Health checks what the API depends on; nil checks nothing.
	Health func(context.Context) []Check
	Log    *slog.Logger // nil: slog.Default()
	// Version of the program, for the header Server.
	Version string
	// URL is how clients reach the API from outside, such as https://drydock.example:9000, for links in answers; "" takes
	// what the request says.
	URL string
	// User says who sends a request, for the record of tasks. nil takes the header X-End-User, which is a claim that nobody
	// has checked.
	User func(*http.Request) string
	// Timeout of a request; 0 means 25 s, a little less than the original's client waits.
	Timeout time.Duration
}

// Design is a design that was read: its applied model, nil when it is too wrong to have one, and what was found.
type Design struct {
	Site     *design.Site
	Messages design.Messages
}

// State is what the API reads of the state; *state.Store implements it.
type State interface {
	// Holder returns who holds the design of a site.
	Holder(ctx context.Context, site string) (state.Lock, bool, error)
	// Evidence returns raw evidence about a node, of one generator where one is named, with latest the newest of each.
	Evidence(ctx context.Context, site, node, generator string, latest bool) ([]state.Evidence, error)
	// TaskEvidence returns what a task collected.
	TaskEvidence(ctx context.Context, task string) ([]state.Evidence, error)
	// EvidenceSites returns the sites that keep evidence about a node of the name.
	EvidenceSites(ctx context.Context, node string) ([]string, error)
}

type api struct{ Config }

// route is one resource of the API with what can be done to it.
type route struct {
	path    string
	methods map[string]echo.HandlerFunc
	// absent methods are those of the original that are not built: they answer 501 with the text.
	absent map[string]string
}

func (a *api) routes() []route {
	get := func(h echo.HandlerFunc) map[string]echo.HandlerFunc {
		return map[string]echo.HandlerFunc{http.MethodGet: h}
	}
	post := func(h echo.HandlerFunc) map[string]echo.HandlerFunc {
		return map[string]echo.HandlerFunc{http.MethodPost: h}
	}
	return []route{
		{path: "/versions", methods: get(a.versions)},
		{path: base + "/health", methods: get(a.health)},
		{path: base + "/health/extended", methods: get(a.healthExtended)},
		{path: base + "/tasks", methods: map[string]echo.HandlerFunc{http.MethodGet: a.listTasks, http.MethodPost: a.createTask},
			absent: map[string]string{http.MethodDelete: "deleting tasks is not built: their records end with the retention period of the Temporal namespace"}},
		{path: base + "/tasks/:id", methods: get(a.showTask)},
		{path: base + "/tasks/:id/builddata", methods: get(a.taskBuildData)},
		{path: base + "/tasks/:id/retry", methods: post(a.retryTask)},
		{path: base + "/tasks/:id/skip", methods: post(a.skipTask)},
		{path: base + "/tasks/:id/cancel", methods: post(a.cancelTask)},
		{path: base + "/nodes/:hostname/builddata", methods: get(a.nodeBuildData)},
		{path: base + "/nodefilter", methods: post(a.filterNodes)},
		{path: base + "/validatedesign", methods: post(a.validateDesign)},
	}
}

// New builds the API. The caller serves it, as an http.Handler or with its own Start methods, whose server has timeouts.
func New(config Config) *echo.Echo {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Timeout == 0 {
		config.Timeout = 25 * time.Second
	}
	config.URL = strings.TrimRight(config.URL, "/")
	a := &api{config}

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // headers about addresses are claims
	e.HTTPErrorHandler = a.answerError
	e.StdLogger = slog.NewLogLogger(config.Log.Handler(), slog.LevelWarn)
	for _, s := range []*http.Server{e.Server, e.TLSServer} {
		s.ReadHeaderTimeout = 10 * time.Second
		s.ReadTimeout = 30 * time.Second
		s.WriteTimeout = config.Timeout + 30*time.Second
		s.IdleTimeout = 2 * time.Minute
		s.MaxHeaderBytes = 64 << 10
	}
	e.Use(a.middleware()...)
	for _, r := range a.routes() {
		allow := []string{http.MethodOptions}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if handler, ok := r.methods[method]; ok {
				e.Add(method, r.path, handler)
				allow = append(allow, method)
			}
		}
		for method, text := range r.absent {
			e.Add(method, r.path, func(echo.Context) error { return refuse(http.StatusNotImplemented, "%s", text) })
		}
		e.OPTIONS(r.path, func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(allow, ", "))
			return c.NoContent(http.StatusOK)
		})
	}
	return e
}
