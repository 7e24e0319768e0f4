package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

type prebills interface {
	Ready(ctx context.Context) ([]prebill.Ready, error)
	Build(ctx context.Context, o prebill.Order) (prebill.Prebill, error)
	List(ctx context.Context, f prebill.Filter, r page.Request) (page.Page[prebill.Summary], error)
	Get(ctx context.Context, id ident.PrebillID) (prebill.View, error)
	Edit(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, c amend.Change) (prebill.Prebill, error)
	Split(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, d prebill.Division) (prebill.Prebill, error)
	Merge(ctx context.Context, id ident.PrebillID, version int, u prebill.Union) (prebill.Prebill, error)
	Undo(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine) (prebill.Prebill, error)
	Held(ctx context.Context, id ident.MatterID) (prebill.Held, error)
	DecideHeld(ctx context.Context, id ident.MatterID, o prebill.HeldOrder) (prebill.Held, error)
	PutPrice(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string) (prebill.Prebill, error)
	PutUnits(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string, quantity money.Fixed4) (prebill.Prebill, error)
	TakePrice(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string) (prebill.Prebill, error)
	UndoCut(ctx context.Context, id ident.PrebillID, version int, cut ident.CutID) (prebill.Prebill, error)
	ApplyFix(ctx context.Context, id ident.PrebillID, version int, finding ident.FindingID) (prebill.Prebill, error)
	Waive(ctx context.Context, id ident.PrebillID, finding ident.FindingID, note string) error
	Override(ctx context.Context, id ident.PrebillID, finding ident.FindingID, o guideline.Override) error
	Submit(ctx context.Context, id ident.PrebillID, version int) (prebill.Prebill, error)
	Approve(ctx context.Context, id ident.PrebillID, version int, hash string) (prebill.Prebill, error)
	RequestChanges(ctx context.Context, id ident.PrebillID, version int, note string) (prebill.Prebill, error)
	Withdraw(ctx context.Context, id ident.PrebillID, version int) (prebill.Prebill, error)
	Cancel(ctx context.Context, id ident.PrebillID, version int) (prebill.Prebill, error)
}

// Prebill is the head of a draft bill.
type Prebill struct {
	ID       ident.PrebillID `json:"id" class:"C1"`
	Name     string          `json:"name" class:"C1" doc:"PB-1184; no invoice number"`
	Matter   ident.MatterID  `json:"matter_id" class:"C1"`
	Payor    ident.PayorID   `json:"payor_id,omitempty" class:"C1"`
	Currency money.Currency  `json:"currency" class:"C1"`
	From     string          `json:"period_from,omitempty" class:"C1" format:"date" doc:"first day of the period, where one is named"`
	Through  string          `json:"through_on" class:"C1" format:"date"`
	Status   prebill.Status  `json:"status" class:"C1"`
	Note     string          `json:"note,omitempty" class:"C3"`
	Approved *time.Time      `json:"approved_at,omitempty" class:"C1"`
	For      ident.PersonID  `json:"approved_for_id,omitempty" class:"C1" doc:"for whom the approver stood in"`
	Taken    *time.Time      `json:"taken_at,omitempty" class:"C1"`
	Version  int             `json:"version" class:"C1"`
}

func toPrebill(p prebill.Prebill) Prebill {
	return Prebill{p.ID, p.Name(), p.MatterID, p.PayorID, p.Currency, dayOf(p.PeriodFrom), day(p.ThroughOn), p.Status, p.Note, utc(p.ApprovedAt), p.ApprovedFor, utc(p.TakenAt), p.Version}
}

// PrebillSummary is one row of the list.
type PrebillSummary struct {
	ID           ident.PrebillID `json:"id" class:"C1"`
	Name         string          `json:"name" class:"C1"`
	Matter       ident.MatterID  `json:"matter_id" class:"C1"`
	MatterNumber string          `json:"matter_number,omitempty" class:"C2"`
	MatterName   string          `json:"matter_name,omitempty" class:"C2"`
	ClientName   string          `json:"client_name,omitempty" class:"C2"`
	PayorName    string          `json:"payor_name,omitempty" class:"C2"`
	Label        string          `json:"label" class:"C1"`
	Status       prebill.Status  `json:"status" class:"C1"`
	Through      string          `json:"through_on" class:"C1" format:"date"`
	Lines        int             `json:"lines" class:"C1"`
	Recorded     *Money          `json:"recorded,omitempty" class:"C2"`
	Invoice      *Money          `json:"to_invoice,omitempty" class:"C2"`
	Findings     int             `json:"open_findings" class:"C1"`
	StandsFor    string          `json:"stands_for,omitempty" class:"C1" doc:"in review: for whom you stand in there, and an approval of yours would be given"`
	Version      int             `json:"version" class:"C1"`
}

func toPrebillSummary(p prebill.Summary) PrebillSummary {
	out := PrebillSummary{ID: p.ID, Name: p.Name(), Matter: p.MatterID, MatterNumber: p.MatterNumber, MatterName: p.MatterName, ClientName: p.ClientName, PayorName: p.PayorName,
		Label: p.Label.String(), Status: p.Status, Through: day(p.ThroughOn), Lines: p.Lines, Findings: p.OpenFindings, StandsFor: p.StandsFor, Version: p.Version}
	if p.Confidential {
		out.Recorded, out.Invoice = amount(p.RecordedMinor, p.Currency), amount(p.InvoiceMinor, p.Currency)
	}
	return out
}

