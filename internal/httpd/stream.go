package httpd

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

const (
	// streamLimit is how long one event stream lasts; the browser opens the next.
	streamLimit = 10 * time.Minute
	// recheck is how often a stream asks whether its reader may still read: it ends
	// within 15 s of a revoke, an ended session or a disabled person (T04).
	recheck = 5 * time.Second
	// maxStreams is how many streams one person has open in one process. A browser
	// keeps six connections to a server: more streams than that starve its pages.
	maxStreams = 5
)

var errStreams = fault.New(fault.TooMany, "streams_too_many", "you have as many live pages open as one person may; this one refreshes itself instead")

// streams counts who has how many open.
type streams struct {
	mu   sync.Mutex
	open map[ident.PersonID]int
}

func (s *streams) enter(who ident.PersonID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who] >= maxStreams {
		return false
	}
	if s.open == nil {
		s.open = map[ident.PersonID]int{}
	}
	s.open[who]++
	return true
}

func (s *streams) leave(who ident.PersonID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who]--; s.open[who] <= 0 {
		delete(s.open, who)
	}
}

// events runs a stream. Whatever fn does or waits for, the reader's access is asked
// again every few seconds; when it has gone the stream says so and ends.
func (s *Server) events(c echo.Context, fn func(ctx context.Context, send func(event, data string) error) error) error {
	sc, err := scope.From(c.Request().Context())
	if err != nil {
		return err
	}
	if !s.streams.enter(sc.Actor) {
		return errStreams
	}
	defer s.streams.leave(sc.Actor)
	w := c.Response()
	extend(w, streamLimit, s.parts.DB.Clock().Now())
	w.Header().Set(echo.HeaderContentType, "text/event-stream")
	w.WriteHeader(http.StatusOK)
	ctx, stop := context.WithTimeout(c.Request().Context(), streamLimit)
	var writing sync.Mutex
	write := func(text string) error {
		writing.Lock()
		defer writing.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := io.WriteString(w, text+"\n\n"); err != nil {
			return err
		}
		w.Flush()
		return nil
	}
	send := func(event, data string) error {
		return write("event: " + event + "\ndata: " + strings.ReplaceAll(data, "\n", "\ndata: "))
	}
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(ctx, c, send, stop) })
	defer watch.Wait() // nothing writes to the answer after it is over
	defer stop()
	if err := write(": open"); err != nil { // so that the browser knows at once
		return nil // the reader has gone before anything was sent
	}
	if err := fn(ctx, send); err != nil && ctx.Err() == nil {
		s.parts.Log.WarnContext(ctx, "event stream ended", "route", c.Path(), "err", err)
	}
	return nil
}

// watch ends a stream whose reader may read no more. What cannot be asked counts as no.
func (s *Server) watch(ctx context.Context, c echo.Context, send func(event, data string) error, stop func()) {
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.mayStill(ctx, c); err != nil {
			if ctx.Err() == nil && send("gone", "") != nil {
				s.parts.Log.DebugContext(ctx, "event stream's reader had gone", "route", c.Path())
			}
			stop()
			return
		}
	}
}

// mayStill decides about a request's reader anew: the session lives, and inside a firm
// the route's permission is still theirs. It is no use of the session: a page that is
// left open does not keep it alive.
func (s *Server) mayStill(ctx context.Context, c echo.Context) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	lives, err := s.parts.Sessions.Lives(ctx, sc.Session)
	if err != nil {
		return err
	}
	if !lives {
		return scope.ErrNone
	}
	if firm := c.Param("firm"); firm != "" {
		route, ok := ctx.Value(routeKey{}).(Route)
		if !ok {
			return scope.ErrNone
		}
		_, _, err = s.enter(ctx, firm, route.Needs)
	}
	return err
}

type routeKey struct{}
