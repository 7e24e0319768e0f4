package capture

import (
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// ErrElsewhere is for work that another matter cannot take.
var ErrElsewhere = fault.New(fault.Conflict, "entry_elsewhere", "some of this work cannot go to that matter")

// Rehomed is an entry as it stands, and what it would be on another matter.
type Rehomed struct {
	From  Entry
	Stood amend.Work  // with what people changed of it, there or on its draft
	To    Entry       // without an id; what people changed is made again on its price
	Cut   amend.Edits // changes of which a part falls away there
	land  landing
}

// Rehome works out what entries would be on another matter that the access reaches, at the
// rates of that matter on their work dates (LEGAL-BILLING 9). A rate that was given with an
// entry was given for the former matter, and is not taken along. Changes are what people
// changed of an entry elsewhere, in the place of its amendments. ErrElsewhere with
// every entry that the matter cannot take, and why.
func Rehome(tx *db.Tx, a *authz.Access, list []Entry, changes map[ident.EntryID]amend.Edits, to ident.MatterID) ([]Rehomed, error) {
	m, err := loadMasters(tx, a)
	if err != nil {
		return nil, err
	}
	facts := m.matterByID(to)
	if facts == nil {
		return nil, ErrNotFound
	}
	var bad fault.Fields
	out := make([]Rehomed, len(list))
	for i := range list {
		r := &out[i]
		r.From, r.To = list[i], list[i]
		if c, ok := changes[r.From.ID]; ok {
			r.To.Edits = c
		}
		r.Stood = r.To.Work()
		why, err := r.settle(m, facts)
		if err != nil {
			return nil, err
		}
		if why != "" {
			bad.Add(string(r.From.ID), "entry_elsewhere", "%s of %s %s", kindWord(r.From.Kind), r.From.WorkedOn.Format("2 Jan 2006"), why)
		}
	}
	if len(bad) > 0 {
		return nil, bad.Err(ErrElsewhere.With("%s", bad[0].Message))
	}
	return out, nil
}

func kindWord(k guideline.Kind) string {
	if k == guideline.Time {
		return "the time"
	}
	return "the cost"
}

// settle gives the entry its place and price on the matter, or says why it has none there.
func (r *Rehomed) settle(m masters, facts *matterFacts) (why string, err error) {
	e := &r.To
	switch {
	case facts.ClosedOn != nil:
		return "cannot go to " + facts.Number + ", which was closed on " + facts.ClosedOn.Format("2 Jan 2006") + "; open the matter again first", nil
	case e.WorkedOn.Before(facts.OpenedOn):
		return "was before " + facts.Number + " was opened on " + facts.OpenedOn.Format("2 Jan 2006") + "; correct the day on which the matter was opened", nil
	case e.Kind == guideline.Expense && e.Currency != facts.Currency:
		paid := string(e.Currency)
		if e.Converted.Is() {
			paid = string(e.Converted.From) + ", stands in " + paid + " here"
		}
		return "was paid in " + paid + " and " + facts.Number + " is billed in " + string(facts.Currency) + "; enter it there in that currency", nil
	}
	e.MatterID, e.Status, e.PrebillID, e.Version = facts.ID, StatusOpen, "", 1
	r.land = landing{matter: facts}
	if e.Kind == guideline.Expense {
		r.again(e.Price(), m.rounding)
		return "", nil
	}
	k, _ := m.timekeeperByID(e.TimekeeperID)
	r.land.keeper(k)
	e.Currency = facts.Currency
	// What was written down is an amount of the former money, and means nothing in another.
	if e.Currency != r.From.Currency && r.Stood.WriteDown != 0 && r.Stood.Amount() != 0 {
		return "was written down by an amount in " + string(r.From.Currency) + " and " + facts.Number + " is billed in " + string(facts.Currency) + "; undo the write-down first, and make it there", nil
	}
	// A rate may be for a task, and the task as it stands counts.
	a, err := m.card.Resolve(facts.asks(e, r.land.class, r.Stood.Task, r.Stood.Activity))
	if errors.Is(err, rate.ErrNoRate) {
		return "has no " + string(facts.Currency) + " rate on " + facts.Number + "; enter one that covers the day first", nil
	}
	if rate.Unconverted(err) {
		return "cannot be priced on " + facts.Number + ": " + message(err), nil
	}
	if err != nil {
		return "", fmt.Errorf("price entry %s on matter %s: %w", r.From.ID, facts.ID, err)
	}
	r.land.agreed, r.land.hasRate = a.Rate, true
	p := Price{Rate: a.Rate, Standard: a.Standard, Source: a.Source, Level: a.Level, RateID: a.ID, Card: m.card.Version(), Currency: facts.Currency, Converted: a.Conversion}
	p.Minor, err = money.Line(e.Hours, a.Rate, facts.Currency, m.rounding)
	if errors.Is(err, money.ErrOverflow) {
		return "is worth more there than can be counted; correct the rate", nil
	}
	if err != nil {
		return "", fmt.Errorf("price entry %s on matter %s: %w", r.From.ID, facts.ID, err)
	}
	r.again(p, m.rounding)
	return "", nil
}

// again makes the changes that stand on the new price.
func (r *Rehomed) again(p Price, rounding money.Rounding) {
	made, _, cut := r.To.Repriced(p, rounding)
	r.To.take(p)
	r.To.Edits, r.Cut = made, cut
}

// ToRehome locks entries in the order of their ids and returns those that the access
// reaches with all they say. ErrNotFound when one is not there, and forbidden when its
// matter shows the actor too little.
func ToRehome(tx *db.Tx, a *authz.Access, ids []ident.EntryID) ([]Entry, error) {
	if err := tx.Exec(`SELECT FROM entry WHERE firm_id = ? AND id = ANY (?::uuid[]) ORDER BY id FOR UPDATE`, tx.Scope.Firm, db.Array(ids)).Error; err != nil {
		return nil, fmt.Errorf("lock entries to be transferred: %w", err)
	}
	return Whole(tx, a, ids)
}

// Whole are entries that the access reaches with all they say, by work date.
func Whole(tx *db.Tx, a *authz.Access, ids []ident.EntryID) ([]Entry, error) {
	list, err := entriesFor(tx, a, "e.id = ANY (?::uuid[])", []any{db.Array(ids)}, len(ids))
	if err != nil {
		return nil, err
	}
	if len(list) != len(ids) {
		return nil, ErrNotFound
	}
	for i := range list {
		if list[i].Currency == "" || list[i].Withheld {
			return nil, authz.ErrForbidden.With("your access shows too little of this matter to transfer its work")
		}
	}
	return list, nil
}

// MoveAway ends the work of entries on their matter and puts what they become into the
// books of the other, with the changes that stand, judged there. It gives each its id. The
// entries are open; the caller has locked them, and writes down which became which.
func MoveAway(tx *db.Tx, a *authz.Access, list []Rehomed) error {
	m, err := loadMasters(tx, a)
	if err != nil {
		return err
	}
	if err := restate(tx, idsOf(list), StatusOpen, StatusMoved); err != nil {
		return err
	}
	if err := settleFindings(tx, m.today, list); err != nil {
		return err
	}
	p := plan{}
	for i := range list {
		r := &list[i]
		r.To.ID, r.To.CreatedAt = ident.New[ident.EntryID](tx.Now), tx.Now
		p.entries, p.facts = append(p.entries, r.To), append(p.facts, r.land)
		// The row of the file stays known by the entry that it landed as.
		p.keys = append(p.keys, rowKey{fingerprint: sum("moved", string(r.To.ID)), content: keyOf("", &r.To, 0).content})
	}
	if err := insertEntries(tx, &p, m.rounding); err != nil {
		return err
	}
	for i := range list {
		for k := range list[i].To.Edits {
			d := &list[i].To.Edits[k]
			d.ID, d.Seq = ident.New[ident.EditID](tx.Now), k+1
			if err := insertAmendment(tx, list[i].To.ID, d); err != nil {
				return err
			}
		}
	}
	_, err = checkEntries(tx, &p, m.today, false)
	return err
}

// settleFindings closes what was remarked on work that is elsewhere now.
func settleFindings(tx *db.Tx, today time.Time, list []Rehomed) error {
	judged := make([]guideline.Judged, len(list))
	for i := range list {
		judged[i].Subject = guideline.Subject{Entry: list[i].From.ID, Currency: list[i].From.Currency}
	}
	return guideline.Record(tx, guideline.Entry, today, judged)
}

// MoveBack takes what entries had become out of the books and gives the entries back to
// their matter, as they stood, judged again. ErrEntryTaken when one of either is not in the
// state for that. The caller has locked both and decided.
func MoveBack(tx *db.Tx, a *authz.Access, from, made []ident.EntryID) error {
	m, err := loadMasters(tx, a)
	if err != nil {
		return err
	}
	if err := restate(tx, made, StatusOpen, StatusRemoved); err != nil {
		return err
	}
	if err := restate(tx, from, StatusMoved, StatusOpen); err != nil {
		return err
	}
	list, err := ByIDs(tx, from)
	if err != nil {
		return err
	}
	if err := attachAmendments(tx, list); err != nil {
		return err
	}
	p := plan{}
	for i := range list {
		l, ok, err := m.landing(&list[i])
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotFound
		}
		p.entries, p.facts = append(p.entries, list[i]), append(p.facts, l)
	}
	_, err = checkEntries(tx, &p, m.today, true)
	return err
}

// restate moves entries from one status to another, all of them or none.
func restate(tx *db.Tx, ids []ident.EntryID, from, to Status) error {
	res := tx.Exec(`UPDATE entry SET status = ?, version = version + 1 WHERE firm_id = ? AND id = ANY (?::uuid[]) AND status = ?`, to, tx.Scope.Firm, db.Array(ids), from)
	if res.Error != nil {
		return fmt.Errorf("make entries %s: %w", to, res.Error)
	}
	if res.RowsAffected != int64(len(ids)) {
		return ErrEntryTaken
	}
	return nil
}

func idsOf(list []Rehomed) []ident.EntryID {
	ids := make([]ident.EntryID, len(list))
	for i := range list {
		ids[i] = list[i].From.ID
	}
	return ids
}
