package pages

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// MountContingent adds what a contingent fee needs beside its terms: what came in on a matter,
// its second word, and the closing statement of a bill.
func (s *Site) MountContingent(srv *httpd.Server) {
	show(srv, "/firms/{firm}/matters/{id}/recoveries", rbac.RecoveryRead, s.recoveriesPage)
	fill(srv, "/firms/{firm}/matters/{id}/recoveries", rbac.RecoveryRecord, s.recordRecovery, s.recoveriesPage)
	show(srv, "/firms/{firm}/matter-recoveries/{id}", rbac.RecoveryRead, s.recoveredPage)
	fill(srv, "/firms/{firm}/matter-recoveries/{id}/correct", rbac.RecoveryRecord, s.correctRecovery, s.recoveredPage)
	post(srv, "/firms/{firm}/matter-recoveries/{id}/confirm", rbac.RecoveryConfirm, s.secondRecovery)
	fill(srv, "/firms/{firm}/matter-recoveries/{id}/withdraw", rbac.RecoveryRecord, s.withdrawRecovery, s.recoveredPage)
	get(srv, "/firms/{firm}/prebills/{id}/closing", rbac.PrebillRead, s.closing)
	s.mountWritings(srv)
}

var stageNames = map[arrangement.Stage]string{arrangement.StageSettlement: "Settlement", arrangement.StageTrial: "Trial", arrangement.StageAppeal: "Appeal"}

var recoveryStates = map[contingent.State]string{
	contingent.StateRecorded: "Waits for somebody else to confirm it", contingent.StateConfirmed: "Confirmed", contingent.StateBilled: "Billed", contingent.StateWithdrawn: "Withdrawn",
}

// recoveryFields are what is typed of a recovery.
func recoveryFields(form string, in money.Currency, typed map[string]string) []partial.Field {
	pairs := []string{"", "choose"}
	for _, x := range arrangement.Stages() {
		pairs = append(pairs, string(x), stageNames[x])
	}
	return []partial.Field{
		{Form: form, Name: "stage", Label: "Stage", Kind: partial.Select, Options: partial.Options(typed["stage"], pairs...), Required: true, Hint: "How far the case went; the share goes by it"},
		{Form: form, Name: "amount", Label: "Amount in " + string(in), Kind: partial.Decimal, Value: typed["amount"], Required: true, Hint: "All that came in, before costs"},
		{Form: form, Name: "received_on", Label: "Received", Kind: partial.Date, Value: typed["received_on"], Required: true},
		{Form: form, Name: "source", Label: "From", Value: typed["source"], Required: true, Max: 200, Wide: true, Hint: "From whom, and how: the defendant's insurer, by wire"},
	}
}

// typedRecovery is what was typed, by field.
func typedRecovery(r *httpd.Request) map[string]string {
	typed := map[string]string{}
	for _, name := range []string{"stage", "amount", "received_on", "source", "reason"} {
		typed[name] = r.Form(name)
	}
	return typed
}

// readRecovery turns what was typed into facts, with every field that cannot be read.
func readRecovery(typed map[string]string, in money.Currency) (n contingent.Facts, err error) {
	var fs fault.Fields
	n = contingent.Facts{Stage: arrangement.Stage(typed["stage"]), Source: strings.TrimSpace(typed["source"])}
	if n.Stage == "" {
		fs.Add("stage", "stage_unknown", "choose settlement, trial or appeal")
	}
	a, err := typedAmount("amount", typed["amount"], in)
	if err != nil {
		fs = append(fs, partial.FaultsOf(err)...)
	}
	n.Minor = a.Minor
	if n.ReceivedOn, err = time.Parse(time.DateOnly, typed["received_on"]); err != nil {
		fs.Add("received_on", "date_form", "enter the day as 2026-10-31")
	}
	return n, fs.Err(contingent.ErrInvalid)
}

