package pages

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// MountPrebills adds the list, building, review and decision of pre-bills.
func (s *Site) MountPrebills(srv *httpd.Server) {
	get(srv, "/firms/{firm}/prebills", rbac.PrebillRead, s.prebills)
	show(srv, "/firms/{firm}/prebills/new", rbac.PrebillBuild, s.newPrebillPage)
	fill(srv, "/firms/{firm}/prebills/new", rbac.PrebillBuild, s.buildPrebill, s.newPrebillPage)
	get(srv, "/firms/{firm}/prebills/{id}", rbac.PrebillRead, s.prebill)
	post(srv, "/firms/{firm}/prebills/{id}/submit", rbac.PrebillSubmit, s.submitPrebill)
	post(srv, "/firms/{firm}/prebills/{id}/approve", rbac.PrebillApprove, s.approvePrebill)
	fill(srv, "/firms/{firm}/prebills/{id}/request-changes", rbac.PrebillApprove, s.sendBackPrebill, of(s.prebillPage))
	post(srv, "/firms/{firm}/prebills/{id}/withdraw", rbac.PrebillApprove, s.withdrawPrebill)
	post(srv, "/firms/{firm}/prebills/{id}/cancel", rbac.PrebillCancel, s.cancelPrebill)
	post(srv, "/firms/{firm}/prebills/{id}/findings/{finding}/fix", rbac.PrebillEdit, s.fixPrebill)
	fill(srv, "/firms/{firm}/prebills/{id}/findings/{finding}/waive", rbac.FindingWaive, s.waivePrebill, of(s.prebillPage))
	fill(srv, "/firms/{firm}/prebills/{id}/findings/{finding}/override", rbac.FindingOverride, s.overridePrebill, of(s.prebillPage))
	s.mountPrebillLines(srv)
}

func stateChip(st prebill.Status) partial.Chip {
	switch st {
	case prebill.StatusInReview:
		return partial.Chip{Tone: partial.Warn, Icon: "clock", Text: "With the partner"}
	case prebill.StatusChangesRequested:
		return partial.Chip{Tone: partial.Bad, Icon: "flag", Text: "Sent back"}
	case prebill.StatusApproved:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Approved"}
	case prebill.StatusTaken:
		return partial.Chip{Tone: partial.Calm, Icon: "money", Text: "Invoiced"}
	case prebill.StatusCancelled:
		return partial.Chip{Tone: partial.Line, Text: "Cancelled"}
	default:
		return partial.Chip{Tone: partial.Line, Icon: "edit", Text: "Draft"}
	}
}

