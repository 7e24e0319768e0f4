package invoice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// IssueItem turns one item of a run into an invoice, or into one for each payor of a bill
// that is split: number, snapshot, files, ledger, audit leaf and the wish to deliver of each,
// all in one transaction that also ends the job, so that a worker killed anywhere leaves neither a gap nor a double (F02).
// A fault that another try cannot change is kept on the item with who must act, and
// ends the job too; an outage is returned, and the job comes back.
func (s *Service) IssueItem(ctx context.Context, job outbox.Job, a InvoiceWanted) error {
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		item, err := lockItem(tx, a.Item)
		if err != nil {
			return err
		}
		if item.Status == ItemWaiting {
			if item.Invoice, err = s.issueItem(tx, &item); err != nil {
				return err
			}
		}
		return outbox.Done(tx, job, map[string]string{"invoice_id": string(item.Invoice)})
	})
	switch {
	case err == nil, errors.Is(err, outbox.ErrDone):
		return nil
	case passing(err):
		return err
	}
	return s.failItem(ctx, job, a.Item, err)
}

// passing tells whether the same try may succeed later: the database was away, the
// worker is stopping, another attempt has the job, or two transactions collided.
func passing(err error) bool {
	switch db.Code(err) {
	case "40001", "40P01", "55P03", "57014":
		return true
	}
	return errors.Is(err, outbox.ErrFenced) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		fault.KindOf(err) == fault.Unavailable
}

func (s *Service) issueItem(tx *db.Tx, item *Item) (ident.InvoiceID, error) {
	if err := s.mayIssue(tx, item.Matter); err != nil {
		return "", err
	}
	run, err := runOf(tx, item.Run)
	if err != nil {
		return "", err
	}
	if item.InvoiceOn != "" {
		run.On = item.InvoiceOn // dated anew after it failed
	}
	approved, err := prebill.TakeApproved(tx, item.Prebill)
	if errors.Is(err, prebill.ErrStatus) || prebill.Voided(err) {
		return "", endItem(tx, item, ItemWithdrawn, "", err)
	}
	if err != nil {
		return "", err
	}
	drafts, err := parts(approved)
	if err != nil {
		return "", err
	}
	if net, err := netOf(drafts); err != nil || net != item.PlannedMinor {
		return "", ErrControl.With("the run planned %d, the pre-bill now says %d", item.PlannedMinor, net)
	}
	var first ident.InvoiceID
	for i := range drafts {
		id, err := s.issue(tx, &drafts[i], run)
		if err != nil {
			return "", err
		}
		if i == 0 {
			first = id
		}
	}
	return first, endItem(tx, item, ItemIssued, first, nil)
}

