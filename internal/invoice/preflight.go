package invoice

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/rbac"
)

// ErrNoReceiver is told where a payor is served through nobody's system.
var ErrNoReceiver = fault.New(fault.Conflict, "payor_portal_missing", "the payor of this invoice names no receiver of e-bills; choose one on the payor's page")

// Preflight is what the receiver would answer, before it is asked.
type Preflight struct {
	Receiver portal.Profile
	Format   Format
	Findings []portal.Finding // by line; none is a good sign and no promise
}

// Preflight judges an issued invoice as its payor's receiver would today. It needs sight of
// the text. ErrNoReceiver for a payor that names none.
func (s *Service) Preflight(ctx context.Context, id ident.InvoiceID) (out Preflight, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceRead)
		if err != nil {
			return err
		}
		if err := readable(tx, access, id); err != nil {
			return err
		}
		inv, err := find(tx, access, id)
		if err != nil {
			return err
		}
		doc, p, err := ForReceiver(tx, inv)
		if err != nil {
			return err
		}
		day, err := Today(tx)
		out = Preflight{p, doc.EBill(), doc.Preflight(day)}
		return err
	})
	return out, err
}

// ForReceiver is an invoice's snapshot, shaped as its payor's receiver wants it today. It
// decides nothing about who asks.
func ForReceiver(tx *db.Tx, inv Invoice) (*Document, portal.Profile, error) {
	p, err := portal.Of(tx, inv.Payor)
	if errors.Is(err, portal.ErrNotFound) {
		return nil, p, ErrNoReceiver
	}
	if err != nil {
		return nil, p, err
	}
	doc, err := stored(tx, inv.ID)
	if err != nil {
		return nil, p, err
	}
	doc.For(p)
	m, err := matter.Get(tx, inv.Matter)
	if err != nil {
		return nil, p, err
	}
	if doc.own, err = code.OfClient(tx, m.ClientID); err != nil {
		return nil, p, err
	}
	doc.numbered, err = numberFindings(tx, doc, m, inv.Payor, p)
	return doc, p, err
}

// numberFindings is rule INV-04: the number, as the receiver reads it, names another invoice
// that was sent there already. Letters and digits alone tell "26-1/23" from "26-12/3" no more.
func numberFindings(tx *db.Tx, d *Document, m matter.Matter, payor ident.PayorID, p portal.Profile) ([]portal.Finding, error) {
	var others []string
	err := tx.Raw(`SELECT i.number FROM invoice i WHERE i.firm_id = ? AND i.id <> ?
			AND EXISTS (SELECT FROM submission s WHERE s.firm_id = i.firm_id AND s.invoice_id = i.id AND s.portal_id = ?)
			AND i.number_plain = regexp_replace(?, '[^A-Za-z0-9]', '', 'g')`, tx.Scope.Firm, d.ID, p.ID, d.Number).Scan(&others).Error
	if err != nil {
		return nil, fmt.Errorf("look for the number of invoice %s: %w", d.ID, err)
	}
	used := slices.ContainsFunc(others, func(n string) bool { return p.Number(n, 1) == p.Number(d.Number, 1) })
	if !used {
		return nil, nil
	}
	day, err := Today(tx)
	if err != nil {
		return nil, err
	}
	guides, err := guideline.InForce(tx, day.Time())
	if err != nil {
		return nil, err
	}
	policy, err := guides.For(payor, m.ID, m.ClientID)
	if err != nil {
		return nil, err
	}
	bill := guideline.NewBill(guideline.Bill{Currency: d.Currency, Number: p.Number(d.Number, 1), NumberUsed: true, ChargeMinor: d.Totals.TotalMinor})
	var list []portal.Finding
	for _, f := range guideline.CheckBill(guideline.Context{Stage: guideline.EFile, Policy: policy, Known: guideline.AtSending, Bill: bill}) {
		if f.Rule == "INV-04" {
			s := portal.Warn
			if f.Severity == guideline.Block {
				s = portal.Block
			}
			list = append(list, portal.Finding{Code: "DUP-01", Severity: s, Field: "INVOICE_NUMBER", Message: f.Message, Fix: f.Fix})
		}
	}
	return list, nil
}

// ForReceiver writes the document as its receiver reads it.
func (d *Document) ForReceiver() (EFile, error) { return d.EFile(d.profile()) }