func (s *Site) prebills(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Pre-bills", "prebills")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	states := make([]string, 0, len(prebill.Statuses()))
	for _, st := range prebill.Statuses() {
		states = append(states, string(st))
	}
	status := prebill.Status(q.one("status", "is no state of a pre-bill", "open pre-bills are shown", states...))
	whom, err := personOf(q.text("waits_for"))
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Prebills.List(r.Context(), prebill.Filter{Status: status, For: whom}, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	counts, err := s.Prebills.Counts(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	standing, err := s.Prebills.StandsIn(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := PrebillListView{Firm: *f.Firm, CanBuild: f.May(rbac.PrebillBuild), Empty: partial.Empty{Icon: "item", Title: "No pre-bills here", Text: "A pre-bill is built from the open entries of a matter."}}
	open := 0
	for st, n := range counts {
		if st.Open() {
			open += n
		}
	}
	v.Tabs = append(v.Tabs, partial.Tab{Text: "Open", Href: href.Prebills(f.FirmID), Count: open, Current: status == "" && whom == ""})
	for _, st := range prebill.Statuses() {
		v.Tabs = append(v.Tabs, partial.Tab{Text: stateChip(st).Text, Href: href.Query(href.Prebills(f.FirmID), "status", string(st)), Count: counts[st], Current: st == status && whom == ""})
	}
	named := whom == ""
	for _, p := range standing {
		named = named || p.ID == whom
		v.Tabs = append(v.Tabs, partial.Tab{Text: "For " + p.Name, Href: href.WaitsFor(f.FirmID, p.ID), Count: p.Waiting, Current: p.ID == whom})
	}
	if !named {
		v.Tabs = append(v.Tabs, partial.Tab{Text: "For one person", Href: href.WaitsFor(f.FirmID, whom), Count: -1, Current: true})
	}
	for _, p := range list.Items {
		item := PrebillItem{ID: p.ID, Name: p.Name(), Matter: titled(p.MatterName, "Matter "+p.MatterNumber), Client: p.ClientName, Number: p.MatterNumber, Label: partial.Label(p.Label), State: stateChip(p.Status), Up: p.ThroughOn, Open: p.OpenFindings, For: p.StandsFor}
		if p.Confidential {
			item.Amount = &money.Amount{Minor: p.InvoiceMinor, Currency: p.Currency}
		}
		v.Rows = append(v.Rows, item)
	}
	v.Pager = pagerOf(href.Query(href.Prebills(f.FirmID), "status", string(status), "waits_for", string(whom)), r, len(list.Items), list.Next)
	return q.show(f, func(c layout.Chrome) templ.Component { return Prebills(c, v) }), nil
}

// personOf reads a person whose list is asked for; a malformed id is as absent as any.
func personOf(text string) (ident.PersonID, error) {
	if text == "" {
		return "", nil
	}
	return ident.Parse[ident.PersonID](text)
}

// pagerOf is the foot of a keyset-paged list whose plain address is base.
func pagerOf(base string, r *httpd.Request, shown int, next string) partial.Pager {
	p := partial.Pager{Shown: format.Counted(shown, "row", "rows") + " shown"}
	joint := "?"
	for _, c := range base {
		if c == '?' {
			joint = "&"
		}
	}
	if next != "" {
		p.Next = base + joint + "after=" + next
	}
	if r.Query("after") != "" {
		p.First = base
	}
	return p
}

func (s *Site) newPrebillPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Build a pre-bill", "prebills")
	if err != nil {
		return nil, err
	}
	ready, err := s.Prebills.Ready(r.Context())
	if err != nil {
		return nil, err
	}
	chosen := titled(r.Form("matter"), r.Query("matter"))
	v := PrebillNewView{Firm: *f.Firm}
	pairs := []string{"", "choose"}
	through := proposedFor(ready, chosen, s.Clock.Now().In(f.Zone))
	for _, x := range ready {
		name := x.MatterNumber + " " + x.MatterName
		pairs = append(pairs, string(x.MatterID), name)
		v.Ready = append(v.Ready, PrebillReady{Matter: x.MatterName, Client: x.ClientName, Number: x.MatterNumber, Entries: x.Entries, Oldest: format.ColumnDate(x.OldestOn),
			Fee: feeText(x), Value: &money.Amount{Minor: x.ValueMinor + x.FeeMinor + x.FreedMinor, Currency: x.Currency}, Href: href.Query(href.PrebillNew(f.FirmID), "matter", string(x.MatterID))})
	}
	v.Form = partial.Form{Action: href.PrebillNew(f.FirmID), Submit: "Build pre-bill", Cancel: href.Prebills(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "matter", Label: "Matter", Kind: partial.Select, Options: partial.Options(chosen, pairs...), Required: true},
		{Name: "through", Label: "Work up to and with", Kind: partial.Date, Value: titled(r.Form("through"), format.DateKey(through)), Required: true},
		{Name: "period_from", Label: "Period from", Kind: partial.Date, Value: r.Form("period_from"), Hint: "Empty: all open work belongs on it. Else older work is remarked on; build again to widen the period"},
	}}
	return PrebillNew(f.Chrome, v), nil
}

// feeText names the fee that is due and what was released, "" for none.
func feeText(x prebill.Ready) string {
	var parts []string
	if x.Fee != "" {
		parts = append(parts, "with the fee for "+placeName(x.Fee))
	}
	if x.GrossMinor > 0 {
		parts = append(parts, "with a share of what came in")
	}
	if x.FreedMinor > 0 {
		parts = append(parts, "with fees that were held back")
	}
	return strings.Join(parts, ", ")
}

// proposedFor is up to when the chosen matter's work is billed, or any matter's where
// none is chosen: a day up to which there is something to bill, where there is any.
func proposedFor(ready []prebill.Ready, chosen string, now time.Time) time.Time {
	var oldest time.Time
	for _, x := range ready {
		if string(x.MatterID) == chosen {
			return proposedThrough(now, x.OldestOn)
		}
		if oldest.IsZero() || x.OldestOn.Before(oldest) {
			oldest = x.OldestOn
		}
	}
	return proposedThrough(now, oldest)
}

// proposedThrough is up to when work is billed where nobody says otherwise: the end of the
// last month, or today where all of it is of this one.
func proposedThrough(now, oldest time.Time) time.Time {
	if last := lastOfPreviousMonth(now); !oldest.After(last) {
		return last
	}
	return now
}

// closeName is what a run is called where nobody says otherwise: after the month of the
// last work that waits, or the last month where nothing does.
func closeName(firms []RunNewFirm, now time.Time) string {
	var last time.Time
	for _, f := range firms {
		for _, w := range f.Waiting {
			if w.LastWork.After(last) {
				last = w.LastWork
			}
		}
	}
	if last.IsZero() {
		last = lastOfPreviousMonth(now)
	}
	return format.Month(last) + " close"
}

func lastOfPreviousMonth(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
}

// periodWords say of which days the work on a pre-bill is.
func periodWords(p prebill.Prebill) string {
	if p.PeriodFrom == nil {
		return "up to " + format.Date(p.ThroughOn)
	}
	return format.Date(*p.PeriodFrom) + " to " + format.Date(p.ThroughOn)
}

func (s *Site) buildPrebill(r *httpd.Request) (httpd.Reply, error) {
	id, err := ident.Parse[ident.MatterID](r.Form("matter"))
	if err != nil {
		err = prebill.ErrInvalid.On(fault.Field{Path: "matter", Code: "matter_missing", Message: "choose a matter"})
	}
	through, dateErr := time.Parse(time.DateOnly, r.Form("through"))
	if err == nil && dateErr != nil {
		err = prebill.ErrInvalid.On(fault.Field{Path: "through", Code: "date_form", Message: "enter the last day as 2026-10-31"})
	}
	o := prebill.Order{Matter: id, Through: through}
	var fs fault.Fields
	if from := dayTyped(r, &fs, "period_from"); from != nil {
		o.From = *from
	}
	if err == nil {
		err = fs.Err(prebill.ErrInvalid)
	}
	var p prebill.Prebill
	if err == nil {
		p, err = s.Prebills.Build(r.Context(), o)
	}
	if errors.Is(err, prebill.ErrWithPartner) {
		return httpd.Go(href.Prebill(r.Firm(), p.ID), format.Capital(httpd.FaultOf(err).Message)+"."), nil
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newPrebillPage(r, err) })
	}
	said := " is built."
	if p.Version > 1 {
		said = " was there as a draft and holds the work up to " + format.Date(p.ThroughOn) + " now."
	}
	return httpd.Go(href.Prebill(r.Firm(), p.ID), p.Name()+said), nil
}

