package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type disputes interface {
	List(ctx context.Context, f dispute.Filter, r page.Request) (page.Page[dispute.Dispute], error)
	OfInvoice(ctx context.Context, id ident.InvoiceID) ([]dispute.Dispute, error)
	Get(ctx context.Context, id ident.DisputeID) (dispute.View, error)
	Open(ctx context.Context, id ident.InvoiceID, o dispute.Opening) (dispute.View, error)
	Answer(ctx context.Context, id ident.DisputeID, version int, words string) (dispute.View, error)
	Say(ctx context.Context, id ident.DisputeID, version int, side dispute.Side, words string) (dispute.View, error)
	Withdraw(ctx context.Context, id ident.DisputeID, version int, words string) (dispute.View, error)
	Resolve(ctx context.Context, id ident.DisputeID, version int, r dispute.Resolution) (dispute.View, error)
}

// Dispute is what a client disputes of an invoice.
type Dispute struct {
	ID         ident.DisputeID    `json:"id" class:"C1"`
	Invoice    ident.InvoiceID    `json:"invoice_id" class:"C1"`
	Number     string             `json:"invoice_number,omitempty" class:"C2"`
	Matter     ident.MatterID     `json:"matter_id" class:"C1"`
	Scope      dispute.Scope      `json:"scope" class:"C1" enum:"whole,lines,amount"`
	Code       string             `json:"code" class:"C1" doc:"of the published rejection reasons"`
	Words      string             `json:"words,omitempty" class:"C3" doc:"the client's own"`
	RaisedBy   string             `json:"raised_by,omitempty" class:"C2" doc:"who of the client"`
	RaisedOn   invoice.Day        `json:"raised_on" class:"C1" format:"date"`
	AnswerBy   invoice.Day        `json:"answer_by,omitempty" class:"C1" format:"date" doc:"left out where nothing was agreed"`
	Claimed    *Money             `json:"claimed,omitempty" class:"C2" doc:"with tax, when it was opened"`
	Disputed   *Money             `json:"disputed,omitempty" class:"C2" doc:"still in dispute"`
	Status     dispute.Status     `json:"status" class:"C1" enum:"open,answered,resolved,withdrawn"`
	Outcome    dispute.Outcome    `json:"outcome,omitempty" class:"C1" enum:"upheld,part,rejected"`
	Agreed     *Money             `json:"agreed,omitempty" class:"C2" doc:"that the firm took back"`
	CreditNote ident.CreditNoteID `json:"credit_note_id,omitempty" class:"C1" doc:"by which; left out where the invoice was credited in full beside it"`
	Answer     string             `json:"answer,omitempty" class:"C3"`
	AnsweredAt *time.Time         `json:"answered_at,omitempty" class:"C1"`
	Closing    string             `json:"closing,omitempty" class:"C3" doc:"why it ended so"`
	ClosedAt   *time.Time         `json:"closed_at,omitempty" class:"C1"`
	OpenedAt   time.Time          `json:"opened_at" class:"C1"`
	Version    int                `json:"version" class:"C1"`
}

func toDispute(d dispute.Dispute) Dispute {
	c := d.Currency
	return Dispute{d.ID, d.Invoice, d.InvoiceNumber, d.Matter, d.Scope, d.Code, d.Words, d.RaisedBy, d.RaisedOn, d.AnswerBy, amount(d.ClaimedMinor, c), amount(d.DisputedMinor, c),
		d.Status, d.Outcome, amount(d.AgreedMinor, c), d.CreditNote, d.Answer, utc(d.AnsweredAt), d.Closing, utc(d.ClosedAt), d.OpenedAt.UTC(), d.Version}
}

// DisputeView is a dispute with its lines and what was said on the way.
type DisputeView struct {
	Dispute
	Lines []DisputeLine `json:"lines" class:"C1" doc:"none of a dispute over an amount, or the whole"`
	Notes []DisputeNote `json:"notes" class:"C1" doc:"the first first; none for a reader below C3"`
}

// DisputeLine is a disputed line of the invoice, or as much of it.
type DisputeLine struct {
	Line  int    `json:"line" class:"C1"`
	Net   *Money `json:"net,omitempty" class:"C2" doc:"before tax"`
	Gross *Money `json:"gross,omitempty" class:"C2" doc:"with the tax that follows it"`
}

// DisputeNote is what was said on the way.
type DisputeNote struct {
	ID     ident.DisputeNoteID `json:"id" class:"C1"`
	Side   dispute.Side        `json:"side" class:"C1" enum:"client,firm" doc:"whose word it is"`
	Words  string              `json:"words,omitempty" class:"C3"`
	MadeAt time.Time           `json:"made_at" class:"C1"`
}

func seenDispute(v dispute.View, err error) (*One[DisputeView], error) {
	out := DisputeView{Dispute: toDispute(v.Dispute), Lines: make([]DisputeLine, len(v.Lines)), Notes: make([]DisputeNote, len(v.Notes))}
	for i, l := range v.Lines {
		out.Lines[i] = DisputeLine{l.No, amount(l.NetMinor, v.Currency), amount(l.GrossMinor, v.Currency)}
	}
	for i, n := range v.Notes {
		out.Notes[i] = DisputeNote{n.ID, n.Side, n.Words, n.MadeAt.UTC()}
	}
	return versioned(out, v.Version, err)
}

