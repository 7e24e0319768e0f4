// Package reprice gives recorded work the rates of today: a run is previewed, and then
// exactly what was previewed is carried out (LEGAL-BILLING 8). It owns the runs and what
// each changes or leaves. It does not own prices (capture keeps each that an entry has
// had), rates (package rate), nor the lines of drafts (package prebill).
//
// What is on a bill with the partner, approved or invoiced keeps its price. So does a rate
// that was given with the entry, unless the run asks for those too.
package reprice

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// MaxEntries is how many entries one run looks at; a wider choice is refused.
const MaxEntries = 5_000

// MaxChosen is how many matters, or timekeepers, are chosen by name.
const MaxChosen = 200

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrWide     = fault.New(fault.Invalid, "repricing_wide", "this is more than one run looks at")
	ErrMoved    = fault.New(fault.Conflict, "repricing_moved", "something changed since the preview; preview again")
	ErrOther    = fault.New(fault.Stale, "repricing_other", "this is not what you previewed; look at the preview again")
	ErrNothing  = fault.New(fault.Conflict, "repricing_nothing", "this run changes nothing")
)

// Selection is which work a run looks at: one client's or some matters', of some
// timekeepers or all, worked within days.
type Selection struct {
	Client      ident.ClientID       `json:"client,omitempty"`
	Matters     []ident.MatterID     `json:"matters,omitempty"`
	Timekeepers []ident.TimekeeperID `json:"timekeepers,omitempty"` // none is everybody
	From        string               `json:"from,omitempty"`        // first and last work date, both included; "" is open
	Until       string               `json:"until,omitempty"`
	Given       bool                 `json:"given,omitempty"` // rates that were given with the entry too
}

// Validate names every field that needs correcting.
func (s Selection) Validate() error {
	var fs fault.Fields
	switch {
	case s.Client == "" && len(s.Matters) == 0:
		fs.Add("matter_ids", "selection_missing", "choose matters or a client")
	case s.Client != "" && len(s.Matters) > 0:
		fs.Add("client_id", "selection_both", "choose matters or a client, not both")
	}
	if len(s.Matters) > MaxChosen {
		fs.Add("matter_ids", "selection_long", "choose at most %d matters; take more by their client", MaxChosen)
	}
	if len(s.Timekeepers) > MaxChosen {
		fs.Add("timekeeper_ids", "selection_long", "choose at most %d timekeepers, or none for everybody", MaxChosen)
	}
	from, until := s.day(&fs, "from", s.From), s.day(&fs, "until", s.Until)
	if !from.IsZero() && !until.IsZero() && until.Before(from) {
		fs.Add("until", "dates_order", "the last day is before the first")
	}
	return fs.Err(ErrInvalid)
}

func (s Selection) day(fs *fault.Fields, field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		fs.Add(field, "date_form", "enter a day such as 2026-02-28")
	}
	return d
}

// Why an entry is left although the register would give it another rate.
type Why string

// The reasons; stored, never rename.
const (
	Changed     Why = "" // it is not left
	WithPartner Why = "with_partner"
	Given       Why = "given"
	NoRate      Why = "no_rate"
	Shaped      Why = "shaped"
	OtherMoney  Why = "currency"
	NoExchange  Why = "no_exchange"
)

// Whys lists them, changed first.
func Whys() []Why { return []Why{Changed, WithPartner, Given, NoRate, NoExchange, Shaped, OtherMoney} }

// Words say it in a list.
func (w Why) Words() string {
	switch w {
	case WithPartner:
		return "on a pre-bill with the partner"
	case Given:
		return "its rate was given with the entry"
	case NoRate:
		return "the register has no rate for it"
	case NoExchange:
		return "there is no exchange rate for its day"
	case Shaped:
		return "its line is split or merged on the draft; undo that first"
	case OtherMoney:
		return "its changes, or the draft it is on, are in the former currency"
	default:
		return "repriced"
	}
}

// Status of a run.
type Status string

// A run is previewed, and then done or never.
const (
	Previewed Status = "previewed"
	Done      Status = "done"
)

// Run is a repricing run.
type Run struct {
	ID ident.Repricing
	Selection
	Status   Status
	Hash     string // of what it changes and leaves
	Examined int
	Card     int64 // version of the register
	Reason   string
	By       ident.PersonID
	ByName   string
	At       time.Time
	DoneAt   *time.Time
}

// Line is one entry that a run changes, or leaves for a reason.
type Line struct {
	Seq        int
	Entry      ident.EntryID
	Version    int // of the entry
	Matter     ident.MatterID
	Timekeeper ident.TimekeeperID
	On         time.Time
	Hours      money.Fixed4
	Bill       ident.PrebillID // the pre-bill that it is on, "" for none
	BillNumber int64
	Why        Why
	Before     capture.Price
	After      capture.Price // the zero value where the register has no rate
	Billed                   // of one that is changed
}

// Billed is what a changed entry comes to with all that people changed of it, and its line
// on the draft with that of the line: no part of it while it is on hold. Arrangements and
// cuts of the whole bill are not of it.
type Billed struct {
	Was       int64        // in the currency of the price before
	Will      int64        // in that of the price after
	Amendment ident.EditID // the newest change of the entry that stands, "" for none
	Edit      ident.EditID // that of its line on the draft
}

// Sum is what lines of one currency come to before and after.
type Sum struct {
	Currency money.Currency
	Lines    int64
	Before   int64
	After    int64
}

// found is an entry that a run looks at, with what decides on it.
type found struct {
	entry      *capture.Entry
	question   rate.Question
	bill       ident.PrebillID
	billNumber int64
	inReview   bool
	shaped     bool
}