func (s *Site) recoveriesPage(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := httpd.ID[ident.MatterID](r, "id")
	if err != nil {
		return nil, err
	}
	m, list, err := s.Contingent.Of(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Recoveries", "arrangements")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, recoveriesView(f, m, list, typedRecovery(r), failed)), nil
}

// recoveriesView lists what came in on a matter. typed is what came back in the form.
func recoveriesView(f frame, m matter.Matter, list []contingent.Recovery, typed map[string]string, failed error) PlainView {
	t := &partial.Table{Caption: "What came in on this matter", Keys: true, Columns: []partial.Column{{Head: "Recovery"}, {Head: "Received", NoWrap: true}, {Head: "Stage"}, {Head: "Amount", Right: true}, {Head: "From", Wide: true, Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "money", Title: "Nothing came in yet", Text: "A contingent fee is a share of what comes in. It is billed once somebody else of the firm confirmed the amount."}}
	for i := range list {
		x := &list[i]
		v := x.Now()
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named("Recovery "+strconv.Itoa(x.Number), href.MatterRecovery(f.FirmID, x.ID), "version "+strconv.Itoa(v.Version)), partial.Txt(format.Date(v.ReceivedOn)),
			partial.Txt(stageNames[v.Stage]), partial.Txt(format.Money(money.Amount{Minor: v.Minor, Currency: x.Currency})), partial.Txt(v.Source), partial.Txt(recoveryStates[x.State()])}})
	}
	out := PlainView{Head: layout.Head{Title: "Recoveries", Crumbs: []partial.Link{{Text: "Fee arrangements", Href: href.Query(href.Arrangements(f.FirmID), "matter", string(m.ID))}}}, Meta: []string{m.Number + " " + m.Name},
		Lede: "Money that came in for the client. Two people say so before a share of it is billed, and nothing is overwritten: a correction is a version of its own.", Sections: []Section{{Title: "What came in", Table: t}}}
	if f.May(rbac.RecoveryRecord) {
		out.Sections = append(out.Sections, Section{ID: "record", Title: "Record a recovery", Note: "Somebody else of the firm confirms it", Form: &partial.Form{ID: "recovery", Action: href.MatterRecoveries(f.FirmID, m.ID), Submit: "Record", Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
			Fields: recoveryFields("", m.Currency, typed)}})
	}
	return out
}

func (s *Site) recordRecovery(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.MatterID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	m, _, err := s.Contingent.Of(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	var x contingent.Recovery
	n, err := readRecovery(typedRecovery(r), m.Currency)
	if err == nil {
		x, err = s.Contingent.Record(r.Context(), id, n)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.recoveriesPage(r, err) })
	}
	return httpd.Go(href.MatterRecovery(r.Firm(), x.ID), "Recorded. Somebody else of the firm confirms it before a share is billed."), nil
}

func (s *Site) recoveredPage(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := httpd.ID[ident.RecoveryID](r, "id")
	if err != nil {
		return nil, err
	}
	d, err := s.Contingent.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Recovery", "arrangements")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, recoveredView(f, d, typedRecovery(r), failed)), nil
}

