package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

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
		cond, args := Filter{Actor: string(f.Person), From: f.From, To: f.To}.where(tx)
		cond += looked
		if f.Matter != "" {
			cond += " AND l.matter_id = ?"
			args = append(args, f.Matter)
		}
		may, more := ofMatters(access)
		cond += may
		args = append(args, more...)
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

// purposes ties looks to what they were for: the thing itself when it is one, else
// what the look says, else the item, pre-bill or invoice that the same request touched, else the item of that
// matter which the person had taken in the twelve hours before.
func purposes(tx *db.Tx, shown []Shown) ([]Look, error) {
	ids := make([]ident.LeafID, len(shown))
	for i, e := range shown {
		ids[i] = e.ID
	}
	var rows []struct {
		ID       ident.LeafID
		Object   string
		ObjectID string
	}
	err := tx.Raw(`SELECT l.id, o.object, o.object_id FROM audit_leaf l CROSS JOIN LATERAL (
			SELECT o.object, o.object_id, (o.request_id = l.request_id) AS same, o.at FROM audit_leaf o
			WHERE o.firm_id = l.firm_id AND o.actor = l.actor AND o.at BETWEEN l.at - interval '12 hours' AND l.at + interval '1 minute'
			  AND l.matter_id <> '' AND o.matter_id = l.matter_id AND o.result = 'done'
			  AND (o.action = 'item.leased' AND o.at <= l.at OR o.request_id = l.request_id AND l.request_id <> '' AND o.object IN ('item', 'prebill', 'invoice'))
			ORDER BY same DESC, o.at DESC LIMIT 1) o
		WHERE l.firm_id = ? AND l.id = ANY (?::uuid[])`, tx.Scope.Firm, db.Array(ids)).Scan(&rows).Error
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
var ErrManyLooks = fault.New(fault.Invalid, "looks_many", "choose a shorter period")

// LooksFile is the access log as rows for a file, oldest last. It needs audit.export and
// is itself recorded. ErrManyLooks when there are more than limit.
func (s *Service) LooksFile(ctx context.Context, f LookFilter, limit int) (all []Look, err error) {
	err = s.page(ctx, func(tx *db.Tx) error {
		return Record(tx, Entry{Action: "audit.log_exported", Object: "audit", ID: string(tx.Scope.Firm), Class: C2, Permission: string(rbac.AuditExport)})
	})
	req := page.Request{Size: 200}
	for err == nil {
		var p page.Page[Look]
		if p, err = s.Looks(ctx, f, req); err != nil {
			return nil, err
		}
		if all = append(all, p.Items...); len(all) > limit {
			return nil, ErrManyLooks.With("there are more than %d looks in this period; choose a shorter one", limit)
		}
		if req.After = p.Next; p.Next == "" {
			break
		}
	}
	return all, err
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
