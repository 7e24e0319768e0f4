package httpd

import (
	"context"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
)

// standing is what the person of a request may see by: their grants and the walls before
// them, in the firm of the path or else in all.
type standing struct {
	firm   bool // the request names one
	class  int  // of audit, the highest that is shown to them
	mark   string
	hidden bool  // restricted matters, until a factor is shown again
	before int64 // version of the firm's grants, walls and matters when the transaction began
}

// standing reads it before the transaction of the request: what changes after that is not
// in it.
func (s *Server) standing(ctx context.Context) (st standing, err error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return st, err
	}
	if access := outcomeOf(ctx).access; access != nil {
		seen := audit.C2
		if access.Sees(authz.C3) {
			seen = audit.C3
		}
		return standing{firm: true, class: seen, mark: string(sc.Token) + " " + access.Mark(), hidden: access.Lowered() && sc.Token == ""}, nil
	}
	all, err := s.parts.Guard.Standing(ctx)
	return standing{class: audit.C1, mark: string(sc.Token) + " " + all.Mark(), hidden: all.Hidden("") && sc.Token == ""}, err
}

// repeatFor is how long the answer to a request that names no firm is sent again: grants that
// end by time beside others of the same role move no version over many firms.
const repeatFor = 2 * time.Minute

// begin notes the version that tx starts from.
func (st *standing) begin(tx *db.Tx) {
	if stamp, ok := tx.Stamp(); ok {
		st.before = stamp.Version
	}
}

// now is the standing to keep an answer with, "" when others changed the firm's grants
// or walls while it was made: it may show what they took away.
func (st *standing) now(tx *db.Tx) (string, error) {
	now, version, own, err := st.at(tx)
	if err != nil || st.firm && (st.before == 0 || version != st.before+own) {
		return "", err
	}
	return now, nil
}

// at is the standing at this moment, the version of the firm's grants in it, and how often
// tx moved that itself.
func (st *standing) at(tx *db.Tx) (now string, version, own int64, err error) {
	if !st.firm {
		return st.mark, 0, 0, nil
	}
	err = tx.Raw(`SELECT authz_version, coalesce(nullif(current_setting('docketry.bumps', true), ''), '0')::bigint FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&version, &own)
	if err != nil {
		return "", 0, 0, fmt.Errorf("read the version of grants: %w", err)
	}
	return fmt.Sprint(version, " ", st.mark), version, own, nil
}

// allows refuses an answer that was kept for another standing, and records one that is
// sent again: it is a look at whatever it shows.
func (st *standing) allows(tx *db.Tx, c echo.Context, a *answer) error {
	now, _, _, err := st.at(tx)
	if err != nil {
		return err
	}
	switch {
	case a.standing == now && (st.firm || tx.Now.Sub(a.at) < repeatFor):
	case st.hidden:
		return people.ErrStale // a factor may make it what it was
	default:
		if at := a.header.Get("Location"); at != "" {
			c.Response().Header().Set("Location", at)
		}
		return ErrDone
	}
	route, ok := tx.Context().Value(routeKey{}).(Route)
	if !ok {
		return ErrDone
	}
	return audit.Record(tx, audit.Entry{Action: "answer.seen", Object: "route", Class: st.class, Permission: string(route.Needs),
		Detail: map[string]string{"route": route.Method + " " + route.Path, "first": a.at.UTC().Format(time.RFC3339)}})
}
