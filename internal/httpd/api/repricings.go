package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/rbac"
)

type repricings interface {
	Preview(ctx context.Context, s reprice.Selection) (reprice.Run, error)
	CarryOut(ctx context.Context, id ident.Repricing, hash, reason string) (reprice.Run, error)
	Runs(ctx context.Context, r page.Request) (page.Page[reprice.Run], error)
	Get(ctx context.Context, id ident.Repricing) (reprice.Detail, error)
	Lines(ctx context.Context, id ident.Repricing, f reprice.Filter, r page.Request) (page.Page[reprice.Line], error)
}

// Repricing is a run that gives recorded work the rates of today, previewed or done.
type Repricing struct {
	ID          ident.Repricing      `json:"id" class:"C1"`
	Status      reprice.Status       `json:"status" class:"C1" enum:"previewed,done"`
	Client      ident.ClientID       `json:"client_id,omitempty" class:"C1"`
	Matters     []ident.MatterID     `json:"matter_ids,omitempty" class:"C1"`
	Timekeepers []ident.TimekeeperID `json:"timekeeper_ids,omitempty" class:"C1" doc:"missing for everybody"`
	From        string               `json:"from,omitempty" class:"C1" format:"date" doc:"first work date"`
	Until       string               `json:"until,omitempty" class:"C1" format:"date" doc:"last work date"`
	Given       bool                 `json:"given" class:"C1" doc:"rates that were given with the entry too"`
	Hash        string               `json:"hash" class:"C1" doc:"of what it changes and leaves; say it to carry the run out"`
	Examined    int                  `json:"examined,omitempty" class:"C1" doc:"entries that were looked at; of your own runs"`
	Card        int64                `json:"card_version" class:"C1" doc:"of the register"`
	Reason      string               `json:"reason,omitempty" class:"C2"`
	By          ident.PersonID       `json:"by" class:"C1"`
	Created     time.Time            `json:"created_at" class:"C1"`
	Done        *time.Time           `json:"done_at,omitempty" class:"C1"`
}

func toRepricing(r reprice.Run) Repricing {
	return Repricing{r.ID, r.Status, r.Client, r.Matters, r.Timekeepers, r.From, r.Until, r.Given, r.Hash, r.Examined, r.Card, r.Reason, r.By, r.At.UTC(), utc(r.DoneAt)}
}

// RepricingDetail is a run with what its lines come to, as far as you see their matters.
type RepricingDetail struct {
	Run    Repricing      `json:"run"`
	Totals []RepricingSum `json:"totals" class:"C1"`
}

// RepricingSum is what lines of one currency come to: all that become the same, and of the
// changed ones those of a level and those of a matter.
type RepricingSum struct {
	Outcome string         `json:"outcome" class:"C1" enum:"changed,with_partner,given,no_rate,no_exchange,shaped,currency" doc:"all but the first are left as they are"`
	Level   int            `json:"rate_level,omitempty" class:"C2"`
	Matter  ident.MatterID `json:"matter_id,omitempty" class:"C1"`
	Lines   int64          `json:"lines" class:"C1"`
	Before  *Money         `json:"before,omitempty" class:"C2"`
	After   *Money         `json:"after,omitempty" class:"C2"`
	Differ  *Money         `json:"difference,omitempty" class:"C2"`
}

func toRepricingSum(w reprice.Why, level rate.Level, m ident.MatterID, s reprice.Sum) RepricingSum {
	return RepricingSum{outcomeOf(w), int(level), m, s.Lines, amount(s.Before, s.Currency), amount(s.After, s.Currency), amount(s.After-s.Before, s.Currency)}
}

const outcomeChanged = "changed"

func outcomeOf(w reprice.Why) string {
	if w == reprice.Changed {
		return outcomeChanged
	}
	return string(w)
}

func toRepricingDetail(d reprice.Detail) RepricingDetail {
	out := RepricingDetail{Run: toRepricing(d.Run), Totals: []RepricingSum{}}
	for _, w := range reprice.Whys() {
		for _, s := range d.Sums[w] {
			out.Totals = append(out.Totals, toRepricingSum(w, 0, "", s))
		}
	}
	for _, l := range d.ByLevel {
		out.Totals = append(out.Totals, toRepricingSum(reprice.Changed, l.Level, "", l.Sum))
	}
	for _, m := range d.ByMatter {
		out.Totals = append(out.Totals, toRepricingSum(reprice.Changed, 0, m.Matter, m.Sum))
	}
	return out
}

// RepricingLine is one entry that a run changes, or leaves for a reason.
type RepricingLine struct {
	Entry      ident.EntryID      `json:"entry_id" class:"C1"`
	Matter     ident.MatterID     `json:"matter_id" class:"C1"`
	Timekeeper ident.TimekeeperID `json:"timekeeper_id" class:"C1"`
	WorkedOn   string             `json:"worked_on,omitempty" class:"C2" format:"date"`
	Hours      string             `json:"hours,omitempty" class:"C2"`
	Bill       ident.PrebillID    `json:"prebill_id,omitempty" class:"C1" doc:"that it is on"`
	Outcome    string             `json:"outcome" class:"C1" enum:"changed,with_partner,given,no_rate,no_exchange,shaped,currency"`
	Before     Price              `json:"before"`
	After      *Price             `json:"after,omitempty" doc:"missing where the register has no rate"`
	Was        *Money             `json:"bills_before,omitempty" class:"C2" doc:"of a changed one, with all that people changed of it: nothing while it is on hold"`
	Will       *Money             `json:"bills_after,omitempty" class:"C2" doc:"the same at the price after"`
}

