package maas

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"drydock/drivers"
)

// gauges reads what drivers that are made after it measure and trace.
type gauges struct {
	t      *testing.T
	reader *sdkmetric.ManualReader
	spans  *tracetest.SpanRecorder
}

// observing takes the place of the process's telemetry. Tests that use it must not run beside others.
func observing(t *testing.T) *gauges {
	t.Helper()
	g := &gauges{t: t, reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	meters, tracers := otel.GetMeterProvider(), otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetMeterProvider(meters); otel.SetTracerProvider(tracers) })
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(g.reader)))
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(g.spans)))
	return g
}

// point is one histogram of one set of attributes.
type point struct {
	count uint64
	sum   float64
}

// read is every point, by instrument and attributes.
func (g *gauges) read() map[string]map[string]point {
	g.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(g.t, g.reader.Collect(context.Background(), &all))
	out := map[string]map[string]point{}
	for _, s := range all.ScopeMetrics {
		require.Equal(g.t, scope, s.Scope.Name)
		for _, m := range s.Metrics {
			out[m.Name] = map[string]point{}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					out[m.Name][textOfAttributes(p.Attributes.ToSlice())] = point{p.Count, p.Sum}
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					out[m.Name][textOfAttributes(p.Attributes.ToSlice())] = point{p.Count, float64(p.Sum)}
				}
			}
		}
	}
	return out
}

func textOfAttributes(all []attribute.KeyValue) string {
	var out []string
	for _, a := range all {
		out = append(out, string(a.Key)+"="+a.Value.Emit())
	}
	return strings.Join(out, " ")
}

func TestCallsBytesAndSecondsAreCountedByOperationAndNoIDOrSecretIsInThem(t *testing.T) {
	g := observing(t)
	const answer = `{"system_id": "canary"}`
	d := against(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }, nil)
	ctx, parent := otel.Tracer("test").Start(context.Background(), "an action")
	s, err := d.session(ctx, drivers.DeployNode, "node canary-host", "canary-secret")
	require.NoError(t, err)
	deploy := form("user_data", "canary-secret")
	for _, id := range []string{"canary", "canar2", "canar3"} {
		_, err := s.actOn(id, "deploy", deploy)
		require.NoError(t, err)
	}
	require.NoError(t, s.get("machines/", "", form("hostname", "canary-host"), nil))
	_, err = s.gmc.Machine.GetPowerParameters("canary")
	require.NoError(t, err)
	require.NoError(t, s.get("nodes/canary/blockdevices/77/partition/78", "", nil, nil))
	parent.End()

	points := g.read()
	const deploys = "drydock.maas.op=deploy http.request.method=POST http.response.status_code=200 url.template=machines/{id}/"
	seconds := points["http.client.request.duration"]
	require.Equal(t, uint64(3), seconds[deploys].count, "what differs in its id only is one operation")
	require.Positive(t, seconds[deploys].sum)
	require.Equal(t, point{3, float64(3 * len(deploy.Encode()))}, points["http.client.request.body.size"][deploys])
	require.Equal(t, point{3, float64(3 * len(answer))}, points["http.client.response.body.size"][deploys])
	require.Len(t, seconds, 4)
	require.Contains(t, seconds, "http.request.method=GET http.response.status_code=200 url.template=machines/")
	require.Contains(t, seconds, "drydock.maas.op=power_parameters http.request.method=GET http.response.status_code=200 url.template=machines/{id}/")
	require.Contains(t, seconds, "http.request.method=GET http.response.status_code=200 url.template=nodes/{id}/blockdevices/{id}/partition/{id}")

	spans := g.spans.Ended()
	require.Len(t, spans, 7)
	require.Equal(t, "POST machines/{id}/ deploy", spans[0].Name())
	require.Equal(t, parent.SpanContext().SpanID(), spans[0].Parent().SpanID())
	require.Empty(t, spans[0].Events())
	for _, span := range spans[:6] {
		text := span.Name() + " " + textOfAttributes(span.Attributes()) + " " + span.Status().Description
		require.NotContains(t, text, "canar")
		require.NotContains(t, text, testSecret)
		require.NotContains(t, text, "127.0.0.1")
	}
	require.NotContains(t, fmt.Sprint(points), "canar")
	require.NotContains(t, fmt.Sprint(points), testSecret)
}