// recoveredView shows a recovery, what the matter cost, and what the share would leave.
func recoveredView(f frame, d contingent.Detail, typed map[string]string, failed error) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: d.Currency}) }
	now, here := d.Now(), href.MatterRecovery(f.FirmID, d.ID)
	facts := []partial.Fact{{Name: "Amount", Value: in(now.Minor)}, {Name: "Received", Value: format.Date(now.ReceivedOn)}, {Name: "Stage", Value: stageNames[now.Stage]}, {Name: "From", Value: now.Source}, {Name: "State", Value: recoveryStates[d.State()]}}
	if d.Bill != 0 {
		name := (&prebill.Prebill{Number: d.Bill}).Name()
		if d.Invoice != "" {
			name += ", invoice " + d.Invoice
		}
		fact := partial.Fact{Name: "On the bill", Value: name}
		if f.May(rbac.PrebillRead) {
			fact.Href = href.Prebill(f.FirmID, d.Prebill)
		}
		facts = append(facts, fact)
	}
	v := PlainView{Head: layout.Head{Title: "Recovery " + strconv.Itoa(d.Number), Crumbs: []partial.Link{{Text: "Recoveries", Href: href.MatterRecoveries(f.FirmID, d.Matter)}}}, Meta: []string{d.MatterNumber + " " + d.MatterName, "version " + strconv.Itoa(now.Version)},
		Sections: []Section{{Title: "What came in", Facts: facts}}}
	if x := d.Expected; x != nil && !d.Billed {
		v.Sections = append(v.Sections, Section{ID: "expected", Title: "What it would come to", Note: "With today's costs, before discounts and other terms", Facts: []partial.Fact{{Name: "Fee, " + format.Goal(int64(x.Share)) + " of " + in(x.BaseMinor), Value: in(x.AgreedMinor)}, {Name: "Costs of the matter", Value: in(x.CostsMinor)}, {Name: "The client's part", Value: in(x.ClientMinor)}}})
	}
	v.Sections = append(v.Sections, Section{ID: "costs", Title: "Costs of the matter so far", Note: "Without those that the closing statement of another recovery counted", Table: recoveryCosts(d, in)}, Section{Title: "What was recorded", Steps: recoverySteps(f, d, in)})
	refused := problemIn(failed) // of what no form of the page asked for
	if d.Billed || now.WithdrawnAt != nil {
		v.Sections[0].Text = refused
		return v
	}
	if f.May(rbac.RecoveryConfirm) && now.ConfirmedAt == nil {
		v.Acts = append(v.Acts, partial.Button{Text: "Confirm", Action: here + "/confirm", Version: now.Version, Class: "primary"})
	}
	if f.May(rbac.RecoveryRecord) {
		correcting := typed["stage"] != ""
		shown := typed
		if !correcting {
			shown = map[string]string{"stage": string(now.Stage), "amount": money.Amount{Minor: now.Minor, Currency: d.Currency}.Text(), "received_on": format.DateKey(now.ReceivedOn), "source": now.Source}
		}
		fields := append(recoveryFields("correct", d.Currency, shown), partial.Field{Form: "correct", Name: "reason", Label: "Why it is corrected", Value: shown["reason"], Required: true, Max: 300, Wide: true})
		correct := &partial.Form{ID: "correct", Action: here + "/correct", Version: now.Version, Submit: "Keep the correction", Fields: fields}
		withdraw := &partial.Form{ID: "withdraw", Action: here + "/withdraw", Version: now.Version, Submit: "Withdraw", Danger: true, Fields: []partial.Field{{Form: "withdraw", Name: "reason", Label: "Why nothing came in after all", Required: true, Max: 300, Wide: true}}}
		switch {
		case failed == nil:
		case correcting:
			correct.Faults, correct.Problem, refused = partial.FaultsOf(failed), problemIn(failed), ""
		case typed["reason"] != "" || refused == "":
			withdraw.Fields[0].Value = typed["reason"]
			withdraw.Faults, withdraw.Problem, refused = partial.FaultsOf(failed), problemIn(failed), ""
		}
		v.Sections = append(v.Sections, Section{Title: "Correct it", Note: "As a version of its own, which is confirmed anew", Form: correct}, Section{Title: "Withdraw it", Note: "It stays on record", Form: withdraw})
	}
	v.Sections[0].Text = refused
	return v
}

func recoveryCosts(d contingent.Detail, in func(int64) string) *partial.Table {
	t := &partial.Table{Caption: "Costs of the matter so far", Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Cost"}, {Head: "Charged by"}, {Head: "Amount", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "No costs", Text: "Nothing was spent on this matter so far."}}
	for _, c := range d.Costs {
		by := "no invoice yet"
		if c.Invoice != "" {
			by = "invoice " + c.Invoice
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Date(c.On), Key: true}, partial.Txt(prebill.ClosingCost{Code: c.Code}.Text()), partial.Txt(by), partial.Txt(in(c.Minor))}})
	}
	if len(d.Costs) > 0 {
		t.Foot = []partial.Row{{Cells: []partial.Cell{{Text: "Costs", Key: true}, partial.Txt(""), partial.Txt(""), partial.Txt(in(d.CostsMinor))}}}
	}
	return t
}

// recoverySteps are the versions with who said what, the oldest first.
func recoverySteps(f frame, d contingent.Detail, in func(int64) string) (steps []partial.Step) {
	for _, v := range d.Versions {
		text := "Version " + strconv.Itoa(v.Version) + ": " + in(v.Minor) + ", " + stageNames[v.Stage] + ", received " + format.Date(v.ReceivedOn)
		if v.Reason != "" {
			text += ": " + v.Reason
		}
		steps = append(steps, partial.Step{Icon: "edit", Text: text, Note: v.RecordedByName + ", " + format.Moment(v.RecordedAt.In(f.Zone))})
		if v.ConfirmedAt != nil {
			steps = append(steps, partial.Step{Icon: "check", Text: "Confirmed", Note: v.ConfirmedByName + ", " + format.Moment(v.ConfirmedAt.In(f.Zone))})
		}
		if v.WithdrawnAt != nil {
			steps = append(steps, partial.Step{Icon: "x", Text: "Withdrawn: " + v.WithdrawnReason, Note: v.WithdrawnByName + ", " + format.Moment(v.WithdrawnAt.In(f.Zone))})
		}
	}
	return steps
}