// ReadyMatter is a matter with something to bill.
type ReadyMatter struct {
	Matter  ident.MatterID `json:"matter_id" class:"C1"`
	Number  string         `json:"matter_number,omitempty" class:"C2"`
	Name    string         `json:"matter_name,omitempty" class:"C2"`
	Client  string         `json:"client_name,omitempty" class:"C2"`
	Entries int            `json:"entries" class:"C1"`
	Oldest  string         `json:"oldest_on" class:"C1" format:"date"`
	Newest  string         `json:"newest_on" class:"C1" format:"date"`
	Value   *Money         `json:"value,omitempty" class:"C2"`
	Period  string         `json:"fee_period,omitempty" class:"C2" doc:"whose fee is agreed and on no bill, as 2026-03"`
	Fee     *Money         `json:"fee,omitempty" class:"C2"`
	Gross   *Money         `json:"recovered,omitempty" class:"C2" doc:"of recoveries: confirmed, and on no bill; a share of it is billed"`
	Freed   *Money         `json:"released,omitempty" class:"C2" doc:"of fees held back: released, and on no bill"`
}

// Prebills mounts draft bills, their lines and their approval.
func Prebills(s *httpd.Server, v prebills) {
	heldRoutes(s, v)
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/prebills", Needs: rbac.PrebillRead, Summary: "Pre-bills, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Status prebill.Status `query:"status"`
			Matter string         `query:"matter_id"`
			For    string         `query:"waits_for" doc:"a person: those alone that are theirs by name to approve"`
		}) (*Many[PrebillSummary], error) {
			matter, err := optionalID[ident.MatterID](in.Matter)
			if err != nil {
				return nil, err
			}
			whom, err := optionalID[ident.PersonID](in.For)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, prebill.Filter{Status: in.Status, Matter: matter, For: whom}, in.request())
			return paged(p, err, toPrebillSummary)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/prebills/ready", Needs: rbac.PrebillBuild, Summary: "Matters with something to bill, open entries or a period's fee, the oldest work first"},
		func(ctx context.Context, _ *InFirm) (*Many[ReadyMatter], error) {
			list, err := v.Ready(ctx)
			return many(list, err, func(r prebill.Ready) ReadyMatter {
				out := ReadyMatter{Matter: r.MatterID, Number: r.MatterNumber, Name: r.MatterName, Client: r.ClientName, Entries: r.Entries, Oldest: day(r.OldestOn), Newest: day(r.NewestOn),
					Value: amount(r.ValueMinor, r.Currency), Period: r.Fee}
				if r.Fee != "" {
					out.Fee = amount(r.FeeMinor, r.Currency)
				}
				if r.FreedMinor > 0 {
					out.Freed = amount(r.FreedMinor, r.Currency)
				}
				if r.GrossMinor > 0 {
					out.Gross = amount(r.GrossMinor, r.Currency)
				}
				return out
			})
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills", Needs: rbac.PrebillBuild, Summary: "Build the pre-bill of a matter, or add to the draft that is open", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Matter  string `json:"matter_id"`
				Payor   string `json:"payor_id,omitempty" doc:"the matter's own when it is missing"`
				From    string `json:"period_from,omitempty" doc:"first day of the period: work before it is remarked on (TIM-10); absent leaves a draft as it is"`
				Through string `json:"through_on"`
			}
		}) (*One[Prebill], error) {
			var o prebill.Order
			var err error
			if o.Matter, err = idOf[ident.MatterID](in.Body.Matter); err != nil {
				return nil, err
			}
			if o.Payor, err = optionalID[ident.PayorID](in.Body.Payor); err != nil {
				return nil, err
			}
			if o.Through, err = parseDay("through_on", in.Body.Through); err != nil {
				return nil, err
			}
			if o.From, err = parseDay("period_from", in.Body.From); err != nil {
				return nil, err
			}
			p, err := v.Build(ctx, o)
			return versioned(toPrebill(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/prebills/{id}", Needs: rbac.PrebillRead, Summary: "A pre-bill with its lines, edits and findings, in order of attention"},
		func(ctx context.Context, in *ByID) (*One[PrebillView], error) {
			id, err := idOf[ident.PrebillID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			return versioned(toPrebillView(p), p.Version, nil)
		})
	mountPrebillActs(s, v)
	mountPrebillLines(s, v)
}

func mountPrebillActs(s *httpd.Server, v prebills) {
	act := func(name, summary string, needs rbac.Permission, do func(ctx context.Context, id ident.PrebillID, version int) (prebill.Prebill, error)) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills/{id}/" + name, Needs: needs, Summary: summary},
			func(ctx context.Context, in *Changing) (*One[Prebill], error) {
				id, version, err := changing[ident.PrebillID](*in)
				if err != nil {
					return nil, err
				}
				p, err := do(ctx, id, version)
				return versioned(toPrebill(p), p.Version, err)
			})
	}
	act("submit", "Hand it to the partner", rbac.PrebillSubmit, v.Submit)
	act("withdraw", "Take the approval back, until a run has taken it", rbac.PrebillApprove, v.Withdraw)
	act("cancel", "End it; its lines go back to work in progress", rbac.PrebillCancel, v.Cancel)
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills/{id}/approve", Needs: rbac.PrebillApprove, Summary: "Approve exactly the content that the hash names"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Hash string `json:"content_hash" maxLength:"64"`
			}
		}) (*One[Prebill], error) {
			id, version, err := changing[ident.PrebillID](in.Changing)
			if err != nil {
				return nil, err
			}
			p, err := v.Approve(ctx, id, version, in.Body.Hash)
			return versioned(toPrebill(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills/{id}/request-changes", Needs: rbac.PrebillApprove, Summary: "Send it back to the billing team"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Note string `json:"note" maxLength:"1000"`
			}
		}) (*One[Prebill], error) {
			id, version, err := changing[ident.PrebillID](in.Changing)
			if err != nil {
				return nil, err
			}
			p, err := v.RequestChanges(ctx, id, version, in.Body.Note)
			return versioned(toPrebill(p), p.Version, err)
		})
}
