package lesson

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows a list; the zero value of a part is any.
type Filter struct {
	Portal ident.PortalID
	Reason ident.ReasonID
	Rule   string // or a check of the file
	State  State
}

func (f Filter) conditions() (cond string, args []any) {
	and := func(s string, v ...any) { cond, args = cond+" AND "+s, append(args, v...) }
	if f.Portal != "" {
		and("s.portal_id = ?", f.Portal)
	}
	if f.Reason != "" {
		and("l.reason_id = ?", f.Reason)
	}
	if f.Rule != "" {
		and("(l.rule = ? OR l.file_check = ?)", f.Rule, f.Rule)
	}
	if f.State != "" {
		and("l.state = ?", f.State)
	}
	return cond, args
}

// Sum is the lessons of one receiver, reason, rule and state: how often, and what was cut.
type Sum struct {
	Portal     ident.PortalID
	PortalName string
	Reason     ident.ReasonID
	Code       string
	Like       string
	Rule       string
	FileCheck  string
	State      State
	Times      int
	Cut        []money.Amount `gorm:"-"` // by currency, less what appeals brought back
}

// maxSums bounds the overview: what is not in it is found by a narrower filter.
const maxSums = 500

// Sums is the overview, what wants a decision first. It counts lessons of matters whose
// amounts the person may see; more tells that there are others than the first 500.
func (s *Service) Sums(ctx context.Context, f Filter) (list []Sum, more bool, err error) {
	type row struct {
		Sum      `gorm:"embedded"`
		Currency money.Currency
		Minor    int64
	}
	var rows []row
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		cond, args := f.conditions()
		seen, sight := a.MattersSeeing("m", authz.C2)
		err = tx.Raw(`SELECT s.portal_id AS portal, o.name AS portal_name, l.reason_id AS reason, q.code, q.like_code AS "like", l.rule, l.file_check, l.state, count(*) AS times, s.currency,
				sum(coalesce(r.amount_minor - r.regained_minor, 0))::bigint AS minor`+tables+cond+` AND `+seen+`
			GROUP BY s.portal_id, o.name, l.reason_id, q.code, q.like_code, l.rule, l.file_check, l.state, s.currency
			ORDER BY array_position(ARRAY['open', 'proposed', 'missed', 'overridden', 'accepted', 'declined', 'no_rule'], l.state), o.name, q.code, l.reason_id, l.rule, l.file_check, s.currency LIMIT ?`,
			append(append(append([]any{tx.Scope.Firm}, args...), sight...), maxSums+1)...).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("add up lessons: %w", err)
		}
		return nil
	})
	if len(rows) > maxSums {
		rows, more = rows[:maxSums], true
	}
	for _, r := range rows {
		last := len(list) - 1
		if last < 0 || list[last].Reason != r.Reason || list[last].Rule != r.Rule || list[last].FileCheck != r.FileCheck || list[last].State != r.State {
			list, last = append(list, r.Sum), last+1
			list[last].Times = 0
		}
		list[last].Times += r.Times
		if r.Minor != 0 {
			list[last].Cut = append(list[last].Cut, money.Amount{Minor: r.Minor, Currency: r.Currency})
		}
	}
	return list, more, err
}

type place struct {
	At time.Time
	ID ident.LessonID
}

// List is one page of lessons, the newest first, without the receivers' words.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Lesson], err error) {
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		cond, args := f.conditions()
		if !first {
			cond, args = cond+" AND (l.learned_at, l.id) < (?, ?::uuid)", append(args, after.At, after.ID)
		}
		seen, sight := a.MattersSeeing("m", authz.C2)
		list, err := load(tx, cond+` AND `+seen+` ORDER BY l.learned_at DESC, l.id DESC LIMIT ?`, append(append(args, sight...), req.Limit()+1)...)
		if err != nil {
			return err
		}
		silence(list)
		p, err = page.Cut(list, req.Limit(), func(l Lesson) any { return place{l.LearnedAt, l.ID} })
		return err
	})
	return p, err
}

// silence takes the receivers' words out: a list of many matters shows no privileged text.
func silence(list []Lesson) {
	for i := range list {
		list[i].Text = ""
	}
}

// OfSubmission are the lessons of one version of an e-bill, in the order of its cuts. The words
// are with the cuts.
func (s *Service) OfSubmission(ctx context.Context, id ident.SubmissionID) (list []Lesson, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		seen, sight := a.MattersSeeing("m", authz.C2)
		list, err = load(tx, ` AND l.submission_id = ? AND `+seen+` ORDER BY r.n NULLS FIRST`, append([]any{id}, sight...)...)
		silence(list)
		if err != nil || len(list) > 0 {
			return err
		}
		return known(tx, id, seen, sight)
	})
	return list, err
}

