package prebill

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// ErrClosingChanged is told of an approval that was voided: costs of its closing statement were
// credited since.
var ErrClosingChanged = fault.New(fault.Conflict, "prebill_closing_changed", "costs that the closing statement counts were credited since it was approved, so the pre-bill is in review again; look at the statement and approve it anew")

// Closing is the closing statement of a contingent fee (Model Rule 1.5): what came in, what
// the firm takes of it, what it cost, and what is the client's. GrossMinor = FeeMinor +
// CostsMinor + ClientMinor, always; ClientMinor is below zero where fee and costs are more
// than came in. Amounts are before tax, and of the whole bill, also where payors share it.
type Closing struct {
	Recovery    ident.RecoveryID  `json:"recovery"`
	Number      int               `json:"number"`  // of the matter's recoveries
	Version     int               `json:"version"` // of what was recorded
	Stage       arrangement.Stage `json:"stage"`
	ReceivedOn  string            `json:"received_on"` // 2026-03-31
	Source      string            `json:"source"`
	SignedOn    string            `json:"signed_on"` // the writing; "" while there is none
	NetOfCosts  bool              `json:"net_of_costs"`
	Share       money.Fraction    `json:"share_e6"`
	GrossMinor  int64             `json:"gross_minor"`
	BaseMinor   int64             `json:"base_minor"`   // what the share is of
	AgreedMinor int64             `json:"agreed_minor"` // the share
	FeeMinor    int64             `json:"fee_minor"`    // with what is agreed, or people took, off it or added to it
	HeldMinor   int64             `json:"held_minor,omitempty"`
	HeldUntil   string            `json:"held_until,omitempty"`
	CostsMinor  int64             `json:"costs_minor"`
	ClientMinor int64             `json:"client_minor"`
	Costs       []ClosingCost     `json:"costs"` // by date
}

// ClosingCost is one cost that the statement counts. It is charged once: by the bill with the
// statement, or by an earlier one.
type ClosingCost struct {
	Entry   ident.EntryID   `json:"entry"`
	On      string          `json:"on"`
	Code    string          `json:"code,omitempty"`
	Minor   int64           `json:"minor"`
	Prebill ident.PrebillID `json:"prebill,omitempty"` // the earlier bill that charges it; "" is this one
	Invoice string          `json:"invoice,omitempty"` // number of its invoice, where the statement is issued
}

// Text names what the cost is for.
func (c ClosingCost) Text() string {
	if k, ok := utbms.Lookup(c.Code); ok {
		return k.Name + " (" + k.Code + ")"
	}
	if c.Code != "" {
		return "Cost " + c.Code
	}
	return "Cost"
}

// HereMinor are the costs that the bill with the statement charges; the others were charged
// before.
func (c *Closing) HereMinor() (minor int64) {
	for _, x := range c.Costs {
		if x.Prebill == "" {
			minor += x.Minor
		}
	}
	return minor
}

// ChangedMinor is what a discount, a success fee or people change the share by.
func (c *Closing) ChangedMinor() int64 { return c.FeeMinor - c.AgreedMinor }

// Adds tells whether the statement's figures are each other's.
func (c *Closing) Adds() bool {
	costs := int64(0)
	for _, x := range c.Costs {
		costs += x.Minor
	}
	return costs == c.CostsMinor && c.GrossMinor == c.FeeMinor+c.CostsMinor+c.ClientMinor
}

func sameClosing(a, b *Closing) bool { return reflect.DeepEqual(a, b) }

// offered is a recovery of the matter as it stands for one bill.
type offered struct {
	contingent.Recovery
	code  string
	on    *onBill      // who put it on the bill; nil while it is not there
	place *placedPrice // the other bill that has it
	share bool         // the version has a share for its stage
}

// ready tells whether the bill may charge its share.
func (r *offered) ready(p *Prebill) bool { return r.why(p) == "" }

