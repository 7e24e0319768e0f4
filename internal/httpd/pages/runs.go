package pages

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// MountRuns adds the runs across firms: list, preparing one, its progress.
func (s *Site) MountRuns(srv *httpd.Server) {
	get(srv, href.Runs, rbac.SignedIn, s.runs)
	show(srv, href.RunNew, rbac.SignedIn, s.newRunPage)
	fill(srv, href.RunNew, rbac.SignedIn, s.startRun, s.newRunPage)
	get(srv, "/runs/{id}", rbac.SignedIn, s.run)
	get(srv, "/runs/{id}/events", rbac.SignedIn, s.runEvents)
	get(srv, "/firms/{firm}/runs/{id}", rbac.RunRead, s.runInFirm)
	post(srv, "/runs/{id}/retry", rbac.SignedIn, s.retryEverywhere)
	post(srv, "/firms/{firm}/runs/{id}/retry", rbac.RunStart, s.retryRun)
}

func (s *Site) runs(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Invoice runs", "runs")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	list, err := s.Invoices.Runs(r.Context(), q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := RunListView{CanStart: f.Standing.Anywhere(rbac.RunStart), Pager: pagerOf(href.Runs, r, len(list.Items), list.Next)}
	for _, x := range list.Items {
		v.Rows = append(v.Rows, RunItem{ID: x.ID, Name: x.Name, StartedAt: x.StartedAt, Firms: x.Firms, Counts: RunCounts{Planned: x.Planned, Issued: x.Issued, Failed: x.Failed, Withdrawn: x.Planned - x.Issued - x.Failed - x.Left, Left: x.Left}})
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return Runs(c, v) }), nil
}

func (s *Site) newRunPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Prepare a run", "runs")
	if err != nil {
		return nil, err
	}
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return nil, err
	}
	chosen := map[string]bool{}
	for _, x := range r.FormList("prebill") {
		chosen[x] = true
	}
	v := RunNewView{
		Name:   partial.Field{Name: "name", Label: "Name of the run", Value: r.Form("name"), Required: true, Max: 80},
		On:     partial.Field{Name: "on", Label: "Invoice date", Kind: partial.Date, Value: r.Form("on"), Hint: "Empty is today where each firm is"},
		Faults: partial.FaultsOf(failed), Empty: partial.Empty{Icon: "check", Title: "Nothing waits for a run", Text: "A run takes approved pre-bills. None of your firms has one at the moment."},
	}
	for _, c := range cards {
		if !f.Standing.In(c.ID, rbac.RunStart) {
			continue
		}
		in := scope.InFirm(r.Context(), c.ID)
		p, err := s.Invoices.PreviewRun(in, invoice.Day(r.Form("on")), invoice.Selection{})
		if errors.Is(err, invoice.ErrInput) { // the date is none that a run can bear; its field says so
			p, err = s.Invoices.PreviewRun(in, "", invoice.Selection{})
		}
		if err != nil {
			return nil, err
		}
		if len(p.Waiting) > 0 {
			v.Firms = append(v.Firms, waitingIn(c, p, chosen, failed == nil))
		}
	}
	v.Name.Value = titled(v.Name.Value, closeName(v.Firms, s.Clock.Now()))
	return RunNew(f.Chrome, v), nil
}

func waitingIn(c firm.Card, p invoice.Preview, chosen map[string]bool, all bool) RunNewFirm {
	out := RunNewFirm{Firm: badge(c)}
	for _, t := range p.Totals {
		out.Totals = append(out.Totals, money.Amount{Minor: t.Minor, Currency: t.Currency})
	}
	for _, w := range p.Waiting {
		x := RunWaiting{Prebill: w.Prebill, Name: "Pre-bill", Matter: w.MatterName, Client: w.ClientName, Number: w.MatterNumber, Amount: money.Amount{Minor: w.NetMinor, Currency: w.Currency},
			LastWork: w.LastWork.Time()}
		if w.Problem != nil {
			x.Problem, x.Dated = sentence(httpd.FaultOf(w.Problem).Message), errors.Is(w.Problem, invoice.ErrBeforeWork)
		}
		x.Chosen = (x.Problem == "" || x.Dated) && (all || chosen[string(c.ID)+"/"+string(w.Prebill)])
		out.Waiting = append(out.Waiting, x)
	}
	return out
}

func badge(c firm.Card) partial.Firm {
	return partial.Firm{ID: c.ID, Code: c.Code, Name: c.Name, Slot: c.Slot}
}

