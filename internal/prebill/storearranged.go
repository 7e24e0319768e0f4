package prebill

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// before is what was billed under the matter's arrangements before a bill.
type before struct {
	arrangement.Before
	codes    code.Codes   // of the client: its own are of a phase too
	prices   placedPrices // of the matter, on its other bills and, as they are counted, on this one
	days     []dayBefore  // of the time on the matter's earlier bills and, as they are counted, on this one
	currency money.Currency
}

// dayBefore is what was worked and billed of one day.
type dayBefore struct {
	On           time.Time
	Worked, Fees int64
}

// since sums the days from one on.
func (b *before) since(day time.Time) (worked, fees int64) {
	for _, d := range b.days {
		if !d.On.Before(day) {
			worked, fees = worked+d.Worked, fees+d.Fees
		}
	}
	return worked, fees
}

// earlier are the pre-bills of a client that count as billed before p: approved, or
// invoiced and not taken back. They count in the order of their approval, so that of
// several that wait for one run each counts those before it, whichever is issued first.
const earlier = `(SELECT b.firm_id, b.id, b.matter_id, b.through_on FROM prebill b JOIN matter x ON x.firm_id = b.firm_id AND x.id = b.matter_id
	WHERE b.firm_id = ? AND x.client_id = ? AND b.currency = ? AND b.id <> ?
		AND (b.status = 'approved' OR b.status = 'taken' AND NOT bill_taken_back(b.firm_id, b.id))
		AND (?::timestamptz IS NULL OR (b.approved_at, b.id) < (?::timestamptz, ?::uuid)))`

func billedUnder(tx *db.Tx, p *Prebill, m matter.Matter) (*before, error) {
	b := &before{currency: p.Currency}
	b.Capped = map[string]int64{}
	var err error
	if b.codes, err = code.OfClient(tx, m.ClientID); err != nil {
		return nil, err
	}
	if b.prices, err = pricesElsewhere(tx, p); err != nil {
		return nil, err
	}
	from := []any{tx.Scope.Firm, m.ClientID, p.Currency, p.ID, p.ApprovedAt, p.ApprovedAt, p.ID}
	var lines []struct {
		Task                 string
		On                   time.Time
		Hours                money.Fixed4
		Worked, Capped, Fees int64
	}
	err = tx.Raw(`SELECT l.task_code AS task, l.worked_on AS on, sum(l.quantity_e4)::bigint AS hours, sum(l.value_minor)::bigint AS worked,
			sum(l.amount_minor - l.discount_minor)::bigint AS capped, sum(l.amount_minor)::bigint AS fees
		FROM `+earlier+` e JOIN prebill_line l ON l.firm_id = e.firm_id AND l.prebill_id = e.id WHERE e.matter_id = ? AND l.kind = 'time' AND NOT l.held AND NOT l.gone GROUP BY 1, 2 ORDER BY 2, 1`,
		append(from, m.ID)...).Scan(&lines).Error
	if err != nil {
		return nil, fmt.Errorf("sum what was billed on matter %s: %w", m.ID, err)
	}
	for _, l := range lines {
		b.WorkedMinor += l.Worked
		b.FeesMinor += l.Fees
		b.capped(b.codes.Phase(l.Task, l.On), l.On.Year(), l.Capped)
		b.worked(l.On, l.Task, l.Hours, l.Worked, l.Fees)
	}
	if err := b.charged(tx, m, from); err != nil {
		return nil, err
	}
	return b, b.year(tx, p, from)
}

