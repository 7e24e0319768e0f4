package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

type entries interface {
	Entries(ctx context.Context, f capture.Filter, r page.Request) (page.Page[capture.Entry], error)
	Entry(ctx context.Context, id ident.EntryID) (capture.Entry, error)
	WhyRate(ctx context.Context, id ident.EntryID) (capture.WhyRate, error)
	Amend(ctx context.Context, by worklist.Act, id ident.EntryID, version int, c amend.Change) (capture.Entry, error)
	ApplyFix(ctx context.Context, by worklist.Act, finding ident.FindingID) (capture.Entry, error)
	UndoAmendment(ctx context.Context, by worklist.Act, id ident.EntryID, version int) (capture.Entry, error)
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
	RateLevel  int                `json:"rate_level,omitempty" class:"C2" doc:"missing on a cost, and on what was priced before versions were kept"`
	RateID     ident.RateID       `json:"rate_id,omitempty" class:"C1" doc:"the row of the register that gave the rate"`
	Converted  *Conversion        `json:"converted,omitempty" doc:"of the rate, or of a cost its unit cost, out of another currency"`
	Card       *int64             `json:"card_version,omitempty" class:"C1" doc:"the register's version by which it was priced"`
	Standard   string             `json:"standard_rate,omitempty" class:"C2"`
	Amount     *Money             `json:"amount,omitempty" class:"C2"`
	Narrative  string             `json:"narrative,omitempty" class:"C3"`
	Task       string             `json:"task_code,omitempty" class:"C2"`
	Activity   string             `json:"activity_code,omitempty" class:"C2"`
	Expense    string             `json:"expense_code,omitempty" class:"C2"`
	Import     ident.ImportID     `json:"import_id,omitempty" class:"C1"`
	Line       int                `json:"source_line,omitempty" class:"C1"`
	ExternalID string             `json:"external_id,omitempty" class:"C2"`
	Status     capture.Status     `json:"status" class:"C1" enum:"open,billing,billed,removed,moved"`
	Prebill    ident.PrebillID    `json:"prebill_id,omitempty" class:"C1"`
	Created    time.Time          `json:"created_at" class:"C1"`
	Now        *Amended           `json:"now,omitempty" doc:"as its review left it; missing while it is as recorded"`
	Edits      []Edit             `json:"edits,omitempty"`
}

// Amended is an entry as its review left it: what goes to the pre-bill.
type Amended struct {
	Quantity  string `json:"quantity,omitempty" class:"C2" doc:"hours of time"`
	Rate      string `json:"rate,omitempty" class:"C2" doc:"unit cost of a cost"`
	Amount    *Money `json:"amount,omitempty" class:"C2"`
	Narrative string `json:"narrative,omitempty" class:"C3"`
	Task      string `json:"task_code,omitempty" class:"C2"`
	Activity  string `json:"activity_code,omitempty" class:"C2"`
	Expense   string `json:"expense_code,omitempty" class:"C2"`
}

func toEntry(e capture.Entry) Entry {
	out := Entry{ID: e.ID, Kind: e.Kind, Matter: e.MatterID, Timekeeper: e.TimekeeperID, WorkedOn: day(e.WorkedOn), RateSource: e.RateSource,
		RateLevel: int(e.RateLevel), RateID: e.RateID, Card: keptVersion(e.RateLevel, e.CardVersion), Converted: toConversion(e.Converted),
		Amount: amount(e.AmountMinor, e.Currency), Narrative: e.Narrative, Task: e.Task, Activity: e.Activity, Expense: e.Expense,
		Import: e.ImportID, Line: e.SourceLine, ExternalID: e.ExternalID, Status: e.Status, Prebill: e.PrebillID, Created: e.CreatedAt.UTC()}
	if e.Kind == guideline.Time {
		out.Hours, out.Rate, out.Standard = decimal(e.Hours), decimal(e.Rate), decimal(e.Standard)
	} else {
		out.Quantity, out.UnitCost = decimal(e.Quantity), decimal(e.UnitCost)
	}
	if e.Edits.Last() != nil {
		w := e.Work()
		out.Now = &Amended{decimal(w.Quantity), decimal(w.Rate), amount(w.Amount(), e.Currency), w.Narrative, w.Task, w.Activity, w.Expense}
	}
	for _, d := range e.Edits {
		out.Edits = append(out.Edits, toEdit(d, e.Currency))
	}
	return out
}

type entryFilter struct {
	InFirm
	Paged
	Client     string         `query:"client_id"`
	Matter     string         `query:"matter_id"`
	Import     string         `query:"import_id"`
	Timekeeper string         `query:"timekeeper_id"`
	Status     capture.Status `query:"status" enum:"open,billing,billed,removed,moved"`
	Code       string         `query:"code" maxLength:"20" doc:"a task, activity or expense code as recorded; of matters of which you see the figures"`
	From       string         `query:"from" doc:"first work date"`
	To         string         `query:"to" doc:"last work date"`
}

func (in entryFilter) filter() (f capture.Filter, err error) {
	f.Status, f.Code = in.Status, in.Code
	if f.Client, err = optionalID[ident.ClientID](in.Client); err != nil {
		return f, err
	}
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
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/entries/{id}/rate", Needs: rbac.EntryRead, Summary: "Why a time entry has its rate: the levels of the register in order, read for its work date"},
		func(ctx context.Context, in *ByID) (*One[WhyRate], error) {
			id, err := idOf[ident.EntryID](in.ID)
			if err != nil {
				return nil, err
			}
			w, err := v.WhyRate(ctx, id)
			return one(toWhyRate(w), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/entries/{id}/amend", Needs: rbac.EntryAmend, Summary: "Change an entry under review; what was recorded stays beside it"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				UnderReview
				LineChange
			}
		}) (*One[Entry], error) {
			id, version, err := changing[ident.EntryID](in.Changing)
			if err != nil {
				return nil, err
			}
			by, err := in.Body.act()
			if err != nil {
				return nil, err
			}
			c, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			e, err := v.Amend(ctx, by, id, version, c)
			return versioned(toEntry(e), e.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/entries/{id}/undo", Needs: rbac.EntryAmend, Summary: "Take the last change of an entry under review back"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct{ UnderReview }
		}) (*One[Entry], error) {
			id, version, err := changing[ident.EntryID](in.Changing)
			if err != nil {
				return nil, err
			}
			by, err := in.Body.act()
			if err != nil {
				return nil, err
			}
			e, err := v.UndoAmendment(ctx, by, id, version)
			return versioned(toEntry(e), e.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/findings/{id}/fix", Needs: rbac.EntryAmend, Summary: "Apply the fix that a finding on an entry under review proposes"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct{ UnderReview }
		}) (*One[Entry], error) {
			id, err := idOf[ident.FindingID](in.ID)
			if err != nil {
				return nil, err
			}
			by, err := in.Body.act()
			if err != nil {
				return nil, err
			}
			e, err := v.ApplyFix(ctx, by, id)
			return versioned(toEntry(e), e.Version, err)
		})
}

// UnderReview names the item that the actor holds while they change its entries.
type UnderReview struct {
	Item  string `json:"item_id" doc:"the work item of the entry's import"`
	Token int64  `json:"lease_token"`
}

func (u UnderReview) act() (a worklist.Act, err error) {
	a.Token = u.Token
	a.Item, err = idOf[ident.WorkItemID](u.Item)
	return a, err
}