// startRun reads "firm/pre-bill" pairs; one that is malformed or foreign finds
// nothing, for each firm's service decides on its own.
func (s *Site) startRun(r *httpd.Request) (httpd.Reply, error) {
	n := invoice.NewRun{Name: r.Form("name"), On: invoice.Day(r.Form("on"))}
	at := map[ident.FirmID]int{}
	for _, pair := range r.FormList("prebill") {
		if len(pair) != 73 || pair[36] != '/' {
			return httpd.Reply{}, invoice.ErrNotFound
		}
		firmID, err := ident.Parse[ident.FirmID](pair[:36])
		if err != nil {
			return httpd.Reply{}, err
		}
		prebillID, err := ident.Parse[ident.PrebillID](pair[37:])
		if err != nil {
			return httpd.Reply{}, err
		}
		i, ok := at[firmID]
		if !ok {
			i = len(n.Firms)
			at[firmID] = i
			n.Firms = append(n.Firms, invoice.FirmSelection{Firm: firmID})
		}
		n.Firms[i].Prebills = append(n.Firms[i].Prebills, prebillID)
	}
	id, err := s.Invoices.StartRun(r.Context(), n)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newRunPage(r, err) })
	}
	return httpd.Go(href.Run(id), "The run has started."), nil
}

func (s *Site) run(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RunID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.runPage(r, id, nil)
	return httpd.Show(page), err
}

func (s *Site) runPage(r *httpd.Request, id ident.RunID, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Invoice run", "runs")
	if err != nil {
		return nil, err
	}
	v, err := s.runView(r.Context(), f, id)
	if err != nil {
		return nil, err
	}
	f.Title, f.Refresh = v.Name, !v.Counts.done()
	v.refused(failed, r.Form("cause"), r.Form("on"))
	return Run(f.Chrome, v), nil
}

// runView adds up what the person may see of the run, firm by firm.
func (s *Site) runView(ctx context.Context, f frame, id ident.RunID) (v RunView, err error) {
	firms, err := s.Invoices.RunFirms(ctx, id)
	if err != nil {
		return v, err
	}
	cards, err := s.Firms.Mine(ctx)
	if err != nil {
		return v, err
	}
	v.ID, v.Now = id, s.Clock.Now()
	causes := map[string]int{}
	values := map[money.Currency]int{}
	for _, firmID := range firms {
		p, err := s.Invoices.RunProgress(scope.InFirm(ctx, firmID), id)
		if err != nil {
			return v, err
		}
		v.Name, v.On, v.StartedAt, v.StartedBy = p.Run.Name, p.Run.On.Time(), p.Run.StartedAt, p.Run.Starter
		in := RunFirm{Firm: badge(cardOf(cards, firmID)), Counts: countsOf(p)}
		v.Firms = append(v.Firms, in)
		v.Counts.add(in.Counts, values)
		v.minutes(p.Minutes)
		for _, c := range p.Causes {
			v.fail(causes, c, in.Firm, f.Standing.In(firmID, rbac.RunStart))
		}
	}
	return v, nil
}

func cardOf(cards []firm.Card, id ident.FirmID) firm.Card {
	for _, c := range cards {
		if c.ID == id {
			return c
		}
	}
	return firm.Card{ID: id}
}

func countsOf(p invoice.Progress) RunCounts {
	c := RunCounts{Planned: p.Run.Planned, Issued: p.Run.Issued, Failed: p.Run.Failed, Withdrawn: p.Withdrawn, Left: p.Run.Left}
	for _, t := range p.Planned {
		c.Value = append(c.Value, money.Amount{Minor: t.Minor, Currency: t.Currency})
	}
	return c
}

func (c *RunCounts) add(o RunCounts, at map[money.Currency]int) {
	c.Planned, c.Issued, c.Failed, c.Withdrawn, c.Left = c.Planned+o.Planned, c.Issued+o.Issued, c.Failed+o.Failed, c.Withdrawn+o.Withdrawn, c.Left+o.Left
	for _, a := range o.Value {
		i, ok := at[a.Currency]
		if !ok {
			at[a.Currency] = len(c.Value)
			c.Value = append(c.Value, a)
			continue
		}
		c.Value[i].Minor += a.Minor
	}
}

var acts = map[invoice.Actor]string{invoice.ActsFirm: "The firm puts this right.", invoice.ActsBureau: "The billing team puts this right."}

// fail adds one firm's failures of a cause. Who may start runs in it may try them again.
func (v *RunView) fail(at map[string]int, c invoice.Cause, f partial.Firm, may bool) {
	i, ok := at[c.Code]
	if !ok {
		i = len(v.Failures)
		at[c.Code] = i
		v.Failures = append(v.Failures, RunFailure{Code: c.Code, Cause: sentence(titled(c.Message, c.Code)), What: titled(acts[c.Acts], "An operator looks after this."), Lookup: href.RunIn(f.ID, v.ID, string(invoice.ItemFailed))})
	}
	x := &v.Failures[i]
	x.Count += c.Count
	x.Firms = append(x.Firms, RunFirm{Firm: f, Counts: RunCounts{Failed: c.Count}})
	if len(x.Firms) > 1 {
		x.Lookup = "" // each firm's list is behind its own row
	}
	switch {
	case !may:
	case c.Dated():
		x.First = max(x.First, string(c.First))
		x.dateAnew(v.ID)
	default:
		x.Retry = &partial.Button{Text: "Retry now", Action: href.RunRetry(v.ID), Hidden: []partial.Hidden{{Name: "cause", Value: c.Code}}, Class: "sm"}
	}
}