// charged adds what stood beside the lines of the matter's earlier bills.
func (b *before) charged(tx *db.Tx, m matter.Matter, from []any) error {
	var charges []struct {
		What, Code string
		Year       int
		Minor      int64
	}
	err := tx.Raw(`SELECT c.what, c.code, extract(year FROM e.through_on)::int AS year, sum(c.amount_minor) AS minor
		FROM `+earlier+` e JOIN prebill_charge c ON c.firm_id = e.firm_id AND c.prebill_id = e.id WHERE e.matter_id = ? GROUP BY 1, 2, 3`, append(from, m.ID)...).Scan(&charges).Error
	if err != nil {
		return fmt.Errorf("list what was charged on matter %s: %w", m.ID, err)
	}
	for _, c := range charges {
		if c.What == chargeHoldback || c.What == chargeRelease {
			continue // the fees count in whole when they are worked out, and not again
		}
		b.FeesMinor += c.Minor
		if ofTheYear(c.What) {
			b.capped(utbms.Phase(c.Code), c.Year, c.Minor)
		}
	}
	return nil
}

func ofTheYear(what string) bool { return !slices.Contains(notOfTheYear, what) }

// worked adds time that was billed before.
func (b *before) worked(on time.Time, task string, hours money.Fixed4, worked, fees int64) {
	b.days = append(b.days, dayBefore{on, worked, fees})
	b.Used = append(b.Used, arrangement.Used{Month: on.Format("2006-01"), Task: utbms.Clean(task), Hours: hours})
}

// year sums the client's fees of the year of the bill, before volume discounts, and
// those discounts. Percentage discounts come after them and do not count.
func (b *before) year(tx *db.Tx, p *Prebill, from []any) error {
	q := `WITH e AS (SELECT * FROM ` + earlier + ` x WHERE extract(year FROM x.through_on) = ?)
		SELECT coalesce((SELECT sum(l.amount_minor - l.discount_minor) FROM e JOIN prebill_line l ON l.firm_id = e.firm_id AND l.prebill_id = e.id WHERE l.kind = 'time' AND NOT l.held AND NOT l.gone), 0)::bigint
			+ coalesce((SELECT sum(c.amount_minor) FROM e JOIN prebill_charge c ON c.firm_id = e.firm_id AND c.prebill_id = e.id WHERE c.what <> ALL (?::text[])), 0)::bigint
			- coalesce((SELECT sum(c.amount_minor) FROM e JOIN prebill_cut c ON c.firm_id = e.firm_id AND c.prebill_id = e.id WHERE c.undone_at IS NULL AND c.reason <> ?), 0)::bigint,
			coalesce((SELECT -sum(c.amount_minor) FROM e JOIN prebill_charge c ON c.firm_id = e.firm_id AND c.prebill_id = e.id WHERE c.what = ?), 0)::bigint`
	err := tx.Raw(q, append(append([]any{}, from...), p.ThroughOn.Year(), db.Array(notOfTheYear), amend.ReasonDiscount, chargeVolume)...).Row().Scan(&b.YearFeesMinor, &b.YearDiscounts)
	if err != nil {
		return fmt.Errorf("sum the year's fees before pre-bill %s: %w", p.ID, err)
	}
	return nil
}

// capped counts fees against the caps of a matter, a phase and a year. A fixed price is
// a fee of its phase and of the year that its bill goes up to, as other fees beside the
// lines are of that year.
func (b *before) capped(phase string, year int, minor int64) {
	b.Capped[""] += minor
	b.Capped[strconv.Itoa(year)] += minor
	if phase != "" {
		b.Capped[phase] += minor
	}
}

// count adds what a version made of its part of the bill, which goes up to a day of
// year, for the versions after it.
func (b *before) count(g *group, lines []Line, year int, w *arrangement.Work, bill *arrangement.Bill) error {
	for _, x := range g.offers {
		if isDue(w, x.Code) {
			b.prices = append(b.prices, placedPrice{Code: x.Code, Before: true})
		}
	}
	b.WorkedMinor += bill.WorkedMinor
	b.FeesMinor += bill.FeesMinor
	fees := int64(0)
	for n, c := range bill.Charges {
		if n < len(g.lines) {
			var a Arranged
			a.take(c)
			l := &lines[g.lines[n]]
			b.capped(b.codes.Phase(l.Task, l.On), l.On.Year(), c.Minor-a.DiscountMinor)
			fees += c.Minor - a.DiscountMinor
			b.worked(l.On, l.Task, l.Quantity, c.WorkedMinor, c.Minor)
			continue
		}
		switch {
		case ofTheYear(c.What):
			b.capped(utbms.Phase(c.Code), year, c.Minor)
			fees += c.Minor
		case c.What == chargeVolume:
			b.YearDiscounts -= c.Minor
		}
	}
	var err error
	b.YearFeesMinor, err = money.Sum(b.YearFeesMinor, fees)
	return err
}

