package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

type promises interface {
	Report(ctx context.Context, m sla.Month) (sla.Report, error)
	Cycles(ctx context.Context, m sla.Month, target string, outcome sla.Outcome, r page.Request) (page.Page[sla.CycleRow], int64, error)
	Calendars(ctx context.Context) ([]sla.Calendar, error)
	PublishCalendar(ctx context.Context, name string, v calendar.Version) (sla.Calendar, error)
	Agreements(ctx context.Context) ([]sla.Agreement, error)
	PublishAgreement(ctx context.Context, d sla.Draft) (sla.Agreement, error)
	ApproveAgreement(ctx context.Context, id ident.AgreementID) error
}

// SLAMonth is a firm's month of promises.
type SLAMonth struct {
	Month     string            `json:"month" class:"C1"`
	AsOf      time.Time         `json:"as_of" class:"C1"`
	Agreement ident.AgreementID `json:"agreement_id,omitempty" class:"C1"`
	Targets   []TargetMonth     `json:"targets"`
	AtRisk    []Cycle           `json:"at_risk"`
	Overdue   []Cycle           `json:"overdue"`
	Waiting   []Cycle           `json:"waiting_for_the_firm"`
}

// TargetMonth is one target's figures.
type TargetMonth struct {
	Key        string   `json:"key" class:"C1"`
	Name       string   `json:"name" class:"C1"`
	Kind       sla.Kind `json:"kind" class:"C1"`
	GoalE6     int64    `json:"goal_e6" class:"C1" doc:"950000 is 95 percent"`
	Met        int64    `json:"met" class:"C1"`
	Breached   int64    `json:"breached" class:"C1"`
	Waived     int64    `json:"waived" class:"C1"`
	Cancelled  int64    `json:"cancelled" class:"C1"`
	Attainment string   `json:"attainment" class:"C1" doc:"percent with two decimals, or \"no data\""`
	Reached    bool     `json:"goal_reached" class:"C1"`
}

// Cycle is one promise kept, broken or still to keep.
type Cycle struct {
	Clock    ident.ClockID    `json:"clock_id" class:"C1"`
	Cycle    int              `json:"cycle" class:"C1"`
	Item     ident.WorkItemID `json:"item_id" class:"C1"`
	Type     string           `json:"work_type" class:"C1"`
	Matter   ident.MatterID   `json:"matter_id,omitempty" class:"C1"`
	Number   string           `json:"matter_number,omitempty" class:"C2"`
	Name     string           `json:"matter_name,omitempty" class:"C2"`
	Client   string           `json:"client_name,omitempty" class:"C2"`
	Target   string           `json:"target" class:"C1"`
	Priority string           `json:"priority" class:"C1"`
	State    sla.State        `json:"state" class:"C1"`
	Outcome  sla.Outcome      `json:"outcome" class:"C1"`
	Started  time.Time        `json:"started_at" class:"C1"`
	Due      *time.Time       `json:"due_at,omitempty" class:"C1"`
	Done     *time.Time       `json:"done_at,omitempty" class:"C1"`
	Used     int64            `json:"used_seconds" class:"C1"`
	Late     int64            `json:"late_seconds" class:"C1"`
}

func toCycle(c sla.CycleRow) Cycle {
	return Cycle{c.Clock, c.Cycle, c.Item, c.WorkType, c.Matter, c.Number, c.MatterName, c.ClientName, c.TargetKey, c.Priority.String(), c.State, c.Outcome,
		c.StartedAt.UTC(), moment(c.DueAt), moment(c.DoneAt), c.UsedS, c.LateS}
}

func toCycles(list []sla.CycleRow) []Cycle {
	out := make([]Cycle, len(list))
	for i, c := range list {
		out[i] = toCycle(c)
	}
	return out
}

func toSLAMonth(r sla.Report) SLAMonth {
	out := SLAMonth{Month: r.Month.String(), AsOf: r.AsOf.UTC(), Agreement: r.Agreement.ID, Targets: make([]TargetMonth, len(r.Targets)),
		AtRisk: toCycles(r.AtRisk), Overdue: toCycles(r.Overdue), Waiting: toCycles(r.Waiting)}
	for i, f := range r.Targets {
		n := f.Now()
		out.Targets[i] = TargetMonth{f.Key, f.Name, f.Kind, f.Target.GoalE6, n.Ratio.Met, n.Ratio.Breached, n.Waived, n.Cancelled, n.Ratio.String(), f.Met()}
	}
	return out
}

