package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

type runs interface {
	StartRun(ctx context.Context, n invoice.NewRun) (ident.RunID, error)
	Runs(ctx context.Context, r page.Request) (page.Page[invoice.Run], error)
	RunFirms(ctx context.Context, run ident.RunID) ([]ident.FirmID, error)
	RunProgress(ctx context.Context, run ident.RunID) (invoice.Progress, error)
	RunItems(ctx context.Context, run ident.RunID, s invoice.ItemStatus, r page.Request) (page.Page[invoice.Item], error)
	RetryRun(ctx context.Context, run ident.RunID, a invoice.Again) (int, error)
	PreviewRun(ctx context.Context, on invoice.Day, sel invoice.Selection) (invoice.Preview, error)
}

// Run is one making of invoices.
type Run struct {
	ID      ident.RunID    `json:"id" class:"C1"`
	Name    string         `json:"name" class:"C1"`
	On      invoice.Day    `json:"issued_on,omitempty" class:"C1" format:"date"`
	By      ident.PersonID `json:"started_by,omitempty" class:"C1"`
	Started time.Time      `json:"started_at" class:"C1"`
	Firms   int            `json:"firms" class:"C1"`
	Planned int            `json:"planned" class:"C1"`
	Issued  int            `json:"issued" class:"C1"`
	Failed  int            `json:"failed" class:"C1"`
	Left    int            `json:"left" class:"C1"`
	Done    bool           `json:"done" class:"C1"`
}

func toRun(r invoice.Run) Run {
	return Run{r.ID, r.Name, r.On, r.StartedBy, r.StartedAt.UTC(), r.Firms, r.Planned, r.Issued, r.Failed, r.Left, r.Done()}
}

// Total is a sum in one currency with how many make it up.
type Total struct {
	Count int `json:"count"`
	Money
}

func toTotals(list []invoice.Total) []Total {
	var out []Total
	for _, t := range list {
		out = append(out, Total{t.Count, Money{t.Minor, t.Currency}})
	}
	return out
}

// RunProgress is where a run stands in one firm.
type RunProgress struct {
	Firm      ident.FirmID `json:"firm_id" class:"C1"`
	Planned   int          `json:"planned" class:"C1"`
	Issued    int          `json:"issued" class:"C1"`
	Failed    int          `json:"failed" class:"C1"`
	Withdrawn int          `json:"withdrawn" class:"C1"`
	Left      int          `json:"left" class:"C1"`
	Sums      []Total      `json:"issued_totals,omitempty" class:"C2"`
	Plan      []Total      `json:"planned_totals,omitempty" class:"C2"`
	Causes    []Cause      `json:"causes"`
}

// Cause groups failures of one reason.
type Cause struct {
	Code    string        `json:"code" class:"C1"`
	Message string        `json:"message,omitempty" class:"C2"`
	Acts    invoice.Actor `json:"acts" class:"C1" doc:"who must act"`
	Count   int           `json:"count" class:"C1"`
	First   invoice.Day   `json:"first_issued_on,omitempty" class:"C2" format:"date" doc:"the earliest date that all of them can bear, where the date was the cause"`
}

func toProgress(p invoice.Progress) RunProgress {
	out := RunProgress{Firm: p.Firm, Planned: p.Run.Planned, Issued: p.Run.Issued, Failed: p.Run.Failed, Withdrawn: p.Withdrawn, Left: p.Run.Left, Causes: []Cause{}}
	for _, c := range p.Causes {
		cause := Cause{Code: c.Code, Acts: c.Acts, Count: c.Count}
		if p.ShowsC2 {
			cause.Message, cause.First = c.Message, c.First
		}
		out.Causes = append(out.Causes, cause)
	}
	if p.ShowsC2 {
		out.Sums, out.Plan = toTotals(p.Issued), toTotals(p.Planned)
	}
	return out
}

// RunView is a run with its firms.
type RunView struct {
	Run   ident.RunID   `json:"run_id" class:"C1"`
	Firms []RunProgress `json:"firms"`
}

// RunItem is one pre-bill of a run.
type RunItem struct {
	ID      ident.RunItemID    `json:"id" class:"C1"`
	Prebill ident.PrebillID    `json:"prebill_id" class:"C1"`
	Matter  ident.MatterID     `json:"matter_id" class:"C1"`
	Number  string             `json:"matter_number,omitempty" class:"C2"`
	Name    string             `json:"matter_name,omitempty" class:"C2"`
	Planned *Money             `json:"planned,omitempty" class:"C2"`
	Status  invoice.ItemStatus `json:"status" class:"C1"`
	Cause   string             `json:"cause,omitempty" class:"C1"`
	Message string             `json:"message,omitempty" class:"C2"`
	Tries   int                `json:"tries" class:"C1"`
	Invoice ident.InvoiceID    `json:"invoice_id,omitempty" class:"C1"`
	Issued  string             `json:"invoice_number,omitempty" class:"C2"`
}

