package prebill

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows a list. The zero value is every open pre-bill.
type Filter struct {
	Status Status         // "" is all that are open
	Matter ident.MatterID // "" is all matters in scope; names closed ones too
	For    ident.PersonID // those alone that are this person's by name to approve; "" is all
}

// Summary is one row of a list. Without C2 on its matter names and amounts are
// empty; of a sealed matter names are empty in every list (DESIGN 4).
type Summary struct {
	ID            ident.PrebillID
	Number        int64
	MatterID      ident.MatterID
	MatterNumber  string
	MatterName    string
	ClientName    string
	PayorName     string
	Label         authz.Label
	Status        Status
	Currency      money.Currency
	ThroughOn     time.Time
	PreparedAt    time.Time
	SubmittedAt   *time.Time
	ApprovedAt    *time.Time
	Lines         int
	RecordedMinor int64
	InvoiceMinor  int64
	OpenFindings  int // on the lines and on the bill
	Version       int
	Confidential  bool // the reader's grants show names and amounts
	Responsible   ident.PersonID
	PreparedBy    ident.PersonID
	SubmittedBy   ident.PersonID
	StandsFor     string `gorm:"-"` // in review: for whom an approval by the reader would be given, "" for themselves
}

// Name is how people call it.
func (s Summary) Name() string { return fmt.Sprintf("PB-%d", s.Number) }

// List shows pre-bills of matters in scope, newest first.
func (s *Service) List(ctx context.Context, f Filter, r page.Request) (list page.Page[Summary], err error) {
	if f.Status != "" {
		if _, known := graph[f.Status]; !known && f.Status.Open() {
			return list, ErrInvalid.On(fault.Field{Path: "status", Code: "choice_unknown", Message: "choose a status from the list"})
		}
	}
	after := int64(1<<63 - 1)
	if _, err := r.Decode(&after); err != nil {
		return list, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillRead)
		if err != nil {
			return err
		}
		rows, err := summaries(tx, a, f, after, r.Limit()+1)
		if err != nil {
			return err
		}
		if err := s.mark(tx, rows); err != nil {
			return err
		}
		list, err = page.Cut(rows, r.Limit(), func(s Summary) any { return s.Number })
		return err
	})
	return list, err
}

// mark says on each row for whom the reader stands in there.
func (s *Service) mark(tx *db.Tx, rows []Summary) error {
	matters := make([]ident.MatterID, len(rows))
	for i, r := range rows {
		matters[i] = r.MatterID
	}
	whom, err := standIns(tx, s.guard, matters...)
	if err != nil {
		return err
	}
	for i := range rows {
		p := Prebill{PreparedBy: rows[i].PreparedBy, SubmittedBy: rows[i].SubmittedBy}
		if own := tx.Scope.Actor == p.PreparedBy || tx.Scope.Actor == p.SubmittedBy; rows[i].Status == StatusInReview && !own {
			rows[i].StandsFor = whom[standIn{p.addressee(rows[i].Responsible), rows[i].MatterID}]
		}
	}
	return nil
}

// StandsIn are the people for whom the reader stands in now, each with how many
// pre-bills in scope wait for them.
func (s *Service) StandsIn(ctx context.Context) (list []StandIn, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillRead)
		if err != nil {
			return err
		}
		whom, err := deputy.StandsFor(tx, s.guard)
		if err != nil {
			return err
		}
		cond, args := a.Matters("m")
		for _, p := range whom {
			theirs, more := p.Reach.Matters("m")
			in := StandIn{ID: p.ID, Name: p.Name}
			err := tx.Raw(`SELECT count(*) FROM prebill p JOIN matter m ON m.firm_id = p.firm_id AND m.id = p.matter_id
				WHERE p.firm_id = ? AND p.status = 'in_review' AND m.responsible_id = ? AND `+addressed+` AND `+cond+` AND `+theirs, append(append([]any{tx.Scope.Firm, p.ID}, args...), more...)...).Row().Scan(&in.Waiting)
			if err != nil {
				return fmt.Errorf("count what waits for person %s: %w", p.ID, err)
			}
			list = append(list, in)
		}
		return nil
	})
	return list, err
}

