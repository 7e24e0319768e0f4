package httpd

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
)

// outcome is what the layers of one request tell each other.
type outcome struct {
	access *authz.Access // what the route's check gave, inside a firm
	err    error         // why an operation failed that has already answered
	secret bool          // the page that was answered shows a secret this once
}

type outcomeKey struct{}

func withOutcome(ctx context.Context) (context.Context, *outcome) {
	o := &outcome{}
	return context.WithValue(ctx, outcomeKey{}, o), o
}

// outcomeOf is the request's, an empty one for a route that decides nothing.
func outcomeOf(ctx context.Context) *outcome {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		return o
	}
	return &outcome{}
}

// noteRefusal leaves a leaf for each refusal to someone who has signed in (I20). It
// stands in the firm's tree when the person holds a grant there, for the firm to
// see; else in the bureau's, so that no firm learns of people it never let in.
func (s *Server) noteRefusal(ctx context.Context, r Route, c echo.Context, o *outcome, err error) {
	kind := fault.KindOf(err)
	var much *tooMuchRead
	stopped := errors.As(err, &much)
	if err == nil || kind != fault.NotFound && kind != fault.Forbidden && !stopped {
		return
	}
	if o.access == nil && kind != fault.Forbidden {
		home, err := s.bureau(ctx)
		if err != nil {
			return // there is no bureau yet, or no database to note it in
		}
		ctx = scope.InFirm(ctx, home)
	}
	sc, scopeErr := scope.From(ctx)
	if scopeErr != nil || sc.Firm == "" {
		return
	}
	e := audit.Entry{Action: "access.denied", Object: "route", ID: refusedID(c), Class: audit.C1, Permission: string(r.Needs), Detail: map[string]string{"route": r.Method + " " + r.Path}}
	if stopped {
		e.Action = "reads.stopped"
		if !much.again {
			if err := people.StopReads(ctx, s.parts.DB, much.at); err != nil {
				s.parts.Log.ErrorContext(ctx, "stop not recorded; the next look tries again", "route", r.Path, "err", err)
			}
		}
	}
	if err := audit.Refused(ctx, s.parts.DB, e); err != nil {
		s.parts.Log.ErrorContext(ctx, "refusal not recorded", "route", r.Path, "err", err)
	}
}

// refusedID is the id that was asked for, when it is one; text of the reader's
// making never enters the tree.
func refusedID(c echo.Context) string {
	id, err := ident.Parse[ident.LeafID](c.Param("id"))
	if err != nil {
		return ""
	}
	return string(id)
}

func (s *Server) bureau(ctx context.Context) (id ident.FirmID, err error) {
	err = s.parts.DB.InBureau(ctx, nil, func(tx *db.Tx) error {
		return tx.Raw("SELECT coalesce(auth.bureau()::text, '')").Row().Scan(&id)
	})
	if err == nil && id == "" {
		err = authz.ErrNotFound
	}
	return id, err
}