// Runs mounts runs: started across firms, looked at firm by firm.
func Runs(s *httpd.Server, v runs) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/runs", Needs: rbac.RunStart, Summary: "Turn approved pre-bills of one or more firms into invoices", Status: 202, Creates: true},
		func(ctx context.Context, in *struct {
			Body struct {
				Name  string   `json:"name" maxLength:"120"`
				On    string   `json:"issued_on,omitempty" doc:"printed on the invoices; today where each firm is when it is missing"`
				Firms []string `json:"firm_ids" minItems:"1" maxItems:"200"`
			}
		}) (*One[struct {
			ID ident.RunID `json:"id" class:"C1"`
		}], error) {
			n := invoice.NewRun{Name: in.Body.Name}
			var err error
			if n.On, err = invoiceDay("issued_on", in.Body.On); err != nil {
				return nil, err
			}
			for _, text := range in.Body.Firms {
				firm, err := idOf[ident.FirmID](text)
				if err != nil {
					return nil, err
				}
				n.Firms = append(n.Firms, invoice.FirmSelection{Firm: firm})
			}
			id, err := v.StartRun(ctx, n)
			return one(struct {
				ID ident.RunID `json:"id" class:"C1"`
			}{id}, issuedOn(err))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/runs", Needs: rbac.RunRead, Summary: "Runs of the firms you work for, the newest first"},
		func(ctx context.Context, in *Paged) (*Many[Run], error) {
			p, err := v.Runs(ctx, in.request())
			return paged(p, err, toRun)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/runs/{id}", Needs: rbac.RunRead, Summary: "Where a run stands in each firm"},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*One[RunView], error) {
			id, err := idOf[ident.RunID](in.ID)
			if err != nil {
				return nil, err
			}
			return runView(ctx, v, id)
		})
	mountRunOfFirm(s, v)
}

// issuedOn names a complaint about the date as the body does.
func issuedOn(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	named := *f
	named.Fields = slices.Clone(f.Fields)
	for i := range named.Fields {
		if named.Fields[i].Path == "on" {
			named.Fields[i].Path = "issued_on"
		}
	}
	return &named
}

// runView asks firm by firm: each decides by itself what it shows.
func runView(ctx context.Context, v runs, id ident.RunID) (*One[RunView], error) {
	firms, err := v.RunFirms(ctx, id)
	if err != nil {
		return nil, err
	}
	out := RunView{Run: id, Firms: []RunProgress{}}
	for _, f := range firms {
		p, err := v.RunProgress(scope.InFirm(ctx, f), id)
		if err != nil {
			return nil, err
		}
		p.Firm = f
		out.Firms = append(out.Firms, toProgress(p))
	}
	return one(out, nil)
}

func mountRunOfFirm(s *httpd.Server, v runs) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/runs/preview", Needs: rbac.RunStart, Summary: "What a run would take of the firm, with control totals"},
		func(ctx context.Context, in *struct {
			InFirm
			On string `query:"issued_on"`
		}) (*One[RunPreview], error) {
			on, err := invoiceDay("issued_on", in.On)
			if err != nil {
				return nil, err
			}
			p, err := v.PreviewRun(ctx, on, invoice.Selection{})
			return one(toRunPreview(p), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/runs/{id}", Needs: rbac.RunRead, Summary: "Where a run stands in the firm"},
		func(ctx context.Context, in *ByID) (*One[RunProgress], error) {
			id, err := idOf[ident.RunID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.RunProgress(ctx, id)
			return one(toProgress(p), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/runs/{id}/items", Needs: rbac.RunRead, Summary: "The pre-bills of a run"},
		func(ctx context.Context, in *struct {
			ByID
			Paged
			Status invoice.ItemStatus `query:"status" enum:"waiting,issued,failed,withdrawn"`
		}) (*Many[RunItem], error) {
			id, err := idOf[ident.RunID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.RunItems(ctx, id, in.Status, in.request())
			return paged(p, err, func(i invoice.Item) RunItem {
				return RunItem{i.ID, i.Prebill, i.Matter, i.MatterNumber, i.MatterName, amount(i.PlannedMinor, i.Currency), i.Status, i.Cause, i.Message, i.Tries, i.Invoice, i.Number}
			})
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/runs/{id}/retry", Needs: rbac.RunStart, Summary: "Try the failed pre-bills again, of one cause or all"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Cause string `json:"cause,omitempty" maxLength:"80"`
				On    string `json:"issued_on,omitempty" doc:"printed on their invoices instead of the run's date"`
			}
		}) (*One[struct {
			Again int `json:"again" class:"C1"`
		}], error) {
			id, err := idOf[ident.RunID](in.ID)
			if err != nil {
				return nil, err
			}
			on, err := invoiceDay("issued_on", in.Body.On)
			if err != nil {
				return nil, err
			}
			n, err := v.RetryRun(ctx, id, invoice.Again{Cause: in.Body.Cause, On: on})
			return one(struct {
				Again int `json:"again" class:"C1"`
			}{n}, issuedOn(err))
		})
}

// RunPreview is what a run would take of one firm.
type RunPreview struct {
	On       invoice.Day  `json:"issued_on" class:"C1" format:"date"`
	Problems int          `json:"problems" class:"C1"`
	Totals   []Total      `json:"totals,omitempty" class:"C2"`
	Waiting  []RunWaiting `json:"waiting"`
}

// RunWaiting is an approved pre-bill that a run would take.
type RunWaiting struct {
	Prebill ident.PrebillID `json:"prebill_id" class:"C1"`
	Matter  ident.MatterID  `json:"matter_id" class:"C1"`
	Number  string          `json:"matter_number,omitempty" class:"C2"`
	Name    string          `json:"matter_name,omitempty" class:"C2"`
	Net     *Money          `json:"net,omitempty" class:"C2"`
	Problem string          `json:"problem,omitempty" class:"C1" doc:"code of why it would fail"`
}

func toRunPreview(p invoice.Preview) RunPreview {
	out := RunPreview{On: p.On, Problems: p.Problems, Totals: toTotals(p.Totals), Waiting: []RunWaiting{}}
	for _, w := range p.Waiting {
		r := RunWaiting{Prebill: w.Prebill, Matter: w.Matter, Number: w.MatterNumber, Name: w.MatterName, Net: amount(w.NetMinor, w.Currency)}
		if w.Problem != nil {
			r.Problem = httpd.FaultOf(w.Problem).Code
		}
		out.Waiting = append(out.Waiting, r)
	}
	return out
}