// decide runs one act on a whole pre-bill and shows the pre-bill again, with the
// refusal on top when there is one.
func (s *Site) decide(r *httpd.Request, done string, act func(id ident.PrebillID, version int) (prebill.Prebill, error)) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PrebillID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := act(id, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.prebillPage(r, id, err) })
	}
	return httpd.Go(href.Prebill(r.Firm(), id), done), nil
}

func (s *Site) submitPrebill(r *httpd.Request) (httpd.Reply, error) {
	return s.decide(r, "Handed to the partner.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.Submit(r.Context(), id, version)
	})
}

func (s *Site) approvePrebill(r *httpd.Request) (httpd.Reply, error) {
	return s.decide(r, "Approved. You can withdraw until its run takes it.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.Approve(r.Context(), id, version, r.Form("hash"))
	})
}

func (s *Site) sendBackPrebill(r *httpd.Request) (httpd.Reply, error) {
	return s.decide(r, "Sent back to the billing team.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.RequestChanges(r.Context(), id, version, r.Form("note"))
	})
}

func (s *Site) withdrawPrebill(r *httpd.Request) (httpd.Reply, error) {
	return s.decide(r, "The approval is withdrawn.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.Withdraw(r.Context(), id, version)
	})
}

func (s *Site) cancelPrebill(r *httpd.Request) (httpd.Reply, error) {
	return s.decide(r, "Cancelled. Its lines can be billed again.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.Cancel(r.Context(), id, version)
	})
}

func (s *Site) fixPrebill(r *httpd.Request) (httpd.Reply, error) {
	finding, err := httpd.ID[ident.FindingID](r, "finding")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.decide(r, "The fix is applied. Undo stands where it was applied.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.ApplyFix(r.Context(), id, version, finding)
	})
}