// judge says what a run makes of an entry; ok is false where its rate is the one of today.
func (f *found) judge(card *rate.Card, rounding money.Rounding, given bool) (l Line, ok bool, err error) {
	e := f.entry
	l = Line{Entry: e.ID, Version: e.Version, Matter: e.MatterID, Timekeeper: e.TimekeeperID, On: e.WorkedOn, Hours: e.Hours, Bill: f.bill, BillNumber: f.billNumber, Before: e.Price()}
	a, err := card.Resolve(f.question)
	if rate.Unpriced(err) {
		if l.Why = NoRate; rate.Unconverted(err) {
			l.Why = NoExchange
		}
		if l.Before.Given() && !given {
			return l, false, nil // it never was of the register
		}
		return l, true, nil
	}
	if err != nil {
		return l, false, err
	}
	if a.Rate == e.Rate && f.question.Currency == e.Currency && (!l.Before.Given() || !given) {
		return l, false, nil
	}
	l.After = capture.Price{Rate: a.Rate, Standard: a.Standard, Source: a.Source, Level: a.Level, RateID: a.ID, Card: a.Version, Currency: f.question.Currency, Converted: a.Conversion}
	if l.After.Minor, err = money.Line(e.Hours, a.Rate, f.question.Currency, rounding); err != nil {
		return l, false, fmt.Errorf("price entry %s: %w", e.ID, err)
	}
	switch {
	case f.inReview:
		l.Why = WithPartner
	case l.Before.Given() && !given:
		l.Why = Given
	case f.shaped:
		l.Why = Shaped
	case l.After.Currency != l.Before.Currency && (f.bill != "" || e.Edits.Last() != nil):
		l.Why = OtherMoney
	}
	return l, true, nil
}

// hashOf is the SHA-256 of what a run changes and leaves. The version of the register, and that of
// the tables of exchange rates, is not of it: what changed elsewhere in it changes nothing here.
func hashOf(lines []Line) (string, error) {
	kept := make([]Line, len(lines))
	for i, l := range lines {
		l.Seq, l.BillNumber, l.On, l.After.Card, l.After.Converted.Version = 0, 0, l.On.UTC(), 0, 0
		kept[i] = l
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("hash lines of a run: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// named is how many differences are told one by one.
const named = 50

// moved tells what is different now from what was previewed, entry by entry. Of what is
// not there any more, or not for the actor, nothing is said but that.
func moved(was, now []Line) *fault.Error {
	before := make(map[ident.EntryID]*Line, len(was))
	for i := range was {
		before[was[i].Entry] = &was[i]
	}
	var fields []fault.Field
	add := func(id ident.EntryID, code, format string, args ...any) {
		fields = append(fields, fault.Field{Path: string(id), Code: code, Message: fmt.Sprintf(format, args...)})
	}
	for i := range now {
		l := &now[i]
		w, known := before[l.Entry]
		delete(before, l.Entry)
		switch {
		case !known:
			add(l.Entry, "entry_new", "the work of %s was not in the preview: %s", l.On.Format(time.DateOnly), l.words())
		case w.words() != l.words():
			add(l.Entry, "entry_moved", "the work of %s was previewed as %s, and is %s by now", l.On.Format(time.DateOnly), w.words(), l.words())
		case w.Version != l.Version || w.Bill != l.Bill:
			add(l.Entry, "entry_moved", "the work of %s was changed, or put on a bill or taken off it, since", l.On.Format(time.DateOnly))
		case w.Before != l.Before:
			add(l.Entry, "entry_moved", "the work of %s has another price by now", l.On.Format(time.DateOnly))
		case w.Billed != l.Billed:
			add(l.Entry, "entry_moved", "the work of %s was previewed to bill %s, and would bill %s: what people changed of it is different by now", l.On.Format(time.DateOnly), w.will(), l.will())
		}
	}
	for i := range was { // in their order
		if w := &was[i]; before[w.Entry] != nil {
			add(w.Entry, "entry_gone", "this entry is not among what the run is about any more")
		}
	}
	n := len(fields)
	more := ""
	if n > named {
		fields, more = fields[:named], fmt.Sprintf("; the first %d are named", named)
	}
	verb := "entries are"
	if n == 1 {
		verb = "entry is"
	}
	return ErrMoved.With("%d %s not as they were previewed%s; preview again and decide on that", n, verb, more).On(fields...)
}

// words are what a run makes of a line, for a difference.
func (l *Line) words() string {
	if l.Why != Changed {
		return "left, " + l.Why.Words()
	}
	return l.Before.Rate.Text(2) + " " + string(l.Before.Currency) + " to " + l.After.Rate.Text(2) + " " + string(l.After.Currency) + " by " + l.After.Source + exchanged(l.After)
}

// exchanged says how a rate was converted, for a difference.
func exchanged(p capture.Price) string {
	if !p.Converted.Is() {
		return ""
	}
	return ", " + p.Converted.Price.Text(2) + " " + string(p.Converted.From) + " at " + p.Converted.Rate.String() + " of " + p.Converted.On
}

func (l *Line) will() string {
	return money.Amount{Minor: l.Will, Currency: l.After.Currency}.Text() + " " + string(l.After.Currency)
}

// because refuses a reason that says nothing.
func because(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	var fs fault.Fields
	if n := len([]rune(reason)); n < 3 || n > 500 || !amend.Printable(reason) {
		fs.Add("reason", "reason_missing", "say in 3 to 500 characters why the work is repriced")
	}
	return reason, fs.Err(ErrInvalid)
}