// StandIn is somebody for whom the reader stands in.
type StandIn struct {
	ID      ident.PersonID
	Name    string
	Waiting int // pre-bills in review that are theirs by name to approve
}

// Counts tells how many pre-bills in scope stand in each status.
func (s *Service) Counts(ctx context.Context) (counts map[Status]int, err error) {
	counts = map[Status]int{}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillRead)
		if err != nil {
			return err
		}
		cond, args := a.Matters("m")
		var rows []struct {
			Status Status
			N      int
		}
		err = tx.Raw(`SELECT p.status, count(*) AS n FROM prebill p JOIN matter m ON m.firm_id = p.firm_id AND m.id = p.matter_id
			WHERE p.firm_id = ? AND `+cond+` GROUP BY p.status`, append([]any{tx.Scope.Firm}, args...)...).Scan(&rows).Error
		for _, r := range rows {
			counts[r.Status] = r.N
		}
		return err
	})
	return counts, err
}

func summaries(tx *db.Tx, a *authz.Access, f Filter, after int64, limit int) (rows []Summary, err error) {
	scope, scopeArgs := a.Matters("m")
	shown, shownArgs := a.MattersSeeing("m", authz.C2)
	args := append([]any{}, shownArgs...)
	args = append(args, tx.Scope.Firm, after, string(f.Status), string(f.Status), string(f.Matter), orNull(f.Matter), string(f.Matter), string(f.For), orNull(f.For))
	args = append(append(args, scopeArgs...), limit)
	err = tx.Raw(`SELECT p.id, p.number, p.matter_id, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, y.name AS payor_name, m.label,
			p.status, p.currency, p.through_on, p.prepared_at, p.submitted_at, p.approved_at, p.version,
			count(l.id) AS lines, coalesce(sum(coalesce(l.share_minor, o.amount_minor, e.amount_minor)), 0) AS recorded_minor, prebill_net(p.firm_id, p.id) AS invoice_minor,
			(SELECT count(*) FROM finding g JOIN prebill_line k ON k.firm_id = g.firm_id AND k.id = g.line_id
				WHERE k.firm_id = p.firm_id AND k.prebill_id = p.id AND g.state = 'open')
				+ (SELECT count(*) FROM finding g WHERE g.firm_id = p.firm_id AND g.prebill_id = p.id AND g.state = 'open') AS open_findings,
			(`+shown+`) AS confidential, coalesce(m.responsible_id::text, '') AS responsible, coalesce(p.prepared_by::text, '') AS prepared_by, coalesce(p.submitted_by::text, '') AS submitted_by
		FROM prebill p
		JOIN matter m ON m.firm_id = p.firm_id AND m.id = p.matter_id
		JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		JOIN payor y ON y.firm_id = p.firm_id AND y.id = p.payor_id
		LEFT JOIN prebill_line l ON l.firm_id = p.firm_id AND l.prebill_id = p.id AND NOT l.gone
		LEFT JOIN entry e ON e.firm_id = l.firm_id AND e.id = l.entry_id
		LEFT JOIN entry_price o ON o.firm_id = l.firm_id AND o.entry_id = l.entry_id AND o.seq = l.price_seq
		WHERE p.firm_id = ? AND p.number < ? AND (p.status = ? OR (? = '' AND (p.status NOT IN ('taken', 'cancelled') OR ? <> '')))
		  AND (p.matter_id = ?::uuid OR ? = '') AND (? = '' OR m.responsible_id = ?::uuid AND `+addressed+`) AND `+scope+`
		GROUP BY p.firm_id, p.id, m.firm_id, m.id, c.name, y.name ORDER BY p.number DESC LIMIT ?`, args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list pre-bills of firm %s: %w", tx.Scope.Firm, err)
	}
	for i := range rows {
		rows[i].hide()
	}
	return rows, nil
}

// hide empties what a list must not show.
func (s *Summary) hide() {
	if !s.Confidential || s.Label == authz.Sealed {
		s.MatterName, s.ClientName, s.PayorName = "", "", ""
	}
	if !s.Confidential {
		s.MatterNumber, s.RecordedMinor, s.InvoiceMinor = "", 0, 0
	}
}
