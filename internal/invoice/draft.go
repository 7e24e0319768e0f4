package invoice

import (
	"errors"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/utbms"
)

// Draft is an approved pre-bill as it enters its invoice.
type Draft struct {
	ID      ident.PrebillID
	Payor   ident.PayorID
	Matter  matter.Matter
	From    Day
	To      Day
	Hash    string // what the partner approved
	People  []Timekeeper
	Lines   []Line // entry, dates, codes, text, quantity, rate, adjustment and original
	Prompt  prebill.Prompt
	Share   int              // which share of its bill it is of, from 1; 0 is the whole
	Part    *Part            // of the whole, nil of a whole
	Order   bool             // not issued without a purchase order that covers it
	Closing *prebill.Closing // of a contingent fee, nil for none
	OwnTax  bool             // of the share: the rate and note of Matter are the payor's, as agreed for the split
}

// fromApproved takes what the partner approved and nothing else.
func fromApproved(a prebill.Approved) Draft {
	d := Draft{ID: a.ID, Payor: a.PayorID, Matter: a.Matter, From: DayOf(a.FromOn), To: DayOf(a.UntilOn), Hash: a.ApprovedHash, Prompt: a.Prompt, Order: a.Order, Closing: a.Closing}
	known := map[string]bool{}
	for i := range a.Lines {
		l := &a.Lines[i]
		if l.Unseen {
			continue
		}
		if l.TKCode != "" && !known[l.TKCode] {
			known[l.TKCode] = true
			d.People = append(d.People, Timekeeper{Code: l.TKCode, Name: l.TKName, Class: l.TKClass})
		}
		d.Lines = append(d.Lines, fromApprovedLine(l))
	}
	for _, b := range a.Beside {
		d.Lines = append(d.Lines, fromBeside(b, a.Matter))
	}
	return d
}

// fromBeside is a price as one unit of it, units at the price of each, or an adjustment.
func fromBeside(b prebill.Beside, m matter.Matter) Line {
	l := Line{Kind: Adjustment, On: DayOf(b.On), Narrative: b.Text, AdjustMinor: b.Minor, AmountMinor: b.Minor, Reason: string(b.Reason)}
	if !b.Price {
		return l
	}
	l.Kind, l.QuantityE4, l.RateE4, l.ValueMinor, l.AdjustMinor = Price, oneUnit, money.Fixed4(b.Minor), b.Minor, 0
	for range 4 - m.Currency.Exponent() {
		l.RateE4 *= 10
	}
	if b.Quantity > 0 {
		l.QuantityE4, l.RateE4 = b.Quantity, b.Rate
	}
	if utbms.Usable(m.TaskSet, b.Code) {
		l.Task = utbms.Clean(b.Code)
	}
	return l
}

func fromApprovedLine(l *prebill.ApprovedLine) Line {
	out := Line{
		Entry: l.Entry, Merges: l.Merges, Kind: Fee, On: DayOf(l.On), Who: l.TKCode, Task: l.Task, Activity: l.Activity, ExpenseCode: l.Expense, Narrative: l.Narrative,
		QuantityE4: l.Quantity, RateE4: l.Rate, ValueMinor: l.Value, AdjustMinor: l.Amount - l.Value, AmountMinor: l.Amount, Reason: string(l.Reason),
	}
	if l.Kind == guideline.Expense {
		out.Kind = Expense
	}
	if c := l.Recorded.Converted; c.Is() && len(l.Merges) == 0 && l.Rate == l.Recorded.Rate {
		out.Converted = &Converted{c.From, c.Price, c.Rate, Day(c.On)}
	}
	if r := l.Recorded; l.Changed {
		out.Original = &Original{Narrative: r.Narrative, Task: r.Task, Activity: r.Activity, ExpenseCode: r.Expense,
			QuantityE4: r.Quantity, RateE4: r.Rate, AmountMinor: r.Amount}
	}
	return out
}

// NetMinor is what the draft bills before tax, as approved.
func (d *Draft) NetMinor() (int64, error) {
	amounts := make([]int64, len(d.Lines))
	for i, l := range d.Lines {
		amounts[i] = l.AmountMinor
	}
	return money.Sum(amounts...)
}

// frame is everything around the lines, read at issue.
type frame struct {
	firm   firm.Firm
	payor  payor
	portal *portal.Profile // nil for a payor that names none
	duty   duty            // what is charged
}

// payor is who receives the invoice, with the contact it goes to.
type payor struct {
	ID        ident.PayorID
	Name      string
	Address   string
	Country   string
	TaxID     string
	TermsDays int
	Delivery  matter.Delivery
	EBill     matter.EBill `gorm:"column:ebill"`
	Contact   string
}

