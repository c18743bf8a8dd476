package maas

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope names the meter and the tracer, so that these calls are told from those of other HTTP clients in the process.
const scope = "drydock/drivers/node/maas"

// telemetry measures and traces the calls to a region, with the names of OpenTelemetry's conventions for HTTP clients:
// http.client.request.duration (seconds; its count is the number of calls), http.client.request.body.size and
// http.client.response.body.size (bytes, decoded), and one span per call.
//
// Attributes are the method, the resource with its ids taken out (url.template), the operation of MAAS (drydock.maas.op), the
// status code and the kind of failure (error.type): their number does not grow with the site, and no id, name, address, query or
// secret is in them.
type telemetry struct {
	tracer         trace.Tracer
	seconds        metric.Float64Histogram
	sent, received metric.Int64Histogram
}

func newTelemetry() (*telemetry, error) {
	meter := otel.Meter(scope)
	// The recommended bounds end at 10 s; a region may take its time for up to 90 s.
	seconds, err1 := meter.Float64Histogram("http.client.request.duration", metric.WithUnit("s"), metric.WithDescription("Duration of calls to MAAS, by operation."),
		metric.WithExplicitBucketBoundaries(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 100))
	sizes := metric.WithExplicitBucketBoundaries(0, 256, 1<<10, 4<<10, 16<<10, 64<<10, 256<<10, 1<<20, 4<<20, 16<<20, 64<<20)
	sent, err2 := meter.Int64Histogram("http.client.request.body.size", metric.WithUnit("By"), metric.WithDescription("Bytes sent to MAAS, by operation."), sizes)
	received, err3 := meter.Int64Histogram("http.client.response.body.size", metric.WithUnit("By"), metric.WithDescription("Bytes that MAAS answered, by operation."), sizes)
	return &telemetry{tracer: otel.Tracer(scope), seconds: seconds, sent: sent, received: received}, errors.Join(err1, err2, err3)
}

// observed is one call under way. It has to be ended, once.
type observed struct {
	*telemetry
	ctx   context.Context
	span  trace.Span
	start time.Time
	about []attribute.KeyValue
	sent  int64
}

// begin starts to observe a call. The span's parent is in the context; resend is how often the call was sent before.
func (t *telemetry) begin(ctx context.Context, method, resource, op string, sent int64, resend int) (context.Context, *observed) {
	template := templateOf(resource)
	about := []attribute.KeyValue{attribute.String("http.request.method", method), attribute.String("url.template", template)}
	name := method + " " + template
	if op != "" {
		if !opPattern.MatchString(op) {
			op = "_OTHER"
		}
		about = append(about, attribute.String("drydock.maas.op", op))
		name += " " + op
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(about...))
	if resend > 0 {
		span.SetAttributes(attribute.Int("http.request.resend_count", resend))
	}
	return ctx, &observed{telemetry: t, ctx: ctx, span: span, start: time.Now(), about: about, sent: max(sent, 0)}
}

// end records the call: its status, 0 where no answer came, and the bytes of the answer.
func (o *observed) end(status int, received int64, err error) {
	if status != 0 {
		o.about = append(o.about, attribute.Int("http.response.status_code", status))
	}
	if err != nil {
		kind := failureKind(status, err)
		o.about = append(o.about, attribute.String("error.type", kind))
		o.span.SetStatus(codes.Error, kind) // the text of the error may name machines
	}
	o.span.SetAttributes(o.about...)
	o.span.SetAttributes(attribute.Int64("http.request.body.size", o.sent), attribute.Int64("http.response.body.size", received))
	o.span.End()
	// Of an action that was ended the measurement counts all the same.
	ctx, with := context.WithoutCancel(o.ctx), metric.WithAttributeSet(attribute.NewSet(o.about...))
	o.seconds.Record(ctx, time.Since(o.start).Seconds(), with)
	o.telemetry.sent.Record(ctx, o.sent, with)
	o.received.Record(ctx, received, with)
}

// failureKind is one word for what went wrong: the status, or why there was no (whole) answer.
func failureKind(status int, err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case status < http.StatusOK || status > 299:
		if status != 0 {
			return strconv.Itoa(status)
		}
		return "no_answer"
	}
	return "cut_off" // the answer began well and did not end
}

var opPattern = regexp.MustCompile(`^[a-z_]{1,40}$`)

// words are the parts of paths that name a kind of resource. Every other part is the id or name of one.
var words = func() map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(`account prefs sshkeys boot-resources boot-sources selections discovery dnsresources domains events
		fabrics ipaddresses ipranges maas machines nodes blockdevices partition partitions interfaces results current-commissioning
		current-installation current-testing volume-group volume-groups raid raids bcache bcaches bcache-cache-set
		bcache-cache-sets package-repositories rackcontrollers regioncontrollers resourcepool resourcepools scripts spaces
		static-routes subnets tags users version vlans zones`) {
		all[w] = true
	}
	return all
}()

// templateOf is a path of the API with its ids taken out, such as machines/{id}/.
func templateOf(resource string) string {
	parts := strings.Split(strings.TrimPrefix(resource, "/"), "/")
	for i, p := range parts {
		if p != "" && !words[p] {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
