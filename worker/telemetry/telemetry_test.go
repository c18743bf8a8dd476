package telemetry_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.temporal.io/sdk/client"

	"drydock/worker/telemetry"
)

// unset keeps what the environment of the tests says out.
func unset(t *testing.T) {
	for _, name := range []string{"OTEL_METRICS_EXPORTER", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		t.Setenv(name, "")
	}
}

func started(t *testing.T) *telemetry.Telemetry {
	t.Helper()
	sent, err := telemetry.Start(t.Context(), "drydock-test", "1.2.3")
	require.NoError(t, err)
	return sent
}

func TestNothingIsSentWithoutBeingToldTo(t *testing.T) {
	unset(t)
	sent := started(t)
	var o client.Options
	require.NoError(t, sent.Temporal(&o))
	assert.Nil(t, o.MetricsHandler)
	assert.Empty(t, o.Interceptors, "histories get no header")
	assert.NoError(t, sent.Close(t.Context()))
}

func TestAnUnknownExporterIsNamed(t *testing.T) {
	for _, variable := range []string{"OTEL_METRICS_EXPORTER", "OTEL_TRACES_EXPORTER"} {
		t.Run(variable, func(t *testing.T) {
			unset(t)
			t.Setenv(variable, "carrier-pigeon")
			_, err := telemetry.Start(t.Context(), "drydock-test", "1.2.3")
			assert.ErrorContains(t, err, variable)
		})
	}
}

func TestPrometheusReadsMetrics(t *testing.T) {
	unset(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	t.Setenv("OTEL_METRICS_EXPORTER", "prometheus")
	t.Setenv("OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1")
	t.Setenv("OTEL_EXPORTER_PROMETHEUS_PORT", port)
	sent := started(t)
	defer func() { assert.NoError(t, sent.Close(context.Background())) }()

	calls, err := otel.Meter("test").Int64Counter("drydock.calls")
	require.NoError(t, err)
	calls.Add(t.Context(), 3)
	var o client.Options
	require.NoError(t, sent.Temporal(&o))
	o.MetricsHandler.WithTags(map[string]string{"activity_type": "PowerCycleNode"}).Counter("temporal_activity_execution_failed").Inc(1)
	o.MetricsHandler.Timer("temporal_request_latency").Record(time.Second)

	response, err := http.Get("http://127.0.0.1:" + port + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^drydock_calls_total\{.*\} 3$`, string(text))
	assert.Regexp(t, `(?m)^temporal_activity_execution_failed_total\{activity_type="PowerCycleNode".*\} 1$`, string(text))
	assert.Regexp(t, `(?m)^temporal_request_latency_seconds_bucket\{.*le="0.5"\} 0$`, string(text), "a request of a second is told from one of half")
	assert.Regexp(t, `(?m)^temporal_request_latency_seconds_bucket\{.*le="1"\} 1$`, string(text))
	assert.Contains(t, string(text), `service_name="drydock-test"`)
}

func TestACollectorGetsMetricsAndTraces(t *testing.T) {
	unset(t)
	var mu sync.Mutex
	got := map[string]int{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] += len(body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	sent := started(t)
	_, span := otel.Tracer("test").Start(t.Context(), "a call")
	span.End()
	var o client.Options
	require.NoError(t, sent.Temporal(&o))
	assert.Len(t, o.Interceptors, 1)
	require.NoError(t, sent.Close(t.Context()), "what is left is sent at the end")
	mu.Lock()
	defer mu.Unlock()
	assert.Positive(t, got["/v1/traces"])
	assert.Positive(t, got["/v1/metrics"])
}