// charges are what the arrangements made beside the lines, in their order.
func charges(tx *db.Tx, id ident.PrebillID) (list []Charge, err error) {
	err = tx.Raw(`SELECT arrangement_id AS arrangement, what, code, quantity_e4 AS quantity, rate_e4 AS rate, note, amount_minor AS minor FROM prebill_charge WHERE firm_id = ? AND prebill_id = ? ORDER BY position`,
		tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list charges of pre-bill %s: %w", id, err)
	}
	return list, nil
}

// keepArranged writes the lines that differ in one statement, and the charges anew.
func keepArranged(tx *db.Tx, id ident.PrebillID, s *sheet, o *outcome) error {
	var c arrangedColumns
	for i := range s.lines {
		if s.lines[i].Arranged != o.lines[i] {
			c.add(s.lines[i].ID, o.lines[i])
		}
	}
	if len(c.id) > 0 {
		err := tx.Exec(`UPDATE prebill_line l SET agreed_minor = x.agreed, agreed_reason = x.reason, agreed_rate_e4 = x.rate, cap_minor = x.cap, discount_minor = x.discount, unseen = x.unseen
			FROM unnest(?::uuid[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::boolean[]) AS x(id, agreed, reason, rate, cap, discount, unseen)
			WHERE l.firm_id = ? AND l.prebill_id = ? AND l.id = x.id`, db.Array(c.id), db.Array(c.agreed), db.Array(c.reason), db.Array(c.rate), db.Array(c.cap), db.Array(c.discount),
			db.Array(c.unseen), tx.Scope.Firm, id).Error
		if err != nil {
			return fmt.Errorf("arrange lines of pre-bill %s: %w", id, err)
		}
	}
	if s.prompt != o.prompt {
		if err := keepPrompt(tx, id, o.prompt); err != nil {
			return err
		}
	}
	if !slices.Equal(s.shares, o.shares) {
		if err := keepShares(tx, id, o.shares); err != nil {
			return err
		}
	}
	if !sameClosing(s.closing, o.closing) {
		if err := keepClosing(tx, id, o.closing); err != nil {
			return err
		}
	}
	if err := tx.Exec(`DELETE FROM prebill_charge WHERE firm_id = ? AND prebill_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("drop charges of pre-bill %s: %w", id, err)
	}
	for i, x := range o.charges {
		err := tx.Exec(`INSERT INTO prebill_charge (firm_id, prebill_id, position, arrangement_id, what, code, quantity_e4, rate_e4, note, amount_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, id, i+1, x.Arrangement, x.What, x.Code, x.Quantity, x.Rate, x.Note, x.Minor).Error
		if err != nil {
			return fmt.Errorf("charge on pre-bill %s: %w", id, err)
		}
	}
	return nil
}

// arrangedColumns are arranged lines by column.
type arrangedColumns struct {
	id                          []ident.PrebillLine
	agreed, rate, cap, discount []int64
	reason                      []string
	unseen                      []bool
}

func (c *arrangedColumns) add(id ident.PrebillLine, a Arranged) {
	c.id, c.agreed, c.reason = append(c.id, id), append(c.agreed, a.AgreedMinor), append(c.reason, string(a.Reason))
	c.rate, c.cap, c.discount = append(c.rate, int64(a.Rate)), append(c.cap, a.CapMinor), append(c.discount, a.DiscountMinor)
	c.unseen = append(c.unseen, a.Unseen)
}