// month reads "2026-10"; "" is the present one.
func month(text string) (sla.Month, error) {
	if text == "" {
		return sla.Month{}, nil
	}
	return sla.ParseMonth(text)
}

// Cycles is a page of promises with how many there are in all: the figure.
type Cycles struct {
	Total int64   `json:"total" class:"C1"`
	Items []Cycle `json:"items"`
	Next  string  `json:"next,omitempty" class:"C1"`
}

// SLA mounts a firm's promises and what they are measured by.
func SLA(s *httpd.Server, v promises) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/sla", Needs: rbac.SLARead, Summary: "How a month's promises stand"},
		func(ctx context.Context, in *struct {
			InFirm
			Month string `query:"month" doc:"2026-10; the present one when it is missing"`
		}) (*One[SLAMonth], error) {
			m, err := month(in.Month)
			if err != nil {
				return nil, err
			}
			r, err := v.Report(ctx, m)
			if err != nil {
				return nil, err
			}
			return one(toSLAMonth(r), nil)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/sla/cycles", Needs: rbac.SLARead, Summary: "The list behind a figure"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Month   string      `query:"month"`
			Target  string      `query:"target" maxLength:"40"`
			Outcome sla.Outcome `query:"outcome" doc:"met, breached, waived or cancelled; met and breached ones, which the rate is made of, when it is missing"`
		}) (*One[Cycles], error) {
			m, err := month(in.Month)
			if err != nil {
				return nil, err
			}
			p, total, err := v.Cycles(ctx, m, in.Target, in.Outcome, in.request())
			return one(Cycles{total, toCycles(p.Items), p.Next}, err)
		})
	mountCalendars(s, v)
	mountAgreements(s, v)
}

// Calendar is one published version of a firm's business hours.
type Calendar struct {
	ID        ident.CalendarID `json:"id" class:"C1"`
	Name      string           `json:"name" class:"C1"`
	Number    int              `json:"number" class:"C1"`
	Version   calendar.Version `json:"hours" class:"C1"`
	Published time.Time        `json:"published_at" class:"C1"`
}

func toCalendar(c sla.Calendar) Calendar {
	return Calendar{c.ID, c.Name, c.Number, c.Version, c.PublishedAt.UTC()}
}

func mountCalendars(s *httpd.Server, v promises) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/calendars", Needs: rbac.CalendarRead, Summary: "Versions of the firm's calendars, the newest first"},
		func(ctx context.Context, _ *InFirm) (*Many[Calendar], error) {
			list, err := v.Calendars(ctx)
			return many(list, err, toCalendar)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/calendars", Needs: rbac.CalendarEdit, Summary: "Publish the next version of a calendar; running clocks keep theirs", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Name  string           `json:"name" maxLength:"60"`
				Hours calendar.Version `json:"hours"`
			}
		}) (*One[Calendar], error) {
			c, err := v.PublishCalendar(ctx, in.Body.Name, in.Body.Hours)
			return one(toCalendar(c), err)
		})
}

// Agreement is one version of what the bureau promised the firm.
type Agreement struct {
	ID        ident.AgreementID `json:"id" class:"C1"`
	Number    int               `json:"number" class:"C1"`
	Calendar  ident.CalendarID  `json:"calendar_id" class:"C1"`
	From      string            `json:"effective_from" class:"C1" format:"date"`
	Targets   []sla.Target      `json:"targets" class:"C1"`
	Hash      string            `json:"hash" class:"C1"`
	Published time.Time         `json:"published_at" class:"C1"`
	Approved  *time.Time        `json:"approved_at,omitempty" class:"C1"`
}

func toAgreement(a sla.Agreement) Agreement {
	return Agreement{a.ID, a.Number, a.Draft.Calendar, a.Draft.EffectiveFrom.String(), a.Draft.Targets, a.Hash, a.PublishedAt.UTC(), moment(a.ApprovedAt)}
}

func mountAgreements(s *httpd.Server, v promises) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/agreements", Needs: rbac.AgreementRead, Summary: "The firm's agreements, the newest first"},
		func(ctx context.Context, _ *InFirm) (*Many[Agreement], error) {
			list, err := v.Agreements(ctx)
			return many(list, err, toAgreement)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/agreements", Needs: rbac.AgreementPublish, Summary: "Publish the firm's next agreement; it waits for the firm's approval", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body sla.Draft
		}) (*One[Agreement], error) {
			a, err := v.PublishAgreement(ctx, in.Body)
			return one(toAgreement(a), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/agreements/{id}/approve", Needs: rbac.AgreementApprove, Summary: "The firm's yes", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.AgreementID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.ApproveAgreement(ctx, id))
		})
}