func (s *Site) waivePrebill(r *httpd.Request) (httpd.Reply, error) {
	finding, err := httpd.ID[ident.FindingID](r, "finding")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.decide(r, "It stays, with your reason.", func(id ident.PrebillID, _ int) (prebill.Prebill, error) {
		return prebill.Prebill{}, s.Prebills.Waive(r.Context(), id, finding, r.Form("reason"))
	})
}

func (s *Site) overridePrebill(r *httpd.Request) (httpd.Reply, error) {
	finding, err := httpd.ID[ident.FindingID](r, "finding")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.decide(r, "It may pass. The override is on record.", func(id ident.PrebillID, _ int) (prebill.Prebill, error) {
		return prebill.Prebill{}, s.Prebills.Override(r.Context(), id, finding, overrideTyped(r))
	})
}

func (s *Site) prebill(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PrebillID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	page, err := s.showPrebill(r, id, q, nil)
	return q.reply(page), err
}

// prebillPage is the pre-bill after a refused act.
func (s *Site) prebillPage(r *httpd.Request, id ident.PrebillID, failed error) (templ.Component, error) {
	return s.showPrebill(r, id, readFilters(nil), failed)
}

func (s *Site) showPrebill(r *httpd.Request, id ident.PrebillID, q *filters, failed error) (templ.Component, error) {
	p, err := s.Prebills.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	r.For("prebill", string(id))
	f, err := s.frame(r, p.MatterName+": pre-bill "+p.Name(), "prebills")
	if err != nil {
		return nil, err
	}
	v := PrebillView{
		Firm: *f.Firm, ID: id, Version: p.Version, Name: p.Name(), Matter: p.MatterName, Number: p.MatterNumber, Client: p.ClientName, Payor: payorWords(p),
		Period: periodWords(p.Prebill), Label: partial.Label(p.Label), State: stateChip(p.Status), Mark: PrebillMark(q.one("show", "is no way to show a pre-bill", "changes are marked", string(MarkClean), string(MarkAsIs))), Hash: p.Hash,
		Note: p.Note, Redacted: p.Redacted, Today: s.today(f),
	}
	if p.Preparer != "" {
		v.Prepared = "Prepared by " + p.Preparer + ", " + format.Date(p.PreparedAt.In(f.Zone))
	}
	if failed != nil {
		v.Problem = sentence(httpd.FaultOf(failed).Message)
	}
	for _, m := range p.Manual {
		v.Manual = append(v.Manual, partial.Fact{Name: m.Clause, Value: m.Text})
	}
	v.Flow = flowOf(f, p)
	v.Groups = s.prebillGroups(f, p)
	v.Beside, v.Parts, v.Behind = besideRows(f, p), partsOf(f, p), p.Behind
	v.Shares, v.Split, v.Recosted = sharesOf(f, p), p.SplitChanged, p.ClosingChanged
	if v.Taxes, err = s.taxesOf(r, id, p); err != nil {
		return nil, err
	}
	held, err := s.prebillTrust(r, f, p.MatterID, p.Totals.InvoiceMinor)
	if err != nil {
		return nil, err
	}
	v.Parts = append(v.Parts, held...)
	v.Remarks = prebillFindings(f, p, p.Findings, changes(f, p))
	v.refused(r, failed)
	v.Decide = decisionOf(f, r, p, failed)
	if err := s.stopped(r, f, p, &v.Decide); err != nil {
		return nil, err
	}
	f.Wrong = q.said()
	return Prebill(f.Chrome, v), nil
}

// refused puts a reason that came back at its finding, where it can be seen.
func (v *PrebillView) refused(r *httpd.Request, failed error) {
	if failed == nil {
		return
	}
	v.unitsAgain(r, failed)
	for i := range v.Remarks {
		if f := &v.Remarks[i]; string(f.ID) == r.Param("finding") {
			f.Reason, f.Typed = reasonAgain(r, failed), overrideAgain(r, failed)
		}
	}
	for i := range v.Groups {
		g := &v.Groups[i]
		for j := range g.Lines {
			for k := range g.Lines[j].Findings {
				if f := &g.Lines[j].Findings[k]; string(f.ID) == r.Param("finding") {
					f.Reason, f.Typed, g.Open = reasonAgain(r, failed), overrideAgain(r, failed), true
				}
			}
		}
	}
}

