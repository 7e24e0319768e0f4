package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Look is one reading of privileged fields, or a try that was stopped, with what
// it was for.
type Look struct {
	Shown
	ForObject string // "item", "prebill", "invoice"; "" when nothing tells
	ForID     string
	Purpose   string // in words, where the look itself says so
	Emergency bool   // it rests on emergency access
	Count     int    // how many things it showed, 0 when it does not say
}

// LookHead names the columns of Row.
var LookHead = []string{"at", "who", "on_behalf_of", "action", "object", "object_id", "matter", "for", "for_id", "purpose", "permission", "result", "leaf_hash", "emergency"}

// Row is the look as a line of a file, with what ties it to its leaf in the proof.
func (l Look) Row() []string {
	emergency := ""
	if l.Emergency {
		emergency = "yes"
	}
	return []string{l.At.UTC().Format(time.RFC3339), l.Who, l.OnBehalfOf, l.Action, l.Object, l.ObjectID, l.Matter, l.ForObject, l.ForID, l.Purpose, l.Permission, l.Result, l.Hash, emergency}
}

// LookFilter narrows the access log. Zero fields do not.
type LookFilter struct {
	Person   ident.PersonID
	Matter   ident.MatterID
	From, To time.Time // To is exclusive
}

// looked is what the access log is made of: C3 and C4 fields that were shown, by
// the verbs that leaves of a look end in, whatever emergency access showed, and refusals.
const looked = ` AND (l.class >= 3 AND l.action ~ '[._](read|viewed|seen|listed|fetched|downloaded|previewed)$' OR l.action = '` + GlassLook + `' OR l.result = 'denied')`

// GlassLook is the action of each use of emergency access.
const GlassLook = "break_glass.viewed"

// Looks is the firm's access log, newest first. Who does not see the whole firm sees
// the looks at the matters in scope. It needs audit.read.
func (s *Service) Looks(ctx context.Context, f LookFilter, p page.Request) (out page.Page[Look], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.AuditRead)
		if err != nil {
			return err
		}
		var after cursor
		first, err := p.Decode(&after)
		if err != nil {
			return err
		}
		cond, args := f.where(tx, access)
		if !first {
			cond += " AND (l.at, l.id) < (?::timestamptz, ?::uuid)"
			args = append(args, after.At, after.ID)
		}
		rows, err := list(tx, cond, args, p.Limit()+1)
		if err != nil {
			return err
		}
		looks, err := purposes(tx, rows)
		if err != nil {
			return err
		}
		out, err = page.Cut(looks, p.Limit(), func(l Look) any { return cursor{l.At, l.ID} })
		return err
	})
	return out, err
}

// where is the condition on leaf l and its matter m for the looks that the access may know of.
func (f LookFilter) where(tx *db.Tx, access *authz.Access) (cond string, args []any) {
	cond, args = Filter{Actor: string(f.Person), From: f.From, To: f.To}.where(tx)
	cond += looked
	if f.Matter != "" {
		cond += " AND l.matter_id = ?"
		args = append(args, f.Matter)
	}
	may, more := ofMatters(access)
	return cond + may, append(args, more...)
}

type (
	workKey struct{}
	work    struct{ object, id string }
)

// For names the work that everything under the returned context is done for: an item
// or a pre-bill whose page shows it. Call it once the reader was let see that work.
// What is recorded says so, and the access log ties it there.
func For(ctx context.Context, object, id string) context.Context {
	return context.WithValue(ctx, workKey{}, work{object, id})
}

// purposesOf finds the work of looks, which are given as arrays. Its conditions are those
// of the indexes of 00106, and the bounds are values: a computed one would not reach an
// index below row security.
const purposesOf = `SELECT l.id, coalesce(r.object, t.object) AS object, coalesce(r.object_id, t.object_id) AS object_id
	FROM unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[]) AS l (id, request_id, actor, matter_id, at, since, until)
	LEFT JOIN LATERAL (SELECT o.object, o.object_id FROM audit_leaf o
		WHERE o.firm_id = ? AND o.request_id = l.request_id AND o.actor = l.actor AND o.matter_id = l.matter_id AND o.at BETWEEN l.since AND l.until
		  AND o.result = 'done' AND o.request_id <> '' AND o.object IN ('item', 'prebill', 'invoice')
		ORDER BY o.at DESC LIMIT 1) r ON true
	LEFT JOIN LATERAL (SELECT o.object, o.object_id FROM audit_leaf o
		WHERE r.object IS NULL AND o.firm_id = ? AND o.actor = l.actor AND o.matter_id = l.matter_id AND o.at BETWEEN l.since AND l.at
		  AND o.result = 'done' AND o.action = 'item.leased'
		ORDER BY o.at DESC LIMIT 1) t ON true
	WHERE coalesce(r.object, t.object) IS NOT NULL`

// purposeArgs are the arguments of purposesOf: the looks at something of a matter.
func purposeArgs(firm ident.FirmID, shown []Shown) []any {
	var ids, requests, actors, matters, ats, since, until []string
	for _, e := range shown {
		if e.matter == "" {
			continue
		}
		ids, requests, actors, matters = append(ids, string(e.ID)), append(requests, e.Request), append(actors, e.Actor), append(matters, e.matter)
		ats, since, until = append(ats, Stamp(e.At).String()), append(since, Stamp(e.At.Add(-12*time.Hour)).String()), append(until, Stamp(e.At.Add(time.Minute)).String())
	}
	return []any{db.Array(ids), db.Array(requests), db.Array(actors), db.Array(matters), db.Array(ats), db.Array(since), db.Array(until), firm, firm}
}