func TestACallThatFailsIsMeasuredAndItsSpanEnds(t *testing.T) {
	for sentence, c := range map[string]struct {
		answer  http.HandlerFunc
		carrier http.RoundTripper
		want    string
	}{
		"a refusal": {answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409) }, want: "409"},
		"a refused key, whose answer echoes the secret": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			fmt.Fprint(w, testSecret)
		}, want: "401"},
		"a redirect": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://canary/")
			w.WriteHeader(302)
		}, want: "302"},
		"a request that is lost": {carrier: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("connection to canary was reset")
		}), want: "no_answer"},
		"an answer that is cut off": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "[")
		}, want: "cut_off"},
		"an action that was ended": {carrier: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, context.Canceled
		}), want: "canceled"},
		"a region that is silent": {carrier: roundTrip(func(r *http.Request) (*http.Response, error) {
			return nil, context.DeadlineExceeded
		}), want: "timeout"},
	} {
		t.Run(sentence, func(t *testing.T) {
			g := observing(t)
			d := against(t, c.answer, func(cfg *Config) { cfg.Transport = c.carrier })
			s, err := d.session(context.Background(), drivers.DeployNode, "node n1")
			require.NoError(t, err)
			require.Error(t, s.post("machines/canary/", "deploy", nil, nil))
			spans := g.spans.Ended()
			require.Len(t, spans, 1)
			require.Equal(t, codes.Error, spans[0].Status().Code)
			require.Equal(t, c.want, spans[0].Status().Description)
			text := textOfAttributes(spans[0].Attributes())
			require.Contains(t, text, "error.type="+c.want)
			require.NotContains(t, text+fmt.Sprint(g.read()), "canary")
			require.NotContains(t, text, testSecret)
			seconds := g.read()["http.client.request.duration"]
			require.Len(t, seconds, 1)
			for about, p := range seconds {
				require.Contains(t, about, "error.type="+c.want)
				require.Equal(t, uint64(1), p.count)
			}
		})
	}
}

func TestTheSpanOfACancelledActionEndsWithIt(t *testing.T) {
	g := observing(t)
	entered := make(chan struct{})
	d := against(t, func(http.ResponseWriter, *http.Request) {}, func(c *Config) {
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			close(entered)
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := d.Observe(ctx, drivers.NodeCall{Site: testSite(), Node: testSite().Nodes[0], Journal: newMemory()})
		done <- err
	}()
	<-entered
	cancel()
	classed(t, <-done, drivers.Unreachable)
	require.Len(t, g.spans.Ended(), 1)
	require.Equal(t, "canceled", g.spans.Ended()[0].Status().Description)
	require.Len(t, g.read()["http.client.request.duration"], 1, "it is counted although its context has ended")
}

func TestEveryResourceThatTheDriverUsesHasATemplateOfItsOwn(t *testing.T) {
	for resource, want := range map[string]string{
		"machines/6thehb/":                                  "machines/{id}/",
		"nodes/6thehb/interfaces/12/":                       "nodes/{id}/interfaces/{id}/",
		"nodes/6thehb/results/current-testing/":             "nodes/{id}/results/current-testing/",
		"nodes/6thehb/results/17/":                          "nodes/{id}/results/{id}/",
		"tags/harbor-n1__kernel_params/":                    "tags/{id}/",
		"fabrics/3/vlans/0/":                                "fabrics/{id}/vlans/{id}/",
		"boot-sources/1/selections/":                        "boot-sources/{id}/selections/",
		"account/prefs/sshkeys/":                            "account/prefs/sshkeys/",
		"scripts/canary":                                    "scripts/{id}",
		"nodes/6thehb/volume-group/4/":                      "nodes/{id}/volume-group/{id}/",
		"/MAAS/metadata/canary":                             "{id}/{id}/{id}",
		"rackcontrollers/6thehb/":                           "rackcontrollers/{id}/",
		"nodes/6thehb/blockdevices/3/partitions/":           "nodes/{id}/blockdevices/{id}/partitions/",
		"domains/" + strings.Repeat("x", 300) + "/":         "domains/{id}/",
		"package-repositories/" + strconv.Itoa(1<<30) + "/": "package-repositories/{id}/",
	} {
		require.Equal(t, want, templateOf(resource))
	}
}

// TestAConnectionThatTheRegionClosedIsNoFailureOfARead speaks HTTP by hand: the second request on each connection is read
// and not answered, as by a region that closes a connection which it no longer keeps.
func TestAConnectionThatTheRegionClosedIsNoFailureOfARead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var mu sync.Mutex
	var seen []string
	chunked := false
	nonce := regexp.MustCompile(`oauth_nonce="([0-9a-f]+)"`)
	var served sync.WaitGroup
	t.Cleanup(func() { l.Close(); served.Wait() })
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := range 2 {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					mu.Lock()
					chunked = chunked || len(r.TransferEncoding) > 0
					seen = append(seen, r.Method+" "+nonce.FindStringSubmatch(r.Header.Get("Authorization"))[1])
					mu.Unlock()
					if n == 0 {
						fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
					}
				}
			})
		}
	})
	d, err := New(Config{URL: "http://" + l.Addr().String() + "/MAAS", APIKey: testKey})
	require.NoError(t, err)
	s, err := d.session(context.Background(), drivers.ValidateNodeServices, "site harbor")
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, s.get("tags/", "", nil, nil), "a read is asked once more")
	}
	err = s.fail(s.post("tags/", "", form("name", "x"), nil), "make tag x")
	classed(t, err, drivers.Unreachable)
	d.wire.carrier.(*http.Transport).CloseIdleConnections()

	mu.Lock()
	defer mu.Unlock()
	nonces := map[string]bool{}
	posts := 0
	for _, request := range seen {
		method, n, _ := strings.Cut(request, " ")
		require.False(t, nonces[n], "a request was repeated as it was: MAAS refuses a nonce that it has seen")
		nonces[n] = true
		if method == http.MethodPost {
			posts++
		}
	}
	require.Equal(t, 1, posts, "what changes something is not repeated")
	require.False(t, chunked, "a read has no body, not even an empty one")
}
