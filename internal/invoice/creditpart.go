package invoice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// creditDocument is the note that n asks for over a locked invoice; rest tells that nothing of
// the invoice is left after it. Its number comes later.
func creditDocument(tx *db.Tx, inv Invoice, n NewCredit, note CreditNote) (doc *Document, rest bool, err error) {
	original, err := stored(tx, inv.ID)
	if err != nil {
		return nil, false, err
	}
	notes, err := notesOf(tx, inv)
	if err != nil {
		return nil, false, err
	}
	doc = original.creditedBy(note)
	all := remains(original, notes)
	chosen, err := n.choose(all, inv)
	if err != nil {
		return nil, false, err
	}
	rest = gross(chosen) == inv.TotalMinor-inv.CreditedMinor
	if rest && len(notes) == 0 {
		return doc, true, nil
	}
	if rest { // of every line, also where lines below zero make up for others
		chosen = all
	}
	return doc, rest, doc.of(chosen)
}

func gross(parts []left) (sum int64) {
	for _, p := range parts {
		sum += p.gross()
	}
	return sum
}

// choose is what a credit takes back of each line, never more than is left of the line, of the
// invoice's tax, and of the invoice.
func (n NewCredit) choose(all []left, inv Invoice) (chosen []left, err error) {
	switch {
	case n.whole():
		return all, nil
	case n.AmountMinor > 0:
		chosen, err = n.spread(all, inv)
	default:
		chosen, err = n.named(all, inv.Currency)
	}
	if err != nil {
		return nil, err
	}
	var net, tax, netLeft, taxLeft int64
	for _, p := range chosen {
		net, tax = net+p.amount, tax+p.tax
	}
	for _, p := range all {
		netLeft, taxLeft = netLeft+p.amount, taxLeft+p.tax
	}
	if net > netLeft || tax > taxLeft {
		return nil, ErrCreditTooMuch.With("lines that take something off the bill leave less of it than this; credit less, or all that is left")
	}
	return chosen, nil
}

// named are the lines of a credit, each whole or in part.
func (n NewCredit) named(all []left, c money.Currency) (chosen []left, err error) {
	var fs fault.Fields
	for _, want := range n.Lines {
		at := CreditLineField(want.No)
		l, ok := lineLeft(&fs, all, want.No)
		switch {
		case !ok:
			continue
		case want.Minor > l.amount:
			fs = append(fs, fault.Field{Path: at, Code: "credit_too_much", Message: fmt.Sprintf("line %d has less than that left to credit", want.No),
				Fix: "Enter at most " + money.Amount{Minor: l.amount, Currency: c}.Text()})
			continue
		case want.Minor > 0:
			if l, err = l.net(want.Minor); err != nil {
				return nil, err
			}
		}
		chosen = append(chosen, l)
	}
	return chosen, fs.Err(ErrInput)
}

// lineLeft is what is left of a line that can be credited by itself.
func lineLeft(fs *fault.Fields, all []left, no int) (left, bool) {
	at := CreditLineField(no)
	switch {
	case no < 1 || no > len(all):
		fs.Add(at, "line_unknown", "the invoice has no line %d", no)
	case all[no-1].nothing():
		fs.Add(at, "line_credited", "nothing of line %d is left to credit; leave it out", no)
	case all[no-1].amount < 0 || all[no-1].gross() <= 0:
		fs.Add(at, "line_below_zero", "line %d takes something off the bill; it goes back only with all that is left of the invoice", no)
	default:
		return all[no-1], true
	}
	return left{}, false
}

// spread parts an amount over lines by what is left of each with its tax, the largest remainders
// first (DESIGN 2.4).
func (n NewCredit) spread(all []left, inv Invoice) (chosen []left, err error) {
	most := inv.TotalMinor - inv.CreditedMinor
	if n.AmountMinor == most && len(n.Lines) == 0 {
		return all, nil
	}
	var fs fault.Fields
	var over []left
	if len(n.Lines) == 0 {
		for _, l := range all {
			if l.amount >= 0 && l.gross() > 0 {
				over = append(over, l)
			}
		}
	}
	for _, want := range n.Lines {
		if l, ok := lineLeft(&fs, all, want.No); ok {
			over = append(over, l)
		}
	}
	if most = min(most, gross(over)); n.AmountMinor > most && len(fs) == 0 {
		fs = append(fs, fault.Field{Path: "amount", Code: "credit_too_much", Message: "this is more than is left of these lines to credit",
			Fix: "Enter at most " + money.Amount{Minor: most, Currency: inv.Currency}.Text()})
	}
	if err := fs.Err(ErrInput); err != nil {
		return nil, err
	}
	weights := make([]int64, len(over))
	for i, l := range over {
		weights[i] = l.gross()
	}
	shares, err := money.Split(n.AmountMinor, weights)
	if err != nil {
		return nil, err
	}
	for i, l := range over {
		if l, err = l.with(shares[i]); err != nil {
			return nil, err
		}
		chosen = append(chosen, l)
	}
	return chosen, nil
}

