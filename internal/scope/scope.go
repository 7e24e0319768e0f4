// Package scope carries who acts, and for which firm, through one request or one
// job. It grants nothing: authz decides, and the database seals it.
package scope

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Scope is one actor in at most one firm.
type Scope struct {
	Firm       ident.FirmID    // "" across firms (queue, runs) and before sign-in
	Actor      ident.PersonID  // "" for machinery and for a payor's contact
	Session    ident.SessionID // "" for jobs and commands
	Token      ident.TokenID   // of a program that acts for Actor; it narrows what Actor may do
	BreakGlass ident.GrantID   // the emergency access that an act rests on; package authz says so
	Machine    string          // "relay", "sweep", "worker", ...; the only actor when Actor is ""
	Contact    ident.ContactID // a payor's contact behind a one-time code
	FactorAt   time.Time       // when Actor last showed a second factor in this session, or had when they asked for this job; zero: never
	RequestID  string          // ties log, audit leaf and error page together
}

type key struct{}

// ErrNone means that no one is signed in.
var ErrNone = fault.New(fault.Unauthenticated, "session_missing", "sign in first")

// With puts s in ctx.
func With(ctx context.Context, s Scope) context.Context { return context.WithValue(ctx, key{}, s) }

// From returns the scope, or ErrNone when nobody acts.
func From(ctx context.Context) (Scope, error) {
	s, ok := ctx.Value(key{}).(Scope)
	if !ok || (s.Actor == "" && s.Machine == "" && s.Contact == "") {
		return Scope{}, ErrNone
	}
	return s, nil
}

// RequestID is the id of the request or job, also before anyone acts.
func RequestID(ctx context.Context) string {
	s, _ := ctx.Value(key{}).(Scope)
	return s.RequestID
}

// InFirm is ctx with the same actor acting for firm.
func InFirm(ctx context.Context, firm ident.FirmID) context.Context {
	s, _ := ctx.Value(key{}).(Scope)
	s.Firm = firm
	return With(ctx, s)
}

// ForMachine is ctx with a named machinery task acting, for firm or for none.
func ForMachine(ctx context.Context, task string, firm ident.FirmID) context.Context {
	return With(ctx, Scope{Machine: task, Firm: firm})
}
