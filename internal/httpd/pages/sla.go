package pages

import (
	"errors"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// MountSLA adds a firm's promises by month and the lists behind the figures.
func (s *Site) MountSLA(srv *httpd.Server) {
	get(srv, "/firms/{firm}/sla", rbac.SLARead, s.sla)
	get(srv, "/firms/{firm}/sla/cycles", rbac.SLARead, s.slaCycles)
}

// monthOf reads ?month=2026-10; without it the present month is meant. One that cannot
// be read is named.
func monthOf(q *filters) sla.Month {
	text := q.text("month")
	if text == "" {
		return sla.Month{}
	}
	m, err := sla.ParseMonth(text)
	if err != nil {
		q.refuse(text, "is no month; write one as 2026-10", "shown is the present month")
	}
	return m
}

// reportOf is the report of the month that the address asks for. One that lies ahead is
// named, and the present month shown.
func (s *Site) reportOf(r *httpd.Request, q *filters) (sla.Report, error) {
	m := monthOf(q)
	rep, err := s.SLA.Report(r.Context(), m)
	if errors.Is(err, sla.ErrMonth) {
		q.refuse(q.text("month"), "is no month with figures", "shown is the present month")
		return s.SLA.Report(r.Context(), sla.Month{})
	}
	return rep, err
}

func (s *Site) sla(r *httpd.Request) (httpd.Reply, error) {
	q := filtersOf(r)
	rep, err := s.reportOf(r, q)
	if err != nil {
		return httpd.Reply{}, err
	}
	first := monthStart(rep.Month)
	f, err := s.frame(r, "Service levels, "+format.Month(first), "sla")
	if err != nil {
		return httpd.Reply{}, err
	}
	v := SLAView{Firm: *f.Firm, Month: first, AsOf: rep.AsOf.In(rep.Zone)}
	v.Prev = href.SLA(f.FirmID, format.MonthKey(first.AddDate(0, -1, 0)))
	if now := s.Clock.Now().In(rep.Zone); first.Year() < now.Year() || first.Month() < now.Month() {
		v.Next = href.SLA(f.FirmID, format.MonthKey(first.AddDate(0, 1, 0)))
	}
	if rep.Agreement.ID != "" {
		v.Agreement = "Agreement " + strconv.Itoa(rep.Agreement.Number) + ", in force since " + format.Date(invoice.Day(rep.Agreement.Draft.EffectiveFrom.String()).Time())
		v.Calendar = rep.Calendar.Name + ", version " + strconv.Itoa(rep.Calendar.Number)
	}
	for _, t := range rep.Targets {
		v.Targets = append(v.Targets, slaTargetOf(t))
	}
	for _, m := range rep.Total() {
		v.Trend = append(v.Trend, SLAMonth{Month: monthStart(m.Month), Met: m.Ratio.Met, All: m.Ratio.Met + m.Ratio.Breached})
	}
	for _, t := range rep.Targets {
		v.MissAll += int(t.Now().Ratio.Breached)
	}
	for _, c := range rep.Missed {
		v.Misses = append(v.Misses, SLAMiss{Item: cycleWork(c), Href: href.Item(f.FirmID, c.Item), Target: c.TargetName, Late: time.Duration(c.LateS) * time.Second, Open: c.DoneAt.IsZero()})
	}
	for _, c := range append(rep.Overdue, rep.AtRisk...) {
		v.AtRisk = append(v.AtRisk, riskOf(f, rep, c))
	}
	for _, c := range rep.Waiting {
		v.Waiting = append(v.Waiting, riskOf(f, rep, c))
	}
	if v.StandsIn, err = s.standsIn(r, f); err != nil {
		return httpd.Reply{}, err
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return SLA(c, v) }), nil
}

func monthStart(m sla.Month) time.Time {
	return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC)
}

func slaTargetOf(t sla.TargetFigures) SLATarget {
	out := SLATarget{Key: t.Key, Name: t.Name, Promise: format.BusinessTime(int(t.Target.Minutes[3])), GoalE6: t.Target.GoalE6, Met: t.Now().Ratio.Met, All: t.Now().Ratio.Met + t.Now().Ratio.Breached, Excused: t.Now().Waived}
	for _, m := range t.Months {
		out.Months = append(out.Months, SLAMonth{Month: monthStart(m.Month), Met: m.Ratio.Met, All: m.Ratio.Met + m.Ratio.Breached})
	}
	return out
}

