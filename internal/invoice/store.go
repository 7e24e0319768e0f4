package invoice

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

const columnsOfInvoice = `i.id, i.prebill_id AS prebill, coalesce(i.run_id::text, '') AS run, i.matter_id AS matter, i.client_id AS client, i.payor_id AS payor, i.number, i.n AS place,
	i.issued_on, i.due_on, i.currency, i.net_minor, i.tax_minor, i.total_minor, i.credited_minor, i.paid_minor, i.allowed_minor, i.disputed_minor, i.open_minor, i.status, i.content_hash,
	coalesce(i.prompt_until::text, '') AS prompt_until, i.prompt_minor, i.prompt_tax_minor, i.withheld_minor, ` + WithheldOpen + ` AS withheld_open_minor,
	i.issued_at, i.sent_at, m.number AS matter_number, m.name AS matter_name, m.label, c.name AS client_name, p.name AS payor_name`

// WithheldOpen is SQL for what is withheld of the invoice of alias i and has no certificate
// yet; of one that is credited nothing is.
const WithheldOpen = `CASE WHEN i.withheld_minor = 0 OR i.status = 'credited' THEN 0 ELSE i.withheld_minor - (SELECT coalesce(sum(a.amount_minor), 0)::bigint
	FROM allocation a JOIN payment w ON w.firm_id = a.firm_id AND w.id = a.payment_id WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id AND w.method = 'withheld') END`

const tablesOfInvoice = ` FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
	JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id `

// find loads an invoice that the access may know of.
func find(tx *db.Tx, a *authz.Access, id ident.InvoiceID) (Invoice, error) {
	cond, args := a.Matters("m")
	return one(tx, `WHERE i.firm_id = ? AND i.id = ? AND `+cond, append([]any{tx.Scope.Firm, id}, args...)...)
}

// Within is an invoice that the access may know of, for nouns that come after this one.
func Within(tx *db.Tx, a *authz.Access, id ident.InvoiceID) (Invoice, error) { return find(tx, a, id) }

// Lock loads an invoice and keeps its row until the transaction ends. It decides
// nothing about who may see it.
func Lock(tx *db.Tx, id ident.InvoiceID) (Invoice, error) {
	return one(tx, `WHERE i.firm_id = ? AND i.id = ? FOR NO KEY UPDATE OF i`, tx.Scope.Firm, id)
}

func one(tx *db.Tx, where string, args ...any) (Invoice, error) {
	var found []Invoice
	if err := tx.Raw(`SELECT `+columnsOfInvoice+tablesOfInvoice+where, args...).Scan(&found).Error; err != nil {
		return Invoice{}, fmt.Errorf("load invoice: %w", err)
	}
	if len(found) != 1 {
		return Invoice{}, ErrNotFound
	}
	return found[0], nil
}