// Price is what an entry is worth, and by what.
type Price struct {
	Rate     string         `json:"rate,omitempty" class:"C2"`
	Standard string         `json:"standard_rate,omitempty" class:"C2"`
	Source   string         `json:"rate_source,omitempty" class:"C2"`
	Level    int            `json:"rate_level,omitempty" class:"C2" doc:"missing when it was priced before versions were kept"`
	ID       ident.RateID   `json:"rate_id,omitempty" class:"C1"`
	Card     *int64         `json:"card_version,omitempty" class:"C1"`
	Amount   *Money         `json:"amount,omitempty" class:"C2"`
	Currency money.Currency `json:"currency" class:"C1"`

	Converted *Conversion `json:"converted,omitempty" doc:"of the rate, out of another currency"`
}

func toPrice(p capture.Price) Price {
	return Price{decimal(p.Rate), decimal(p.Standard), p.Source, int(p.Level), p.RateID, keptVersion(p.Level, p.Card), amount(p.Minor, p.Currency), p.Currency, toConversion(p.Converted)}
}

func toRepricingLine(l reprice.Line) RepricingLine {
	out := RepricingLine{Entry: l.Entry, Matter: l.Matter, Timekeeper: l.Timekeeper, WorkedOn: day(l.On), Hours: decimal(l.Hours), Bill: l.Bill, Outcome: outcomeOf(l.Why), Before: toPrice(l.Before)}
	if l.After.Currency != "" {
		after := toPrice(l.After)
		out.After = &after
	}
	if l.Why == reprice.Changed {
		out.Was, out.Will = amount(l.Was, l.Before.Currency), amount(l.Will, l.After.Currency)
	}
	return out
}

type repricingBody struct {
	Client      string   `json:"client_id,omitempty"`
	Matters     []string `json:"matter_ids,omitempty"`
	Timekeepers []string `json:"timekeeper_ids,omitempty"`
	From        string   `json:"from,omitempty"`
	Until       string   `json:"until,omitempty"`
	Given       bool     `json:"given,omitempty"`
}

func (b repricingBody) to() (s reprice.Selection, err error) {
	s.From, s.Until, s.Given = b.From, b.Until, b.Given
	if s.Client, err = optionalID[ident.ClientID](b.Client); err != nil {
		return s, err
	}
	if s.Matters, err = idsFrom[ident.MatterID](b.Matters); err != nil {
		return s, err
	}
	s.Timekeepers, err = idsFrom[ident.TimekeeperID](b.Timekeepers)
	return s, err
}

// idsFrom reads ids; a malformed one is not there.
func idsFrom[T ~string](texts []string) (ids []T, err error) {
	for _, t := range texts {
		id, err := idOf[T](t)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

type repricingLines struct {
	ByID
	Paged
	Outcome string `query:"outcome" enum:"changed,with_partner,given,no_rate,no_exchange,shaped,currency"`
	Level   int    `query:"rate_level" minimum:"0" maximum:"11" doc:"that gives the new rate"`
	Matter  string `query:"matter_id"`
}

func (in repricingLines) filter() (f reprice.Filter, err error) {
	f.Level, f.ByWhy = rate.Level(in.Level), in.Outcome != ""
	if in.Outcome != outcomeChanged {
		f.Why = reprice.Why(in.Outcome)
	}
	f.Matter, err = optionalID[ident.MatterID](in.Matter)
	return f, err
}

// Repricings mounts the runs that give recorded work the rates of today.
func Repricings(s *httpd.Server, v repricings) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/repricings", Needs: rbac.RateRead, Summary: "Repricing runs, newest first: your own, and all with a grant over the whole firm"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
		}) (*Many[Repricing], error) {
			p, err := v.Runs(ctx, in.request())
			return paged(p, err, toRepricing)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/repricings", Needs: rbac.RateReprice, Summary: "Preview what a repricing run would change; it changes nothing", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body repricingBody
		}) (*One[Repricing], error) {
			sel, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			r, err := v.Preview(ctx, sel)
			return one(toRepricing(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/repricings/{id}", Needs: rbac.RateRead, Summary: "A repricing run with its totals"},
		func(ctx context.Context, in *ByID) (*One[RepricingDetail], error) {
			id, err := idOf[ident.Repricing](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := v.Get(ctx, id)
			return one(toRepricingDetail(d), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/repricings/{id}/lines", Needs: rbac.RateRead, Summary: "The lines behind a run's totals, with prices before and after"},
		func(ctx context.Context, in *repricingLines) (*Many[RepricingLine], error) {
			id, err := idOf[ident.Repricing](in.ID)
			if err != nil {
				return nil, err
			}
			f, err := in.filter()
			if err != nil {
				return nil, err
			}
			p, err := v.Lines(ctx, id, f, in.request())
			return paged(p, err, toRepricingLine)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/repricings/{id}/carry-out", Needs: rbac.RateReprice, Summary: "Carry out exactly what you previewed; refused with the difference when anything moved since"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Hash   string `json:"hash" doc:"of the preview"`
				Reason string `json:"reason"`
			}
		}) (*One[Repricing], error) {
			id, err := idOf[ident.Repricing](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := v.CarryOut(ctx, id, in.Body.Hash, in.Body.Reason)
			return one(toRepricing(r), err)
		})
}
