package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type entries interface {
	Entries(ctx context.Context, f capture.Filter, r page.Request) (page.Page[capture.Entry], error)
	Entry(ctx context.Context, id ident.EntryID) (capture.Entry, error)
}

// Entry is recorded time or a cost, as it came in.
type Entry struct {
	ID         ident.EntryID      `json:"id" class:"C1"`
	Kind       guideline.Kind     `json:"kind" class:"C1" enum:"time,expense"`
	Matter     ident.MatterID     `json:"matter_id" class:"C1"`
	Timekeeper ident.TimekeeperID `json:"timekeeper_id,omitempty" class:"C1"`
	WorkedOn   string             `json:"worked_on,omitempty" class:"C2" format:"date"`
	Hours      string             `json:"hours,omitempty" class:"C2"`
	Quantity   string             `json:"quantity,omitempty" class:"C2"`
	UnitCost   string             `json:"unit_cost,omitempty" class:"C2"`
	Rate       string             `json:"rate,omitempty" class:"C2"`
	RateSource string             `json:"rate_source,omitempty" class:"C2"`
	Amount     *Money             `json:"amount,omitempty" class:"C2"`
	Narrative  string             `json:"narrative,omitempty" class:"C3"`
	Task       string             `json:"task_code,omitempty" class:"C2"`
	Activity   string             `json:"activity_code,omitempty" class:"C2"`
	Expense    string             `json:"expense_code,omitempty" class:"C2"`
	Import     ident.ImportID     `json:"import_id,omitempty" class:"C1"`
	Line       int                `json:"source_line,omitempty" class:"C1"`
	ExternalID string             `json:"external_id,omitempty" class:"C2"`
	Status     capture.Status     `json:"status" class:"C1" enum:"open,billing,billed,removed"`
	Prebill    ident.PrebillID    `json:"prebill_id,omitempty" class:"C1"`
	Created    time.Time          `json:"created_at" class:"C1"`
}

func toEntry(e capture.Entry) Entry {
	out := Entry{ID: e.ID, Kind: e.Kind, Matter: e.MatterID, Timekeeper: e.TimekeeperID, WorkedOn: day(e.WorkedOn), RateSource: e.RateSource,
		Amount: amount(e.AmountMinor, e.Currency), Narrative: e.Narrative, Task: e.Task, Activity: e.Activity, Expense: e.Expense,
		Import: e.ImportID, Line: e.SourceLine, ExternalID: e.ExternalID, Status: e.Status, Prebill: e.PrebillID, Created: e.CreatedAt.UTC()}
	if e.Kind == guideline.Time {
		out.Hours, out.Rate = decimal(e.Hours), decimal(e.Rate)
	} else {
		out.Quantity, out.UnitCost = decimal(e.Quantity), decimal(e.UnitCost)
	}
	return out
}

type entryFilter struct {
	InFirm
	Paged
	Matter     string         `query:"matter_id"`
	Import     string         `query:"import_id"`
	Timekeeper string         `query:"timekeeper_id"`
	Status     capture.Status `query:"status" enum:"open,billing,billed,removed"`
	From       string         `query:"from" doc:"first work date"`
	To         string         `query:"to" doc:"last work date"`
}

func (in entryFilter) filter() (f capture.Filter, err error) {
	f.Status = in.Status
	if f.Matter, err = optionalID[ident.MatterID](in.Matter); err != nil {
		return f, err
	}
	if f.Import, err = optionalID[ident.ImportID](in.Import); err != nil {
		return f, err
	}
	if f.Timekeeper, err = optionalID[ident.TimekeeperID](in.Timekeeper); err != nil {
		return f, err
	}
	if f.From, err = parseDay("from", in.From); err != nil {
		return f, err
	}
	f.To, err = parseDay("to", in.To)
	return f, err
}

// Entries mounts recorded work.
func Entries(s *httpd.Server, v entries) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/entries", Needs: rbac.EntryRead, Summary: "Recorded time and costs, by work date"},
		func(ctx context.Context, in *entryFilter) (*Many[Entry], error) {
			f, err := in.filter()
			if err != nil {
				return nil, err
			}
			p, err := v.Entries(ctx, f, in.request())
			return paged(p, err, toEntry)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/entries/{id}", Needs: rbac.EntryRead, Summary: "One entry"},
		func(ctx context.Context, in *ByID) (*One[Entry], error) {
			id, err := idOf[ident.EntryID](in.ID)
			if err != nil {
				return nil, err
			}
			e, err := v.Entry(ctx, id)
			return versioned(toEntry(e), e.Version, err)
		})
}
