// Package telemetry sends out what a service measures: metrics and traces of OpenTelemetry, where the environment says
// (OTEL_METRICS_EXPORTER, OTEL_TRACES_EXPORTER and the other variables of the OpenTelemetry specification). It refuses
// exporters that it does not know, and sends nothing anywhere without being told to.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/sdk/client"
	sdkotel "go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
)

// Telemetry is what sends. It has to be closed, so that the last values are sent.
type Telemetry struct {
	metrics *sdkmetric.MeterProvider // nil: none
	traces  *sdktrace.TracerProvider // nil: none
}

// Start makes the global meter and tracer of the process send, under the name of a service. OTEL_METRICS_EXPORTER is
// prometheus (served on OTEL_EXPORTER_PROMETHEUS_HOST and _PORT), otlp, console or none; OTEL_TRACES_EXPORTER is otlp,
// console or none. One that is not set is none, or otlp where OTEL_EXPORTER_OTLP_ENDPOINT is set.
func Start(ctx context.Context, service, version string) (*Telemetry, error) {
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", service), attribute.String("service.version", version)),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	if err != nil {
		return nil, fmt.Errorf("start telemetry: read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Telemetry{}
	if wanted("OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") {
		reader, err := autoexport.NewMetricReader(ctx)
		if err != nil {
			return nil, fmt.Errorf("start telemetry: metrics (see OTEL_METRICS_EXPORTER): %w", err)
		}
		t.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(about), sdkmetric.WithView(temporalTimes))
		otel.SetMeterProvider(t.metrics)
	}
	if wanted("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
		exporter, err := autoexport.NewSpanExporter(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start telemetry: traces (see OTEL_TRACES_EXPORTER): %w", err), t.Close(ctx))
		}
		t.traces = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
		otel.SetTracerProvider(t.traces)
		otel.SetTextMapPropagator(propagation.TraceContext{})
	}
	return t, nil
}

// temporalScope is what the Temporal SDK measures under.
const temporalScope = "temporal-sdk-go"

// temporalTimes gives times of the Temporal SDK, which are in seconds, buckets from a request's milliseconds to a
// deployment's hour; the default ones are meant for milliseconds.
var temporalTimes = sdkmetric.NewView(
	sdkmetric.Instrument{Kind: sdkmetric.InstrumentKindHistogram, Unit: "s", Scope: instrumentation.Scope{Name: temporalScope}},
	sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{
		Boundaries: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600}}})

// wanted says whether a signal is to be sent: its exporter or the endpoint of one is named.
func wanted(exporter, endpoint string) bool {
	return os.Getenv(exporter) != "" || os.Getenv(endpoint) != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// Temporal makes a Temporal client, and the workers on it, measure and trace themselves. Traces put a header of some 150 bytes
// into histories, so that they are only there where traces are sent.
func (t *Telemetry) Temporal(o *client.Options) error {
	if t.metrics != nil {
		o.MetricsHandler = sdkotel.NewMetricsHandler(sdkotel.MetricsHandlerOptions{
			Meter: t.metrics.Meter(temporalScope), UseMonotonicCounters: true,
			OnError: otel.Handle, // a metric that can't be kept must not end the process
		})
	}
	if t.traces != nil {
		tracing, err := sdkotel.NewTracingInterceptor(sdkotel.TracerOptions{
			Tracer: t.traces.Tracer(temporalScope), DisableBaggage: true, AllowInvalidParentSpans: true,
		})
		if err != nil {
			return fmt.Errorf("trace Temporal: %w", err)
		}
		o.Interceptors = append(o.Interceptors, interceptor.ClientInterceptor(tracing))
	}
	return nil
}

// Close sends what is left, until the context ends.
func (t *Telemetry) Close(ctx context.Context) error {
	var all []error
	if t.traces != nil {
		all = append(all, t.traces.Shutdown(ctx))
	}
	if t.metrics != nil {
		all = append(all, t.metrics.Shutdown(ctx))
	}
	return errors.Join(all...)
}