// SaveMoney stores the running columns of a locked invoice after Settle. The
// database checks them against payments and credit notes at commit.
func SaveMoney(tx *db.Tx, i *Invoice) error {
	i.Settle()
	res := tx.Exec(`UPDATE invoice SET credited_minor = ?, paid_minor = ?, allowed_minor = ?, withheld_minor = ?, open_minor = ?, status = ? WHERE firm_id = ? AND id = ?`,
		i.CreditedMinor, i.PaidMinor, i.AllowedMinor, i.WithheldMinor, i.OpenMinor, i.Status, tx.Scope.Firm, i.ID)
	if db.Violates(res.Error, "invoice_disputed_within") {
		return ErrDisputed
	}
	if db.Violates(res.Error, "withheld_within") {
		return ErrCreditWithheld
	}
	if res.Error != nil {
		return fmt.Errorf("save money of invoice %s: %w", i.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrNotFound
	}
	return nil
}

// SaveDisputed stores what of a locked invoice is in dispute. The database checks it against the
// disputes at commit; ErrDisputed where it would be more than is open.
func SaveDisputed(tx *db.Tx, i *Invoice) error {
	err := tx.Exec(`UPDATE invoice SET disputed_minor = ? WHERE firm_id = ? AND id = ?`, i.DisputedMinor, tx.Scope.Firm, i.ID).Error
	if db.Violates(err, "invoice_disputed_within") {
		return ErrDisputed
	}
	if err != nil {
		return fmt.Errorf("save what is disputed of invoice %s: %w", i.ID, err)
	}
	return nil
}

// insert writes the invoice and its lines.
func insert(tx *db.Tx, d *Document, run ident.RunID, draft *Draft, n int64) error {
	b, err := d.Canonical()
	if err != nil {
		return err
	}
	hash, err := d.Hash()
	if err != nil {
		return err
	}
	var share *int
	var whole *int64
	if d.Part != nil {
		share, whole = &draft.Share, &d.Part.WholeMinor
	}
	prompt := Prompt{}
	if d.Prompt != nil {
		prompt = *d.Prompt
	}
	err = tx.Exec(`INSERT INTO invoice (firm_id, id, prebill_id, run_id, matter_id, client_id, payor_id, series, n, number, issued_on, due_on, from_on, to_on,
			currency, net_minor, tax_minor, total_minor, open_minor, prompt_until, prompt_minor, prompt_tax_minor, content_hash, document, issued_by, issued_at, share, whole_minor, withheld_minor)
		VALUES (?, ?, ?, ?::uuid, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::date, ?, ?, ?, ?::jsonb, ?::uuid, ?, ?, ?, ?)`,
		tx.Scope.Firm, d.ID, d.Prebill, orNull(run), d.Matter.ID, draft.Matter.ClientID, draft.Payor, d.Series, n, d.Number, d.IssuedOn, d.DueOn, d.From, d.To,
		d.Currency, d.Totals.NetMinor, d.Totals.TaxMinor, d.Totals.TotalMinor, d.Totals.TotalMinor,
		orNull(prompt.Until), prompt.Minor, prompt.TaxMinor, hash, string(b), orNull(tx.Scope.Actor), tx.Now, share, whole, d.Totals.WithheldMinor).Error
	if err != nil {
		return fmt.Errorf("insert invoice %s: %w", d.Number, err)
	}
	return insertLines(tx, d)
}

// column gathers one column of all lines for a single statement.
func column[T any](d *Document, of func(*Line) T) []T {
	out := make([]T, len(d.Lines))
	for i := range d.Lines {
		out[i] = of(&d.Lines[i])
	}
	return out
}

// insertLines writes all lines in one statement, as the database demands.
func insertLines(tx *db.Tx, d *Document) error {
	unit := int64(1)
	for range 8 - d.Currency.Exponent() {
		unit *= 10
	}
	err := tx.Exec(`INSERT INTO invoice_line (firm_id, id, invoice_id, no, entry_id, kind, worked_on, timekeeper, task_code, activity_code, expense_code, narrative,
			quantity_e4, rate_e4, unit_e8, value_minor, adjust_minor, amount_minor, tax_rate_e6, tax_minor, currency, whole_no, whole_minor)
		SELECT ?, l.id, ?, l.no, l.entry, l.kind, l.on_, l.who, l.task, l.activity, l.expense, l.narrative, l.quantity, l.rate, ?, l.value, l.adjust, l.amount, l.tax_rate, l.tax, ?, l.whole_no, l.whole
		FROM unnest(?::uuid[], ?::int[], ?::uuid[], ?::text[], ?::date[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
			?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::int[], ?::bigint[])
			AS l (id, no, entry, kind, on_, who, task, activity, expense, narrative, quantity, rate, value, adjust, amount, tax_rate, tax, whole_no, whole)`,
		tx.Scope.Firm, d.ID, unit, d.Currency,
		db.Array(column(d, func(l *Line) ident.InvoiceLine { return l.ID })), db.Array(column(d, func(l *Line) int { return l.No })),
		db.Array(column(d, func(l *Line) *string { return orNull(l.Entry) })), db.Array(column(d, func(l *Line) LineKind { return l.Kind })),
		db.Array(column(d, func(l *Line) string { return string(l.On) })), db.Array(column(d, func(l *Line) string { return l.Who })),
		db.Array(column(d, func(l *Line) string { return l.Task })), db.Array(column(d, func(l *Line) string { return l.Activity })),
		db.Array(column(d, func(l *Line) string { return l.ExpenseCode })), db.Array(column(d, func(l *Line) string { return l.Narrative })),
		db.Array(column(d, func(l *Line) money.Fixed4 { return l.QuantityE4 })), db.Array(column(d, func(l *Line) money.Fixed4 { return l.RateE4 })),
		db.Array(column(d, func(l *Line) int64 { return l.ValueMinor })), db.Array(column(d, func(l *Line) int64 { return l.AdjustMinor })),
		db.Array(column(d, func(l *Line) int64 { return l.AmountMinor })), db.Array(column(d, func(l *Line) money.Fraction { return l.TaxE6 })),
		db.Array(column(d, func(l *Line) int64 { return l.TaxMinor })),
		db.Array(column(d, func(l *Line) *int { return ofWhole(l, l.WholeNo) })), db.Array(column(d, func(l *Line) *int64 { return ofWhole(l, l.WholeMinor) }))).Error
	if err != nil {
		return fmt.Errorf("insert lines of invoice %s: %w", d.Number, err)
	}
	return nil
}

// ofWhole is what a share says of its line of the whole bill, nil of a line that is whole.
func ofWhole[T any](l *Line, v T) *T {
	if l.WholeNo == 0 {
		return nil
	}
	return &v
}

// Stored is the text of an invoice, for nouns that come after this one and have decided who
// sees it.
func Stored(tx *db.Tx, id ident.InvoiceID) (*Document, error) { return stored(tx, id) }

// stored loads the document of an invoice and refuses one that is not what its
// hash says.
func stored(tx *db.Tx, id ident.InvoiceID) (*Document, error) {
	var b []byte
	var hash string
	err := tx.Raw(`SELECT document::text, content_hash FROM invoice WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&b, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("load document of invoice %s: %w", id, err)
	}
	d, err := ReadDocument(b)
	if err != nil {
		return nil, err
	}
	if got, err := d.Hash(); err != nil || got != hash {
		return nil, ErrSealed
	}
	return d, nil
}

func loadPayor(tx *db.Tx, id ident.PayorID) (p payor, err error) {
	var found []payor
	err = tx.Raw(`SELECT p.id, p.name, p.address, p.country, p.tax_id, p.terms_days, p.delivery, p.ebill,
			coalesce((SELECT k.name FROM payor_contact k WHERE k.firm_id = p.firm_id AND k.payor_id = p.id AND k.status = 'active' ORDER BY k.created_at, k.id LIMIT 1), '') AS contact
		FROM payor p WHERE p.firm_id = ? AND p.id = ?`, tx.Scope.Firm, id).Scan(&found).Error
	if err != nil {
		return p, fmt.Errorf("load payor %s: %w", id, err)
	}
	if len(found) == 0 {
		return p, ErrNotFound
	}
	return found[0], nil
}

// codeOf is the code of the fault in err, "" when there is none.
func codeOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