// why says what keeps its share off the bill, "" for nothing.
func (r *offered) why(p *Prebill) string {
	switch v := r.Now(); {
	case v.WithdrawnAt != nil:
		return "it was withdrawn"
	case v.ConfirmedAt == nil:
		return "it waits for somebody else of the firm to confirm it"
	case r.Currency != p.Currency:
		return "it is in " + string(r.Currency)
	case v.ReceivedOn.After(p.ThroughOn):
		return "it came in after the last day of this bill"
	case !r.share:
		return "no share is agreed for its stage"
	}
	return ""
}

// recoveriesOf are the recoveries of a bill's matter by the version of the day on which each
// came in; of days without a contingent fee none.
func recoveriesOf(tx *db.Tx, p *Prebill, versions arrangement.Versions, all map[ident.ArrangementID]put, placed placedPrices) (map[ident.ArrangementID][]offered, error) {
	if !slices.ContainsFunc(versions, func(v arrangement.Version) bool { return v.Terms.Contingency != nil }) {
		return nil, nil
	}
	list, err := contingent.OfMatter(tx, p.MatterID)
	if err != nil {
		return nil, err
	}
	by := map[ident.ArrangementID][]offered{}
	for _, r := range list {
		v := versions.At(r.Now().ReceivedOn, p.Currency)
		if v == nil || v.Terms.Contingency == nil {
			continue
		}
		x := offered{Recovery: r, code: arrangement.RecoveryCode(r.Number)}
		_, x.share = v.Terms.Contingency.Of(r.Now().Stage)
		for _, on := range all { // whichever version it was put there by
			if found := on.find(x.code); found != nil {
				x.on = found
			}
		}
		x.place = placed.find(x.code)
		by[v.ID] = append(by[v.ID], x)
	}
	return by, nil
}

// recovered puts the recovery that is on the bill into the work, with what the matter cost.
func (g *group) recovered(p *Prebill, w *arrangement.Work, costs []ClosingCost) error {
	for i := range g.recoveries {
		r := &g.recoveries[i]
		if r.on == nil || !r.ready(p) {
			continue
		}
		all := make([]int64, len(costs))
		for i := range costs {
			all[i] = costs[i].Minor
		}
		sum, err := money.Sum(all...)
		if err != nil {
			return err
		}
		w.Recovery = &arrangement.Recovery{Code: r.code, Stage: r.Now().Stage, GrossMinor: r.Now().Minor, CostsMinor: sum}
	}
	return nil
}

// statement is the closing statement of a bill's group, nil for none.
func (g *group) statement(bill *arrangement.Bill, w *arrangement.Work, costs []ClosingCost) *Closing {
	if bill.Closing == nil || w.Recovery == nil {
		return nil
	}
	for i := range g.recoveries {
		r := &g.recoveries[i]
		if r.code != w.Recovery.Code {
			continue
		}
		v, t := r.Now(), g.version.Terms
		c := &Closing{Recovery: r.ID, Number: r.Number, Version: v.Version, Stage: v.Stage, ReceivedOn: day(v.ReceivedOn), Source: v.Source, NetOfCosts: t.Contingency.NetCosts, Share: bill.Closing.Share,
			GrossMinor: bill.Closing.GrossMinor, BaseMinor: bill.Closing.BaseMinor, AgreedMinor: bill.Closing.AgreedMinor, CostsMinor: bill.Closing.CostsMinor, Costs: slices.Clone(costs)}
		if !t.Contingency.SignedOn.IsZero() {
			c.SignedOn = day(t.Contingency.SignedOn)
		}
		c.charge(bill.FeesMinor, bill.HeldMinor, &t)
		return c
	}
	return nil
}

// charge closes the statement with the fee of the bill: what is left is the client's.
func (c *Closing) charge(fee, held int64, t *arrangement.Terms) {
	c.FeeMinor, c.HeldMinor, c.HeldUntil = fee, held, ""
	if held > 0 {
		c.HeldUntil = t.Holdback.Condition
	}
	c.ClientMinor = c.GrossMinor - c.CostsMinor - fee
}