// purposes ties looks to what they were for: the thing itself when it is one, else
// what the look says, else the item, pre-bill or invoice that the same request touched, else the item of that
// matter which the person had taken in the twelve hours before. Each look costs two
// look-ups at most, however much its person did that day.
func purposes(tx *db.Tx, shown []Shown) ([]Look, error) {
	var rows []struct {
		ID       ident.LeafID
		Object   string
		ObjectID string
	}
	err := tx.Raw(purposesOf, purposeArgs(tx.Scope.Firm, shown)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("tie looks to work: %w", err)
	}
	looks := make([]Look, len(shown))
	at := map[ident.LeafID]int{}
	for i, e := range shown {
		looks[i], at[e.ID] = lookOf(e), i
	}
	for _, r := range rows {
		if l := &looks[at[r.ID]]; l.ForObject == "" {
			l.ForObject, l.ForID = r.Object, r.ObjectID
		}
	}
	return looks, nil
}

// lookOf reads what the look says of itself.
func lookOf(e Shown) Look {
	l := Look{Shown: e}
	switch e.Object {
	case "item", "prebill", "invoice":
		l.ForObject, l.ForID = e.Object, e.ObjectID
	}
	var said struct {
		For      string `json:"for"`
		Entries  int    `json:"entries"`
		Messages int    `json:"messages"`
		Glass    string `json:"break_glass"`
		Object   string `json:"for_object"`
		ID       string `json:"for_id"`
	}
	if json.Unmarshal([]byte(e.Detail), &said) == nil { // a detail of another form says nothing here
		l.Purpose, l.Count, l.Emergency = said.For, said.Entries+said.Messages, said.Glass != ""
		if l.ForObject == "" {
			l.ForObject, l.ForID = said.Object, said.ID
		}
	}
	return l
}

// ErrManyLooks refuses a file that would not hold all that was asked for.
var ErrManyLooks = fault.New(fault.Invalid, "looks_many", "choose fewer days, one person or one matter")

// LooksFile is the access log as rows for a file, oldest last. It needs audit.export and
// is itself recorded. ErrManyLooks, before anything is read, when there are more than limit.
func (s *Service) LooksFile(ctx context.Context, f LookFilter, limit int) (all []Look, err error) {
	err = s.page(ctx, func(tx *db.Tx) error {
		if err := s.fewer(tx, f, limit); err != nil {
			return err
		}
		return Record(tx, Entry{Action: "audit.log_exported", Object: "audit", ID: string(tx.Scope.Firm), Class: C2, Permission: string(rbac.AuditExport)})
	})
	req := page.Request{Size: page.MaxSize}
	for err == nil {
		var p page.Page[Look]
		if p, err = s.Looks(ctx, f, req); err != nil {
			return nil, err
		}
		if all = append(all, p.Items...); len(all) > limit { // more came since they were counted
			return nil, tooMany(limit)
		}
		if req.After = p.Next; p.Next == "" {
			break
		}
	}
	return all, err
}

// fewer refuses when the filter has more than limit looks. It counts no further than that.
func (s *Service) fewer(tx *db.Tx, f LookFilter, limit int) error {
	access, err := s.guard.Require(tx, rbac.AuditRead)
	if err != nil {
		return err
	}
	cond, args := f.where(tx, access)
	var n int
	if err := tx.Raw(countLooks(cond), append(args, limit+1)...).Row().Scan(&n); err != nil {
		return fmt.Errorf("count looks: %w", err)
	}
	if n > limit {
		return tooMany(limit)
	}
	return nil
}

// countLooks counts what meets cond, and stops at a limit.
func countLooks(cond string) string {
	return `SELECT count(*) FROM (SELECT FROM audit_leaf l LEFT JOIN matter m ON m.firm_id = l.firm_id AND m.id = ` + idIn("l.matter_id") + ` WHERE ` + cond + ` LIMIT ?) x`
}

func tooMany(limit int) error {
	return ErrManyLooks.With("there are more than %d looks here, and one file holds no more; choose fewer days, one person or one matter", limit)
}

// Sighting is how often something was done to a thing, and when first; zero for never.
type Sighting struct {
	Times int
	First time.Time
}

// Seen counts the leaves of an action on one thing. Decide first whether the actor
// may know of it.
func Seen(tx *db.Tx, action, object, id string) (s Sighting, err error) {
	var first *time.Time
	err = tx.Raw(`SELECT count(*), min(at) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND object = ? AND action = ? AND result = 'done'`,
		tx.Scope.Firm, id, object, action).Row().Scan(&s.Times, &first)
	if err != nil {
		return s, fmt.Errorf("count %s of %s: %w", action, object, err)
	}
	if first != nil {
		s.First = *first
	}
	return s, nil
}

// Act is one leaf of an action on a thing: when, and who.
type Act struct {
	At  time.Time
	Who string
}

// Acts lists the leaves of an action on one thing, oldest first. Decide first whether
// the actor may know of it.
func Acts(tx *db.Tx, action, object, id string) (list []Act, err error) {
	err = tx.Raw(`SELECT l.at, coalesce(p.name, '') AS who FROM audit_leaf l LEFT JOIN person p ON p.id = `+idIn("l.actor")+`
		WHERE l.firm_id = ? AND l.object_id = ? AND l.object = ? AND l.action = ? AND l.result = 'done' ORDER BY l.at, l.id`,
		tx.Scope.Firm, id, object, action).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list %s of %s: %w", action, object, err)
	}
	return list, nil
}