// Preflight is everything that the document's receiver would refuse or remark on, were it
// sent on a day: each with its line, its field and what to do. The document has a receiver.
func (d *Document) Preflight(on Day) []portal.Finding {
	r := d.Receiver
	var list []portal.Finding
	tell := func(code string, s portal.Severity, line int, field, fix, message string, args ...any) {
		list = append(list, portal.Finding{Code: code, Severity: s, Line: line, Field: field, Message: fmt.Sprintf(message, args...), Fix: fix})
	}
	for i := range d.Lines {
		l := &d.Lines[i]
		if n := r.TooLong(d.spelt(l.Narrative)); n > 0 {
			tell("FLD-07", portal.Block, l.No, "LINE_ITEM_DESCRIPTION", "shorten the narrative", "the narrative has %d characters more than the %d that %s takes", n, r.NarrativeLimit, r.Name)
		}
		if !r.Takes(l.Task) {
			tell("COD-01", portal.Block, l.No, "LINE_ITEM_TASK_CODE", "use a code of a set that it reads, or blank it", "%s is of a set that %s does not read", l.Task, r.Name)
		}
	}
	if r.Format == portal.Format1998B && d.Totals.TaxMinor != 0 {
		tell("TAX-01", portal.Block, 0, "LINE_ITEM_TOTAL", "choose LEDES 98BI V2 or XML for this receiver", "%s reads LEDES 1998B, which has no tax", r.Name)
	}
	if late := int(on.Time().Sub(d.To.Time()).Hours()/24) - r.LateDays; r.LateDays > 0 && late > 0 {
		tell("GUI-03", portal.Warn, 0, "BILLING_END_DATE", "expect a cut, or ask the client before sending", "the billed period ended %d days ago; %s wants bills within %d", late+r.LateDays, r.Name, r.LateDays)
	}
	list = append(append(list, d.numbered...), d.written()...)
	slices.SortStableFunc(list, func(a, b portal.Finding) int { return cmp.Compare(a.Line, b.Line) })
	return slices.CompactFunc(list, func(a, b portal.Finding) bool { return a.Code == b.Code && a.Line == b.Line && a.Field == b.Field })
}

// spelt is a text as the e-bill has it.
func (d *Document) spelt(text string) string {
	if d.EBill().XML() {
		return text
	}
	ascii, _ := ledes.ASCII(text)
	return ascii
}

// written is what the writer refuses, and what a reader of the written file remarks. How
// long a narrative may be is judged beside it: it shall not hide the rest.
func (d *Document) written() (list []portal.Finding) {
	profile := d.profile()
	profile.NarrativeLimit = 0
	e, err := d.EFile(profile)
	var bad *fault.Error
	switch {
	case errors.As(err, &bad) && len(bad.Fields) > 0:
		for _, x := range bad.Fields {
			list = append(list, portal.Finding{Code: receiversCode(x.Code), Severity: portal.Block, Line: d.noAt(x.Line), Field: x.Path, Message: x.Message, Fix: x.Fix})
		}
		return list
	case err != nil:
		return []portal.Finding{{Code: "FIL-01", Severity: portal.Block, Message: messageOf(err), Fix: "correct what it names, then look again"}}
	}
	_, err = ledes.Scan(bytes.NewReader(e.Bytes), ledes.Options{Currency: d.Currency, Own: d.own.Stands}, ledes.Handler{Finding: func(f ledes.Finding) {
		if d.takes(f) {
			return
		}
		s := portal.Warn
		if f.Severity == ledes.Error || f.Code == ledes.ARI01 {
			s = portal.Block
		}
		list = append(list, portal.Finding{Code: string(f.Code), Severity: s, Line: d.noAt(f.Line), Field: f.Field, Message: f.Message, Fix: f.Fix})
	}})
	if err != nil {
		return []portal.Finding{{Code: "FIL-01", Severity: portal.Block, Message: "the file cannot be read back", Fix: "tell whoever runs Docketry"}}
	}
	return list
}

// takes tells what the receiver is known to take although the plain format has it otherwise.
func (d *Document) takes(f ledes.Finding) bool {
	switch f.Code {
	case ledes.FLD05:
		return d.Receiver.Country == portal.CountryAlpha2
	case ledes.COD01:
		return d.Receiver.ExpenseTask && f.Field == "LINE_ITEM_TASK_CODE"
	case ledes.ARI01:
		return f.Severity == ledes.Warning && d.Receiver.ToleranceMinor > 0 // a total that is rounded, and no more
	default:
		return false
	}
}

// noAt is the number of the invoice's line on a line of the file, 0 for what is around them.
func (d *Document) noAt(line int) int {
	if no := d.lineAt(line); no >= 1 && no <= len(d.Lines) {
		return no
	}
	return 0
}

// receiversCode is a receiver's word for a refusal of our writer.
func receiversCode(code string) string {
	switch code {
	case "ledes_text_too_long":
		return "FLD-04"
	case "ledes_tax_unwritable", "ledes_taxes_several":
		return "TAX-01"
	case "ledes_code_unwritable":
		return "COD-01"
	}
	if strings.HasPrefix(code, "ledes_") {
		return "FIL-01"
	}
	return code
}