// closingAfter takes off the statement's fee its part of what people took off the fees of the
// bill as a whole, and has what is held back of it as the bill has it.
func (o *outcome) closingAfter(cut int64) error {
	if o.closing == nil {
		return nil
	}
	off, err := o.bear(cut)
	if err != nil {
		return err
	}
	for i := range o.parts {
		if x := &o.parts[i]; x.Version.ID == o.closes {
			o.closing.charge(x.FeesMinor-off[i], x.HeldMinor, &x.Version.Terms)
		}
	}
	return nil
}

// takenBack joins, as c, what credit notes took back of a cost of a pre-bill's line l: before an
// instant, or where that is NULL by now.
const takenBack = `CROSS JOIN LATERAL (SELECT coalesce(sum(n.amount_minor), 0)::bigint AS minor FROM invoice i JOIN invoice_line x ON x.firm_id = i.firm_id AND x.invoice_id = i.id
	JOIN credit_note_line n ON n.firm_id = x.firm_id AND n.invoice_id = x.invoice_id AND n.line_no = x.no JOIN credit_note k ON k.firm_id = n.firm_id AND k.id = n.credit_note_id
	WHERE i.firm_id = l.firm_id AND i.prebill_id = l.prebill_id AND x.entry_id = l.entry_id AND (?::timestamptz IS NULL OR k.issued_at < ?::timestamptz)) c`

// closingStands answers ErrClosingChanged of an approved bill when credit notes took back of the
// earlier costs that its closing statement counts since: the client would bear what was given back.
func closingStands(tx *db.Tx, s *sheet) error {
	if s.closing == nil {
		return nil
	}
	type charged struct {
		Prebill ident.PrebillID
		Entry   ident.EntryID
	}
	counts := map[charged]int64{}
	var bills []string
	for _, c := range s.closing.Costs {
		if c.Prebill != "" {
			counts[charged{c.Prebill, c.Entry}] += c.Minor
			bills = append(bills, string(c.Prebill))
		}
	}
	var now []struct {
		Prebill ident.PrebillID
		Entry   ident.EntryID
		Minor   int64
	}
	err := tx.Raw(`SELECT l.prebill_id AS prebill, l.entry_id AS entry, CASE WHEN bill_taken_back(l.firm_id, l.prebill_id) THEN 0 ELSE l.amount_minor - c.minor END AS minor
		FROM prebill_line l `+takenBack+` WHERE l.firm_id = ? AND l.prebill_id = ANY (?::uuid[]) AND l.kind = 'expense' AND NOT l.held AND NOT l.gone`,
		nil, nil, tx.Scope.Firm, db.Array(bills)).Scan(&now).Error
	if err != nil {
		return fmt.Errorf("list what is left of the costs of a closing statement: %w", err)
	}
	for _, x := range now {
		counts[charged{x.Prebill, x.Entry}] -= x.Minor
	}
	for _, c := range s.closing.Costs {
		if counts[charged{c.Prebill, c.Entry}] != 0 {
			return ErrClosingChanged
		}
	}
	return nil
}

// costsFor are the costs that a closing statement on the bill counts: those of earlier bills
// of the matter, without what credit notes took back of them since, and those of this one that
// are not held. One that an earlier statement counted is not among them.
func costsFor(tx *db.Tx, p *Prebill, m matter.Matter, lines []Line) ([]ClosingCost, error) {
	from := []any{tx.Scope.Firm, m.ClientID, p.Currency, p.ID, p.ApprovedAt, p.ApprovedAt, p.ID}
	var counted []ident.EntryID
	err := tx.Raw(`SELECT DISTINCT x->>'entry' FROM `+earlier+` e JOIN prebill_closing k ON k.firm_id = e.firm_id AND k.prebill_id = e.id, jsonb_array_elements(k.statement->'costs') x WHERE e.matter_id = ?`,
		append(slices.Clone(from), m.ID)...).Scan(&counted).Error
	if err != nil {
		return nil, fmt.Errorf("list what closing statements of matter %s counted: %w", m.ID, err)
	}
	var rows []struct {
		Entry   ident.EntryID
		On      time.Time
		Code    string
		Minor   int64
		Prebill ident.PrebillID
	}
	err = tx.Raw(`SELECT l.entry_id AS entry, l.worked_on AS on, l.expense_code AS code, l.amount_minor - c.minor AS minor, l.prebill_id AS prebill
		FROM `+earlier+` e JOIN prebill_line l ON l.firm_id = e.firm_id AND l.prebill_id = e.id `+takenBack+`
		WHERE e.matter_id = ? AND l.kind = 'expense' AND NOT l.held AND NOT l.gone AND (c.minor = 0 OR l.amount_minor <> c.minor) ORDER BY l.worked_on, l.entry_id, l.id`,
		append(slices.Clone(from), p.ApprovedAt, p.ApprovedAt, m.ID)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list costs of matter %s on its bills: %w", m.ID, err)
	}
	costs := []ClosingCost{}
	for _, r := range rows {
		if !slices.Contains(counted, r.Entry) {
			costs = append(costs, ClosingCost{Entry: r.Entry, On: day(r.On), Code: r.Code, Minor: r.Minor, Prebill: r.Prebill})
		}
	}
	costs = append(costs, costsHere(lines, counted)...)
	slices.SortStableFunc(costs, func(a, b ClosingCost) int { return strings.Compare(a.On, b.On) })
	return costs, nil
}