func (s *Site) correctRecovery(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RecoveryID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := s.Contingent.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := readRecovery(typedRecovery(r), d.Currency)
	if err == nil {
		_, err = s.Contingent.Correct(r.Context(), id, r.FormInt("version"), n, strings.TrimSpace(r.Form("reason")))
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.recoveredPage(r, err) })
	}
	return httpd.Go(href.MatterRecovery(r.Firm(), id), "Corrected. Somebody else of the firm confirms it anew."), nil
}

func (s *Site) secondRecovery(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RecoveryID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Contingent.Confirm(r.Context(), id, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.recoveredPage(r, err) })
	}
	return httpd.Go(href.MatterRecovery(r.Firm(), id), "Confirmed. The matter's next bill charges the share of it."), nil
}

func (s *Site) withdrawRecovery(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RecoveryID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Contingent.Withdraw(r.Context(), id, r.FormInt("version"), strings.TrimSpace(r.Form("reason"))); err != nil {
		return again(err, func() (templ.Component, error) { return s.recoveredPage(r, err) })
	}
	return httpd.Go(href.MatterRecovery(r.Firm(), id), "Withdrawn. It stays on record."), nil
}

func (s *Site) closing(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PrebillID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	v, err := s.Prebills.Closing(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, "Closing statement", "prebills")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, closingView(f, v))), nil
}

// closingView is the closing statement of a bill, in the words of its paper.
func closingView(f frame, v prebill.ClosingView) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: v.Currency}) }
	out := PlainView{Head: layout.Head{Title: "Closing statement", Crumbs: []partial.Link{{Text: v.Name(), Href: href.Prebill(f.FirmID, v.ID)}}}, Meta: []string{v.MatterNumber + " " + v.MatterName, v.ClientName},
		Lede: "What came in, what the firm takes of it, what it cost and what is the client's. It is part of what is approved, and kept with the invoice as it is issued."}
	if v.Closing == nil {
		out.Sections = []Section{{Title: "No recovery is on this bill", Text: "A closing statement goes with the share of a recovery under a contingent fee."}}
		return out
	}
	words := invoice.StatementOf(v.Closing, v.Currency)
	facts := make([]partial.Fact, len(words.Facts))
	for i, x := range words.Facts {
		facts[i] = partial.Fact{Name: x.Label, Value: x.Value}
	}
	out.Sections = append(out.Sections, Section{Title: "The recovery", Facts: facts})
	sums := &partial.Table{Caption: "What becomes of the recovery", Columns: []partial.Column{{Head: "What", Wide: true}, {Head: "Amount", Right: true}}}
	for i, x := range words.Sums {
		row := partial.Row{Cells: []partial.Cell{{Text: x.Text, Key: true}, partial.Txt(in(x.Minor))}}
		if i == len(words.Sums)-1 {
			sums.Foot = append(sums.Foot, row)
		} else {
			sums.Rows = append(sums.Rows, row)
		}
	}
	out.Sections = append(out.Sections, Section{Title: "What becomes of it", Text: strings.Join(words.Remarks, " "), Table: sums})
	costs := &partial.Table{Caption: "Costs of the matter", Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Cost"}, {Head: "Charged by"}, {Head: "Amount", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "No costs", Text: "Nothing was spent on this matter."}}
	for _, x := range words.Costs {
		row := partial.Row{Cells: []partial.Cell{{Text: x.Text, Key: true}, partial.Txt(""), partial.Txt(""), partial.Txt(in(x.Minor))}}
		if x.Whole {
			costs.Foot = append(costs.Foot, row)
			continue
		}
		row.Cells = []partial.Cell{{Text: format.Date(x.On.Time()), Key: true}, partial.Txt(x.Text), partial.Txt(x.Note), partial.Txt(in(x.Minor))}
		costs.Rows = append(costs.Rows, row)
	}
	out.Sections = append(out.Sections, Section{Title: "Costs", Table: costs})
	if f.May(rbac.RecoveryRead) {
		out.Links = append(out.Links, partial.Link{Text: "Recovery " + strconv.Itoa(v.Closing.Number), Href: href.MatterRecovery(f.FirmID, v.Closing.Recovery)})
	}
	return out
}