func cycleWork(c sla.CycleRow) string {
	work := workName(c.WorkType)
	switch {
	case c.MatterName != "":
		return work + ", " + c.MatterName
	case c.Number != "":
		return work + ", " + c.Number
	default:
		return work
	}
}

// workName is a work type in words.
func workName(kind string) string {
	words := map[string]string{
		"time_import": "Time-entry review", "prebill": "Pre-bill", "prebill_edits": "Pre-bill changes", "invoice_issue": "Final invoice", "query": "Question of the firm",
		"dispute": "Dispute of an invoice", "rejection": "Rejected e-bill", "appeal": "Cuts of a receiver", "missing_rule": "Reason without a rule", "payment_posting": "Payment posting", "delivery": "Delivery to a payor", "reminder_failed": "Reminder not sent", "reminder_letter": "Reminder to be posted", "reminder_call": "Call about an unpaid invoice",
	}
	if w, ok := words[kind]; ok {
		return w
	}
	return kind
}

func clockOf(c sla.CycleRow, now time.Time) partial.Clock {
	return partial.Clock{Due: c.DueAt, Now: now, Target: time.Duration(c.TargetS) * time.Second, Used: time.Duration(c.UsedS) * time.Second, Paused: !c.PausedAt.IsZero()}
}

func riskOf(f frame, rep sla.Report, c sla.CycleRow) SLARisk {
	with := "Nobody has it yet"
	if c.Holder != "" {
		with = "With " + c.Holder
	}
	if !c.PausedAt.IsZero() {
		with = "Waiting since " + format.Moment(c.PausedAt.In(rep.Zone))
	}
	return SLARisk{Clock: clockOf(c, rep.AsOf), Work: cycleWork(c), Href: href.Item(f.FirmID, c.Item), Matter: c.Number, With: with}
}

func (s *Site) slaCycles(r *httpd.Request) (httpd.Reply, error) {
	q := filtersOf(r)
	rep, err := s.reportOf(r, q)
	if err != nil {
		return httpd.Reply{}, err
	}
	keys := make([]string, len(rep.Targets))
	for i, t := range rep.Targets {
		keys[i] = t.Key
	}
	target := q.one("target", "is no service of this month", "all services are shown", keys...)
	outcome := sla.Outcome(q.one("outcome", "is no result of a promise", "met and missed ones are shown", string(sla.Open), string(sla.Met), string(sla.Breached), string(sla.Waived), string(sla.Cancelled)))
	list, total, err := s.SLA.Cycles(r.Context(), rep.Month, target, outcome, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	first := monthStart(rep.Month)
	f, err := s.frame(r, "Service levels, "+format.Month(first), "sla")
	if err != nil {
		return httpd.Reply{}, err
	}
	v := SLACyclesView{Firm: *f.Firm, Month: first, Title: cyclesTitle(rep, target, outcome), Count: int(total)}
	v.Pager = pagerOf(href.SLACycles(f.FirmID, format.MonthKey(first), target, string(outcome)), r, len(list.Items), list.Next)
	for _, c := range list.Items {
		row := SLACycle{Item: c.Item, Work: cycleWork(c), Matter: c.Number, Target: c.TargetName, DueAt: c.DueAt.In(rep.Zone), Used: time.Duration(c.UsedS) * time.Second, Late: time.Duration(c.LateS) * time.Second, Outcome: outcomeChip(c.Outcome)}
		if !c.DoneAt.IsZero() {
			row.DoneAt = c.DoneAt.In(rep.Zone)
		}
		v.Rows = append(v.Rows, row)
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return SLACycles(c, v) }), nil
}

func cyclesTitle(rep sla.Report, target string, outcome sla.Outcome) string {
	title := "Met and missed"
	if outcome != "" {
		title = outcomeChip(outcome).Text
	}
	title += " in " + format.Month(monthStart(rep.Month))
	for _, t := range rep.Targets {
		if t.Key == target {
			title += ": " + t.Name
		}
	}
	return title
}

func outcomeChip(o sla.Outcome) partial.Chip {
	switch o {
	case sla.Met:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Met"}
	case sla.Breached:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Missed"}
	case sla.Waived:
		return partial.Chip{Tone: partial.Calm, Icon: "flag", Text: "Excused"}
	case sla.Cancelled:
		return partial.Chip{Tone: partial.Line, Icon: "x", Text: "Cancelled"}
	default:
		return partial.Chip{Tone: partial.Line, Icon: "clock", Text: "Open"}
	}
}