// costsHere are the costs that the bill itself charges, without those that were counted.
func costsHere(lines []Line, counted []ident.EntryID) (costs []ClosingCost) {
	for i := range lines {
		if l := &lines[i]; l.Kind == guideline.Expense && !l.Held && !slices.Contains(counted, l.EntryID) {
			costs = append(costs, ClosingCost{Entry: l.EntryID, On: day(l.On), Code: l.Expense, Minor: l.Amount()})
		}
	}
	return costs
}

// recoveryStates say where each recovery stands on the bill, and what the firm's share of it
// is, or would be.
func (g *group) recoveryStates(p *Prebill, w *arrangement.Work, costs []ClosingCost) (list []PriceState, err error) {
	taken := w.Recovery != nil
	for i := range g.recoveries {
		r := &g.recoveries[i]
		x := PriceState{Code: r.code, Gross: r.Now().Minor, Here: r.on != nil, Why: r.why(p)}
		if r.on != nil {
			x.By, x.At = r.on.By, &r.on.At
		}
		if r.place != nil {
			x.Where, x.Billed = r.place.words(), r.place.Before
		}
		if r.on == nil && x.Why == "" && taken {
			x.Why = "another recovery is on it; a bill has one closing statement"
		}
		if r.share && r.Now().WithdrawnAt == nil {
			sum := int64(0)
			for _, c := range costs {
				sum += c.Minor
			}
			closing, err := g.version.Terms.Contingency.Close(arrangement.Recovery{Stage: r.Now().Stage, GrossMinor: r.Now().Minor, CostsMinor: sum}, w.Rounding)
			if err != nil {
				return nil, err
			}
			x.Minor = closing.AgreedMinor
		}
		list = append(list, x)
	}
	return list, nil
}

// heldCosts warns of costs that the statement leaves out because they are held: a later bill
// charges them, and the client's part bears them then.
func heldCosts(lines []Line) (list []arrangement.Warning) {
	n := 0
	for i := range lines {
		if l := &lines[i]; !l.isTime() && l.Held {
			n++
		}
	}
	if n > 0 {
		list = append(list, arrangement.Warning{Code: "costs_held", Message: fmt.Sprintf("costs that are held are not in the closing statement: %d", n)})
	}
	return list
}

// doubts warn of a recovery on the bill that is not charged, and of one that could be and is
// on no bill.
func (g *group) doubts(p *Prebill) (list []arrangement.Warning) {
	for i := range g.recoveries {
		switch r := &g.recoveries[i]; {
		case r.on != nil && !r.ready(p):
			list = append(list, arrangement.Warning{Code: "recovery_waits", Message: fmt.Sprintf("recovery %d is on the bill and is not charged: %s", r.Number, r.why(p))})
		case r.on == nil && r.place == nil && r.ready(p):
			list = append(list, arrangement.Warning{Code: "recovery_unbilled", Message: fmt.Sprintf("recovery %d came in and is on no bill", r.Number)})
		}
	}
	return list
}