// runEvents sends the changing part of the page each second until the run ends.
// Each reading decides anew, firm by firm.
func (s *Site) runEvents(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RunID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	// Decided before the stream begins: afterwards the status is sent.
	if _, err := s.Invoices.RunFirms(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, "", "runs")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Stream(func(ctx context.Context, send func(event, data string) error) error {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			v, err := s.runView(ctx, f, id)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := RunPart(f.Chrome, v).Render(ctx, &b); err != nil {
				return err
			}
			if err := send("part", b.String()); err != nil {
				return err
			}
			if v.Counts.done() {
				return send("done", "")
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
	}), nil
}

func (s *Site) runInFirm(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RunID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	p, err := s.Invoices.RunProgress(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, p.Run.Name, "runs")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	status := invoice.ItemStatus(q.one("status", "is no state of an invoice in a run", "all of them are shown", string(invoice.ItemIssued), string(invoice.ItemFailed), string(invoice.ItemWaiting), string(invoice.ItemWithdrawn)))
	list, err := s.Invoices.RunItems(r.Context(), id, status, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.RunIn(f.FirmID, id, string(status))
	v := RunInFirmView{Firm: *f.Firm, ID: id, Name: p.Run.Name, Pager: pagerOf(base, r, len(list.Items), list.Next)}
	for _, t := range []struct {
		text   string
		status invoice.ItemStatus
		n      int
	}{{"All", "", p.Run.Planned}, {"Issued", invoice.ItemIssued, p.Run.Issued}, {"Failed", invoice.ItemFailed, p.Run.Failed}, {"Waiting", invoice.ItemWaiting, p.Run.Left}, {"Withdrawn", invoice.ItemWithdrawn, p.Withdrawn}} {
		v.Tabs = append(v.Tabs, partial.Tab{Text: t.text, Href: href.RunIn(f.FirmID, id, string(t.status)), Count: t.n, Current: t.status == status})
	}
	for _, x := range list.Items {
		line := RunLine{Prebill: x.Prebill, Matter: titled(x.MatterName, "Matter"), Number: x.MatterNumber, State: itemChip(x.Status), Message: x.Message, Invoice: x.Invoice, InvoiceNo: x.Number}
		if p.ShowsC2 {
			line.Amount = &money.Amount{Minor: x.PlannedMinor, Currency: x.Currency}
		}
		v.Rows = append(v.Rows, line)
	}
	if p.Run.Failed > 0 && f.May(rbac.RunStart) {
		v.Retry = &partial.Button{Text: "Try the failed ones again", Action: href.RunAct(f.FirmID, id, "retry"), Class: "primary", Icon: "refresh"}
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return RunInFirm(c, v) }), nil
}

func itemChip(st invoice.ItemStatus) partial.Chip {
	switch st {
	case invoice.ItemIssued:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Issued"}
	case invoice.ItemFailed:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Failed"}
	case invoice.ItemWithdrawn:
		return partial.Chip{Tone: partial.Line, Text: "Withdrawn"}
	default:
		return partial.Chip{Tone: partial.Calm, Icon: "clock", Text: "Waiting"}
	}
}

func (s *Site) retryRun(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RunID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.Invoices.RetryRun(r.Context(), id, invoice.Again{Cause: r.Form("cause"), On: invoice.Day(r.Form("on"))})
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Run(id), triedAgain(n)), nil
}

func triedAgain(n int) string { return format.Counted(n, "invoice", "invoices") + " tried again." }

// retryEverywhere tries a cause again in each firm where the person may, each in its
// own transaction. A date that one firm's work goes on after stops there, and the
// page says which date they can bear; what was tried before it goes on.
func (s *Site) retryEverywhere(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RunID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	firms, err := s.Invoices.RunFirms(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	standing, err := r.Standing()
	if err != nil {
		return httpd.Reply{}, err
	}
	tried, n, may := invoice.Again{Cause: r.Form("cause"), On: invoice.Day(r.Form("on"))}, 0, false
	for _, firmID := range firms {
		if !standing.In(firmID, rbac.RunStart) {
			continue
		}
		may = true
		more, err := s.Invoices.RetryRun(scope.InFirm(r.Context(), firmID), id, tried)
		if err != nil {
			return again(err, func() (templ.Component, error) { return s.runPage(r, id, err) })
		}
		n += more
	}
	if !may {
		return httpd.Reply{}, authz.ErrForbidden
	}
	return httpd.Go(href.Run(id), triedAgain(n)), nil
}
