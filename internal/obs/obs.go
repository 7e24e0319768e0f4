// Package obs is what operators watch: one structured log and one page of
// metrics. Ids go in, names, narratives and secrets never do (SECURITY T29).
package obs

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docketry/docketry/internal/scope"
)

// NewLogger writes JSON lines to w, each with the request, firm and actor of its context.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(scoped{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})})
}

// Discard is a logger for tests and for commands whose answer is their only output.
func Discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// scoped adds who acts, by id, so that no call site has to.
type scoped struct{ slog.Handler }

func (h scoped) Handle(ctx context.Context, r slog.Record) error {
	if s, err := scope.From(ctx); err == nil {
		for _, a := range []slog.Attr{
			slog.String("request_id", s.RequestID), slog.String("firm", string(s.Firm)),
			slog.String("actor", string(s.Actor)), slog.String("machine", s.Machine),
		} {
			if a.Value.String() != "" {
				r.AddAttrs(a)
			}
		}
	}
	return h.Handler.Handle(ctx, r)
}

func (h scoped) WithAttrs(as []slog.Attr) slog.Handler { return scoped{h.Handler.WithAttrs(as)} }
func (h scoped) WithGroup(name string) slog.Handler    { return scoped{h.Handler.WithGroup(name)} }

// Metrics are the process's counters and timings.
type Metrics struct {
	registry *prometheus.Registry
	Requests *prometheus.HistogramVec // seconds by route pattern, method and status class
	Jobs     *prometheus.HistogramVec // seconds by kind and outcome

	Differences *prometheus.CounterVec // stored sums that a self-check found wrong, by invariant

	Violations *prometheus.CounterVec // of the content security policy, by directive, as browsers report them
}

// NewMetrics makes the collectors; labels are patterns and kinds, never ids.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		Requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "docketry_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
		Jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "docketry_job_seconds", Help: "Time of one attempt at a job.",
			Buckets: []float64{.005, .025, .1, .5, 1, 5, 15, 60, 300},
		}, []string{"kind", "outcome"}),
		Differences: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "docketry_self_check_differences_total", Help: "Stored sums that a self-check found not to be what their rows give. Alert on any.",
		}, []string{"invariant"}),
		Violations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "docketry_csp_violations_total", Help: "Violations of the content security policy that browsers reported.",
		}, []string{"directive"}),
	}
	m.registry.MustRegister(m.Requests, m.Jobs, m.Differences, m.Violations, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves /metrics; mount it on the loopback operations port only.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