// ready tells what is missing before an invoice of this firm can be printed. It is
// asked by the preview of a run and again at issue.
func (f *frame) ready(on, lastWork Day) error {
	switch {
	case f.firm.Bank.Account == "":
		return ErrBank
	case f.duty.due() && f.firm.TaxID == "":
		return ErrFirmTaxID
	case on < lastWork:
		return ErrBeforeWork.With("the invoice's date %s lies before the last day of work, %s", on.Long(), lastWork.Long())
	}
	return nil
}

// document makes the snapshot from an approved draft. Number and IDs are given by issue.
func (f *frame) document(d *Draft, on Day) (*Document, error) {
	m := d.Matter
	doc := &Document{
		Form: Form, Kind: KindInvoice, Series: string(firm.SeriesInvoice), IssuedOn: on, DueOn: on.Add(f.payor.TermsDays), From: d.From, To: d.To,
		Currency: m.Currency, Lang: "en", Sheet: sheetFor(f.firm.Country), Rounding: f.firm.Rounding, TaxBasis: TaxByLine,
		Firm:    Party{Name: f.firm.Name, Lines: lines(f.firm.Address), Country: f.firm.Country, TaxID: f.firm.TaxID},
		Bank:    bankOf(f.firm),
		Payor:   Party{Name: f.payor.Name, Lines: lines(f.payor.Address), Country: f.payor.Country, TaxID: f.payor.TaxID, Attn: f.payor.Contact},
		Client:  Client{Number: m.ClientNumber, Name: m.ClientName},
		Matter:  Matter{ID: m.ID, Number: m.Number, Name: m.Name, ClientRef: m.ClientMatter},
		TaxNote: f.duty.note, TaxKind: f.duty.kind, Levies: f.duty.levies, Prebill: d.ID, Approval: d.Hash, Part: d.Part, Closing: d.Closing, LawFirmID: f.lawFirmID(), People: d.People, Lines: slices.Clone(d.Lines),
	}
	if e := Format(f.payor.EBill); e.XML() {
		doc.EBillAs = e
	}
	if f.portal != nil {
		doc.For(*f.portal)
	}
	slices.SortFunc(doc.People, func(a, b Timekeeper) int { return strings.Compare(a.Code, b.Code) })
	slices.SortStableFunc(doc.Lines, order)
	for i := range doc.Lines {
		doc.Lines[i].No, doc.Lines[i].TaxE6 = i+1, f.duty.rate
	}
	if err := doc.Add(); err != nil {
		return nil, err
	}
	return doc, doc.promise(d.Prompt, f.duty.rate)
}

// order is fees, what stands beside them, and expenses, each by date; lines of one day
// keep their order.
func order(a, b Line) int {
	if a.Kind != b.Kind {
		return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
	}
	return strings.Compare(string(a.On), string(b.On))
}

func lines(address string) (out []string) {
	for line := range strings.Lines(address) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// lawFirmID is what the receivers know the firm by.
func (f *frame) lawFirmID() string {
	if f.firm.TaxID != "" && len(f.firm.TaxID) <= 20 {
		return f.firm.TaxID
	}
	return f.firm.Code
}

func sheetFor(country string) Sheet {
	switch country {
	case "US", "CA", "MX":
		return SheetLetter
	}
	return SheetA4
}

// bankOf names account and code as the country does.
func bankOf(f firm.Firm) Bank {
	b := Bank{Name: f.Bank.Name, Account: f.Bank.Account, AccountName: "Account", Code: f.Bank.Code, CodeName: "BIC"}
	switch {
	case f.Bank.IsIBAN():
		b.AccountName = "IBAN"
	case f.Country == "US":
		b.CodeName = "Routing number"
	case f.Country == "GB":
		b.CodeName = "Sort code"
	}
	return b
}

// frameFor loads what surrounds the lines of a draft.
func frameFor(tx *db.Tx, id ident.PayorID) (*frame, error) {
	f := &frame{}
	var err error
	if f.firm, err = firm.Get(tx); err != nil {
		return nil, err
	}
	if f.payor, err = loadPayor(tx, id); err != nil {
		return nil, err
	}
	f.portal, err = receiverOf(tx, id)
	return f, err
}

// receiverOf is the profile that a payor names, nil when it names none.
func receiverOf(tx *db.Tx, id ident.PayorID) (*portal.Profile, error) {
	p, err := portal.Of(tx, id)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &p, nil
}