// netOf is what drafts bill before tax, all together.
func netOf(drafts []Draft) (sum int64, err error) {
	for i := range drafts {
		net, err := drafts[i].NetMinor()
		if err != nil {
			return 0, err
		}
		if sum, err = money.Sum(sum, net); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// issue makes the invoice of an approved draft.
func (s *Service) issue(tx *db.Tx, draft *Draft, run Run) (ident.InvoiceID, error) {
	f, err := frameFor(tx, draft.Payor)
	if err != nil {
		return "", err
	}
	if f.duty, err = dutyOf(tx, draft, f.payor, run.On); err != nil {
		return "", err
	}
	if err := f.ready(run.On, draft.To); err != nil {
		return "", err
	}
	doc, err := f.document(draft, run.On)
	if err != nil {
		return "", err
	}
	order, err := orderFor(tx, draft, doc)
	if err != nil {
		return "", err
	}
	if err := doc.Fits(); err != nil {
		return "", err
	}
	doc.ID = ident.New[ident.InvoiceID](tx.Now)
	for i := range doc.Lines {
		doc.Lines[i].ID = ident.New[ident.InvoiceLine](tx.Now)
	}
	// The number comes last of what can fail for a while: its row is what all issues of the firm wait for.
	var n int64
	if doc.Number, n, err = firm.TakeNumber(tx, firm.SeriesInvoice, run.On.Time()); err != nil {
		return "", err
	}
	files, err := s.files(doc)
	if err != nil {
		return "", err
	}
	if err := insert(tx, doc, run.ID, draft, n); err != nil {
		return "", err
	}
	if order != nil {
		if err := purchase.DrawOn(tx, order, doc.ID, doc.Totals.NetMinor); err != nil {
			return "", err
		}
	}
	if err := s.keep(tx, files, string(doc.ID), ""); err != nil {
		return "", err
	}
	if err := Post(tx, issueJournal(doc, draft, today(tx, f.firm))); err != nil {
		return "", err
	}
	return doc.ID, s.announce(tx, doc)
}

// orderFor puts the purchase order that covers an invoice on it, nil where none does. A payor
// that wants one on each invoice gets none without.
func orderFor(tx *db.Tx, draft *Draft, doc *Document) (*purchase.Order, error) {
	o, err := purchase.Reserve(tx, draft.Payor, draft.Matter.ID, doc.Currency, doc.IssuedOn.Time(), doc.Totals.NetMinor)
	switch {
	case err != nil:
		return nil, err
	case o != nil:
		doc.PO = o.Number
	case draft.Order:
		return nil, purchase.ErrUsedUp.With("%s wants a purchase order on each invoice, and none that is open on %s covers this one; enter what the client gave, and try again", doc.Payor.Name, doc.IssuedOn.Long())
	}
	return o, nil
}

// announce leaves what must be known of a new invoice: leaf, work item, delivery.
func (s *Service) announce(tx *db.Tx, doc *Document) error {
	hash, err := doc.Hash()
	if err != nil {
		return err
	}
	err = audit.Record(tx, audit.Entry{
		Action: "invoice.issued", Object: "invoice", ID: string(doc.ID), Matter: doc.Matter.ID, Class: audit.C3, Permission: string(rbac.InvoiceIssue),
		After: doc, Detail: map[string]any{"number": doc.Number, "content_hash": hash, "approved_hash": doc.Approval},
	})
	if err != nil {
		return err
	}
	if err := worklist.Finish(tx, "prebill", string(doc.Prebill)); err != nil {
		return err
	}
	_, err = outbox.Add(tx, DeliveryWanted{Invoice: doc.ID}, outbox.Key(string(doc.ID)), outbox.Queue("mail"), outbox.ForMachine())
	return err
}

// file is a rendered file before it is stored.
type file struct {
	format Format
	bytes  []byte
	notes  int
}

// unsayable is of a file that cannot be made for one reason alone: XML states no tax of a line
// but its rate, and the last units of a line that went back in parts are not that. Such a note
// has its paper.
func unsayable(err error) bool {
	var f *fault.Error
	if !errors.Is(err, ledes.ErrWrite) || !errors.As(err, &f) {
		return false
	}
	return len(f.Fields) > 0 && !slices.ContainsFunc(f.Fields, func(x fault.Field) bool { return x.Code != "ledes_tax_unwritable" })
}

// files are all encodings of the document, made from the one snapshot.
func (s *Service) files(doc *Document) ([]file, error) {
	paper, err := s.paper.Render(doc)
	if err != nil {
		return nil, err
	}
	files := []file{{FormatPDF, paper, 0}}
	if doc.Closing != nil {
		statement, err := s.paper.RenderClosing(doc)
		if err != nil {
			return nil, err
		}
		files = append(files, file{FormatClosing, statement, 0})
	}
	if doc.EBill() == "" {
		return files, nil
	}
	e, err := doc.EFile(doc.profile())
	if doc.partial() && unsayable(err) {
		return files, nil
	}
	if err != nil {
		return nil, fmt.Errorf("LEDES file of %s: %w", doc.Number, err)
	}
	return append(files, file{e.Format, e.Bytes, len(e.Changes)}), nil
}

func issueJournal(d *Document, draft *Draft, on Day) Journal {
	return Journal{
		Event: EventInvoice, On: on, Currency: d.Currency, Client: draft.Matter.ClientID, Payor: draft.Payor, Invoice: d.ID,
		Amounts: []Posting{{AccountReceivable, d.Totals.TotalMinor}, {AccountFees, -d.Totals.FeesMinor},
			{AccountExpenses, -d.Totals.ExpensesMinor}, {AccountTax, -d.Totals.TaxMinor}},
	}
}

// Today is the local day of the transaction's firm, for nouns that come after this one.
func Today(tx *db.Tx) (Day, error) { return On(tx, tx.Now) }

// On is the day of an instant at the transaction's firm.
func On(tx *db.Tx, at time.Time) (Day, error) {
	f, err := firm.Get(tx)
	if err != nil {
		return "", err
	}
	return dayAt(f, at), nil
}

// today is the local day of the transaction at the firm.
func today(tx *db.Tx, f firm.Firm) Day { return dayAt(f, tx.Now) }

// dayAt is the local day of an instant.
func dayAt(f firm.Firm, at time.Time) Day { return DayOf(firm.DayIn(f.TZ, at)) }

// failItem keeps why an item failed. A fault ends the job; anything else is ours and
// is returned too, so that it is logged once: the job comes back, finds the item
// ended and is done.
func (s *Service) failItem(ctx context.Context, job outbox.Job, id ident.RunItemID, cause error) error {
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		item, err := lockItem(tx, id)
		if err != nil {
			return err
		}
		if err := s.markFailed(tx, &item, cause); err != nil {
			return err
		}
		if codeOf(cause) == "" {
			return nil
		}
		return outbox.Done(tx, job, map[string]string{"failed": causeOf(cause)})
	})
	switch {
	case errors.Is(err, outbox.ErrDone):
		return nil
	case err != nil:
		return errors.Join(err, cause)
	case codeOf(cause) == "":
		return cause
	}
	return nil
}

func (s *Service) markFailed(tx *db.Tx, item *Item, cause error) error {
	if item.Status != ItemWaiting {
		return nil
	}
	if err := endItem(tx, item, ItemFailed, "", cause); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{
		Action: "run.item_failed", Object: "run_item", ID: string(item.ID), Matter: item.Matter, Class: audit.C1,
		Permission: string(rbac.InvoiceIssue), Detail: map[string]string{"cause": causeOf(cause)}, Result: "failed",
	})
}

// causeOf is the code that failures are grouped by.
func causeOf(err error) string {
	if c := codeOf(err); c != "" {
		return c
	}
	return "internal"
}

// messageOf is the cause in words, with the fields at fault. Internals stay out of it.
func messageOf(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "something failed on our side; an operator is looking at it"
	}
	m := f.Message
	for _, x := range f.Fields {
		m += "; " + x.Path + ": " + x.Message
	}
	if r := []rune(m); len(r) > 480 {
		m = string(r[:480]) + " ..."
	}
	return m
}