// notesOf are the credit notes of an invoice so far, the first first.
func notesOf(tx *db.Tx, inv Invoice) ([]*Document, error) {
	if inv.CreditedMinor == 0 {
		return nil, nil
	}
	var texts []string
	if err := tx.Raw(`SELECT document::text FROM credit_note WHERE firm_id = ? AND invoice_id = ? ORDER BY n`, tx.Scope.Firm, inv.ID).Scan(&texts).Error; err != nil {
		return nil, fmt.Errorf("load credit notes of invoice %s: %w", inv.ID, err)
	}
	notes := make([]*Document, len(texts))
	for i, text := range texts {
		var err error
		if notes[i], err = ReadDocument([]byte(text)); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// withheldLeft is what is withheld of what the notes of an invoice leave of it: it is of the
// totals before tax, and these are less by now.
func withheldLeft(tx *db.Tx, inv Invoice) (int64, error) {
	d, err := stored(tx, inv.ID)
	if err != nil {
		return 0, err
	}
	notes, err := notesOf(tx, inv)
	if err != nil {
		return 0, err
	}
	rest := Document{Levies: d.Levies, Rounding: d.Rounding, Totals: Totals{FeesMinor: d.Totals.FeesMinor, ExpensesMinor: d.Totals.ExpensesMinor}}
	for _, n := range notes {
		rest.Totals.FeesMinor -= n.Totals.FeesMinor
		rest.Totals.ExpensesMinor -= n.Totals.ExpensesMinor
	}
	if err := rest.withhold(); err != nil {
		return 0, err
	}
	return rest.Totals.WithheldMinor, nil
}

// insertCreditLines keeps what a note takes back of each line, in one statement as the database
// demands.
func insertCreditLines(tx *db.Tx, n CreditNote, d *Document) error {
	of := func(l *Line) int {
		if l.OfNo > 0 {
			return l.OfNo
		}
		return l.No
	}
	err := tx.Exec(`INSERT INTO credit_note_line (firm_id, credit_note_id, invoice_id, line_no, amount_minor, tax_minor)
		SELECT ?, ?, ?, l.no, l.amount, l.tax FROM unnest(?::int[], ?::bigint[], ?::bigint[]) AS l (no, amount, tax)`, tx.Scope.Firm, n.ID, n.Invoice,
		db.Array(column(d, of)), db.Array(column(d, func(l *Line) int64 { return l.AmountMinor })), db.Array(column(d, func(l *Line) int64 { return l.TaxMinor }))).Error
	if err != nil {
		return fmt.Errorf("insert lines of credit note %s: %w", n.Number, err)
	}
	return nil
}

// LeftOf is what is left to credit of a line of an invoice, before tax and with it.
type LeftOf struct {
	No         int
	NetMinor   int64
	GrossMinor int64
}

// Left lists what is left to credit of each line of an invoice. The caller has decided who sees it.
func Left(tx *db.Tx, inv Invoice) ([]LeftOf, error) {
	d, err := stored(tx, inv.ID)
	if err != nil {
		return nil, err
	}
	return leftOf(tx, inv, d)
}

func leftOf(tx *db.Tx, inv Invoice, d *Document) ([]LeftOf, error) {
	notes, err := notesOf(tx, inv)
	if err != nil {
		return nil, err
	}
	out := make([]LeftOf, len(d.Lines))
	for i, l := range remains(d, notes) {
		out[i] = LeftOf{i + 1, l.amount, l.gross()}
	}
	return out, nil
}

// With is the part of a line that comes to net before tax, with the tax that goes with it, as a
// credit note would have it.
func (l LeftOf) With(net int64) (int64, error) {
	p, err := left{amount: l.NetMinor, tax: l.GrossMinor - l.NetMinor}.net(net)
	return p.gross(), err
}