// known is ErrNotFound for an e-bill that is not there, or whose amounts the access does not show.
func known(tx *db.Tx, id ident.SubmissionID, seen string, sight []any) error {
	var there bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM submission s JOIN invoice i ON i.firm_id = s.firm_id AND i.id = s.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		WHERE s.firm_id = ? AND s.id = ? AND `+seen+`)`, append([]any{tx.Scope.Firm, id}, sight...)...).Row().Scan(&there)
	if err != nil {
		return fmt.Errorf("find e-bill %s: %w", id, err)
	}
	if !there {
		return ErrNotFound
	}
	return nil
}

// seen is a lesson whose amounts the access shows; lock keeps its row.
func seen(tx *db.Tx, a *authz.Access, id ident.LessonID, lock bool) (Lesson, error) {
	cond, args := a.MattersSeeing("m", authz.C2)
	if lock {
		cond += ` FOR NO KEY UPDATE OF l`
	}
	list, err := load(tx, ` AND l.id = ? AND `+cond, append([]any{id}, args...)...)
	switch {
	case err != nil:
		return Lesson{}, err
	case len(list) != 1:
		return Lesson{}, ErrNotFound
	}
	return list[0], nil
}

// Get is one lesson. The receiver's words are shown to who sees the text of its invoice, and
// leave a leaf.
func (s *Service) Get(ctx context.Context, id ident.LessonID) (l Lesson, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		if l, err = seen(tx, a, id, false); err != nil || l.Text == "" {
			return err
		}
		return worded(tx, a, &l)
	})
	return l, err
}

// worded leaves the words to who sees them, with a leaf.
func worded(tx *db.Tx, a *authz.Access, l *Lesson) error {
	sees, err := a.SeesOf(tx, l.Matter, authz.C3)
	if err != nil {
		return err
	}
	if !sees {
		l.Text = ""
		return nil
	}
	if l.Text == "" {
		return nil
	}
	if err := audit.Showing(tx, l.Matter, 1); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "lesson.read", Object: "lesson", ID: string(l.ID), Matter: l.Matter, Class: audit.C3, Permission: string(rbac.SubmissionRead)})
}

// ReasonView is a receiver's reason with the newest of its occurrences that the person may
// know of.
type ReasonView struct {
	Reason
	Lessons []Lesson            // at most mostShown
	Could   []Target            // that the published map would choose from
	Written []guideline.OwnRule // the firm's own rules in force
}

// mostShown is how many occurrences a reason's page lists; the list has all.
const mostShown = 20

// ReasonOf is one reason of a receiver. ErrNotFound for who may know of no occurrence.
func (s *Service) ReasonOf(ctx context.Context, id ident.ReasonID) (v ReasonView, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		r, err := reason(tx, ` AND q.id = ?`, id)
		if err != nil {
			return err
		}
		if v, err = reasonView(tx, a, r); err != nil {
			return err
		}
		if v.Times == 0 && !a.WholeFirm() {
			return ErrNotFound
		}
		return nil
	})
	return v, err
}

func reasonView(tx *db.Tx, a *authz.Access, r Reason) (v ReasonView, err error) {
	v = ReasonView{Reason: r, Could: Map(Said{Code: r.Code})}
	if _, v.Written, err = ownRules(tx); err != nil {
		return v, err
	}
	seen, sight := a.MattersSeeing("m", authz.C2)
	err = tx.Raw(`SELECT count(*)`+tables+` AND l.reason_id = ? AND `+seen, append([]any{tx.Scope.Firm, r.ID}, sight...)...).Row().Scan(&v.Times)
	if err != nil {
		return v, fmt.Errorf("count lessons of reason %s: %w", r.ID, err)
	}
	if !a.Sees(authz.C2) {
		v.Note = ""
	}
	if v.Lessons, err = load(tx, ` AND l.reason_id = ? AND `+seen+` ORDER BY l.learned_at DESC, l.id DESC LIMIT ?`, append(append([]any{r.ID}, sight...), mostShown)...); err != nil {
		return v, err
	}
	for i := range v.Lessons {
		if err := worded(tx, a, &v.Lessons[i]); err != nil {
			return v, err
		}
	}
	return v, nil
}