func flowOf(f frame, p prebill.View) PrebillFlow {
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: p.Currency} }
	t := p.Totals
	arranged := len(p.Charges) > 0 || t.ArrangedMinor != 0
	for _, x := range p.Parts {
		arranged = arranged || x.Version.ID != ""
	}
	return PrebillFlow{
		HasArranged: arranged, Arranged: in(t.ArrangedMinor),
		Recorded: in(t.RecordedMinor), RecordedHours: t.RecordedHours, Lines: t.Lines, Team: in(t.TeamMinor), TeamLines: t.TeamLines, Own: in(t.FirmMinor), OwnLines: t.FirmLines,
		TeamCut: t.TeamCutMinor > 0, OwnCut: t.FirmCutMinor > 0, TeamHeld: t.TeamHeld, OwnHeld: t.Held - t.TeamHeld, Invoice: in(t.InvoiceMinor), Fees: in(t.FeesMinor), Expenses: in(t.ExpensesMinor), Reader: !f.Spine, FirmWord: f.Firm.Name,
	}
}

// stopped says why the last run could not make an invoice of an approved pre-bill.
func (s *Site) stopped(r *httpd.Request, f frame, p prebill.View, d *PrebillDecision) error {
	if p.Status != prebill.StatusApproved || !f.May(rbac.RunRead) {
		return nil
	}
	item, ok, err := s.Invoices.Stopped(r.Context(), p.ID)
	if err != nil || !ok || p.ApprovedAt != nil && item.UpdatedAt.Before(*p.ApprovedAt) {
		return err // what was approved again since is another content
	}
	d.Stopped = sentence(item.Message)
	d.Run = href.Run(item.Run)
	return nil
}

// forWhom follows the name of who stood in.
func forWhom(name string) string {
	if name == "" {
		return ""
	}
	return " for " + name
}

func decisionOf(f frame, r *httpd.Request, p prebill.View, failed error) PrebillDecision {
	d := PrebillDecision{
		Approve:  p.Status == prebill.StatusInReview && f.May(rbac.PrebillApprove),
		Submit:   (p.Status == prebill.StatusDraft || p.Status == prebill.StatusChangesRequested) && f.May(rbac.PrebillSubmit),
		Withdraw: p.Status == prebill.StatusApproved && f.May(rbac.PrebillApprove),
		Next:     "Once approved, it waits for its invoice run; the approval can be withdrawn until the run takes it.",
	}
	switch p.Status { //nolint:exhaustive // what can still be decided says so by its buttons
	case prebill.StatusApproved:
		d.Next = "Approved, it waits for its invoice run. The approval can be withdrawn until the run takes it."
	case prebill.StatusTaken:
		d.Next = "Invoiced. It does not change any more; a credit note of its invoice frees the work again."
		if len(p.Shares) > 0 {
			d.Next = "Invoiced to each payor. It does not change any more; the work is free again when all of its invoices are credited to be billed again."
		}
	case prebill.StatusCancelled:
		d.Next = "Cancelled. Its time and costs can be billed again."
	}
	if d.SendBack = d.Approve; d.Approve && p.StandsFor != "" {
		d.StandsFor = "It waits for " + p.StandsFor + ", for whom you stand in. Your approval is recorded as yours for " + p.StandsFor + "."
	}
	_, cancels := prebill.Step(p.Status, prebill.StatusCancelled)
	d.Cancel = cancels && f.May(rbac.PrebillCancel)
	switch {
	case d.Approve && p.OwnWork:
		d.WhyNot = "You prepared or handed in this pre-bill, so another partner approves it."
	case d.Approve && p.BlockFindings > 0:
		d.WhyNot = fmt.Sprintf("%s: fix the line or the bill, or say why it stays.", format.Counted(p.BlockFindings, "finding blocks", "findings block"))
	case d.Submit && p.OpenFindings > 0:
		d.WhyNot = fmt.Sprintf("%s open: fix the line or the bill, or say why it stays.", format.Counted(p.OpenFindings, "finding is", "findings are"))
	}
	if p.ApprovedAt != nil {
		d.Approved = "Approved by " + p.Approver + forWhom(p.ApproverFor) + ", " + format.Moment(p.ApprovedAt.In(f.Zone))
	}
	if failed != nil {
		d.Returned = Faulty{Value: r.Form("note"), Error: partial.FaultsOf(failed).On("note")}
	}
	return d
}
