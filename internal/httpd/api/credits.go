package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// creditBody is what is to be taken back of an invoice.
type creditBody struct {
	Reason   string       `json:"reason" maxLength:"300" doc:"printed on the credit note"`
	Rebill   bool         `json:"rebill,omitempty" doc:"the entries go back to work in progress; the next pre-bill starts from what the credited one said. Only where all that is left is taken back. Of a bill that payors share all invoices that stand are credited with it"`
	Lines    []creditLine `json:"lines,omitempty" maxItems:"10000" doc:"which lines; none with no amount is all that is left of the invoice"`
	Amount   int64        `json:"amount_minor,omitempty" minimum:"0" doc:"with its tax, spread over the lines named, or over all where none is; in the invoice's currency"`
	Expected int64        `json:"expected_total_minor,omitempty" minimum:"0" doc:"what the preview came to; refused where the note would come to another total by now"`
}

type creditLine struct {
	Line   int   `json:"line" minimum:"1" doc:"its number on the invoice"`
	Amount int64 `json:"amount_minor,omitempty" minimum:"0" doc:"before tax, which follows it; none is all that is left of the line"`
}

func (b creditBody) credit() invoice.NewCredit {
	n := invoice.NewCredit{Reason: b.Reason, Rebill: b.Rebill, AmountMinor: b.Amount, ExpectMinor: b.Expected}
	for _, l := range b.Lines {
		n.Lines = append(n.Lines, invoice.CreditLine{No: l.Line, Minor: l.Amount})
	}
	return n
}

// credits mounts the taking back of invoices.
func credits(s *httpd.Server, v invoices) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/credit", Needs: rbac.CreditNoteIssue, Summary: "Take an invoice back, all that is left of it or a part", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body creditBody
		}) (*One[CreditNote], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Credit(ctx, id, in.Body.credit())
			return one(toCreditNote(c), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/credit/preview", Needs: rbac.CreditNoteIssue, Summary: "The credit note that would be issued now, without a number"},
		func(ctx context.Context, in *struct {
			ByID
			Body creditBody
		}) (*One[InvoiceDocument], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := v.PreviewCredit(ctx, id, in.Body.credit())
			if err != nil {
				return nil, err
			}
			return one(*toInvoiceDocument(d), nil)
		})
}