func creditLines(list []creditLine) (out []invoice.CreditLine) {
	for _, l := range list {
		out = append(out, invoice.CreditLine{No: l.Line, Minor: l.Amount})
	}
	return out
}

// Disputes mounts what clients dispute of invoices.
func Disputes(s *httpd.Server, v disputes) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/disputes", Needs: rbac.DisputeRead, Summary: "What clients dispute, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Status dispute.Status `query:"status"`
			Live   bool           `query:"live" doc:"open or answered"`
			Client string         `query:"client_id"`
			Payor  string         `query:"payor_id"`
		}) (*Many[Dispute], error) {
			client, err := optionalID[ident.ClientID](in.Client)
			if err != nil {
				return nil, err
			}
			payor, err := optionalID[ident.PayorID](in.Payor)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, dispute.Filter{Status: in.Status, Live: in.Live, Client: client, Payor: payor}, in.request())
			return paged(p, err, toDispute)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/invoices/{id}/disputes", Needs: rbac.DisputeRead, Summary: "The disputes of an invoice, the newest first"},
		func(ctx context.Context, in *ByID) (*Many[Dispute], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.OfInvoice(ctx, id)
			return many(list, err, toDispute)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/disputes", Needs: rbac.DisputeOpen, Summary: "Keep what a client disputes of an invoice", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Lines    []creditLine `json:"lines,omitempty" maxItems:"10000" doc:"which; no lines and no amount is all that is open and not in dispute already"`
				Amount   int64        `json:"amount_minor,omitempty" minimum:"0" doc:"with tax, instead of lines"`
				Code     string       `json:"code" maxLength:"20" doc:"of the published rejection reasons"`
				Words    string       `json:"words" maxLength:"4000" doc:"the client's own"`
				RaisedBy string       `json:"raised_by" maxLength:"120" doc:"who of the client"`
				RaisedOn string       `json:"raised_on,omitempty" doc:"left out: today"`
				AnswerBy string       `json:"answer_by,omitempty" doc:"the last day that was agreed for the answer"`
			}
		}) (*One[DisputeView], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			b := in.Body
			o := dispute.Opening{Lines: creditLines(b.Lines), AmountMinor: b.Amount, Code: b.Code, Words: b.Words, RaisedBy: b.RaisedBy}
			if o.RaisedOn, err = invoiceDay("raised_on", b.RaisedOn); err != nil {
				return nil, err
			}
			if o.AnswerBy, err = invoiceDay("answer_by", b.AnswerBy); err != nil {
				return nil, err
			}
			return seenDispute(v.Open(ctx, id, o))
		})
	mountDispute(s, v)
}

func mountDispute(s *httpd.Server, v disputes) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/disputes/{id}", Needs: rbac.DisputeRead, Summary: "One dispute with its lines and notes"},
		func(ctx context.Context, in *ByID) (*One[DisputeView], error) {
			id, err := idOf[ident.DisputeID](in.ID)
			if err != nil {
				return nil, err
			}
			return seenDispute(v.Get(ctx, id))
		})
	said := func(act, summary string, do func(ctx context.Context, id ident.DisputeID, version int, words string) (dispute.View, error)) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/disputes/{id}/" + act, Needs: rbac.DisputeOpen, Summary: summary},
			func(ctx context.Context, in *struct {
				Changing
				Body struct {
					Words string `json:"words" maxLength:"4000"`
				}
			}) (*One[DisputeView], error) {
				id, version, err := changing[ident.DisputeID](in.Changing)
				if err != nil {
					return nil, err
				}
				return seenDispute(do(ctx, id, version, in.Body.Words))
			})
	}
	said("answer", "Keep the firm's answer to the client", v.Answer)
	said("withdraw", "End a dispute that the client takes back; what was disputed stays due", v.Withdraw)
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/disputes/{id}/notes", Needs: rbac.DisputeOpen, Summary: "Keep what was said on the way"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Side  dispute.Side `json:"side" enum:"client,firm" doc:"whose word it is"`
				Words string       `json:"words" maxLength:"4000"`
			}
		}) (*One[DisputeView], error) {
			id, version, err := changing[ident.DisputeID](in.Changing)
			if err != nil {
				return nil, err
			}
			return seenDispute(v.Say(ctx, id, version, in.Body.Side, in.Body.Words))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/disputes/{id}/resolve", Needs: rbac.DisputeResolve, Summary: "Decide a dispute; what is taken back is credited by a note, which credit_note.issue is needed for too"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Lines  []creditLine `json:"lines,omitempty" maxItems:"10000" doc:"of a dispute over lines: what is taken back; without an amount all that is disputed of the line"`
				Amount int64        `json:"amount_minor,omitempty" minimum:"0" doc:"of any other, with tax. Neither rejects the dispute"`
				Words  string       `json:"words" maxLength:"4000" doc:"why"`
				Reason string       `json:"reason,omitempty" maxLength:"300" doc:"printed on the credit note"`
			}
		}) (*One[DisputeView], error) {
			id, version, err := changing[ident.DisputeID](in.Changing)
			if err != nil {
				return nil, err
			}
			b := in.Body
			return seenDispute(v.Resolve(ctx, id, version, dispute.Resolution{Lines: creditLines(b.Lines), AmountMinor: b.Amount, Words: b.Words, Reason: b.Reason}))
		})
}
