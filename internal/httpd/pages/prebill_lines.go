package pages

import (
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/rbac"
)

func (s *Site) mountPrebillLines(srv *httpd.Server) {
	for _, act := range []string{"edit", "write-down", "hold", "release"} {
		path := "/firms/{firm}/prebills/{id}/lines/{line}/" + act
		get(srv, path, rbac.PrebillEdit, func(r *httpd.Request) (httpd.Reply, error) { return s.lineForm(r, act) })
		fill(srv, path, rbac.PrebillEdit, func(r *httpd.Request) (httpd.Reply, error) { return s.changeLine(r, act) },
			func(r *httpd.Request, failed error) (templ.Component, error) { return s.linePage(r, act, failed) })
	}
	split := "/firms/{firm}/prebills/{id}/lines/{line}/split"
	get(srv, split, rbac.PrebillEdit, func(r *httpd.Request) (httpd.Reply, error) { return s.lineForm(r, "split") })
	fill(srv, split, rbac.PrebillEdit, s.splitLine, func(r *httpd.Request, failed error) (templ.Component, error) { return s.linePage(r, "split", failed) })
	get(srv, "/firms/{firm}/prebills/{id}/merge", rbac.PrebillEdit, s.mergeForm)
	fill(srv, "/firms/{firm}/prebills/{id}/merge", rbac.PrebillEdit, s.mergeLines, of(s.mergePage))
	post(srv, "/firms/{firm}/prebills/{id}/lines/{line}/undo", rbac.PrebillEdit, s.undoLine)
	post(srv, "/firms/{firm}/prebills/{id}/cuts/{cut}/undo", rbac.PrebillEdit, s.undoCut)
	post(srv, "/firms/{firm}/prebills/{id}/prices/put", rbac.PrebillEdit, s.putPrice)
	post(srv, "/firms/{firm}/prebills/{id}/prices/take", rbac.PrebillEdit, s.takePrice)
}

var groupTitles = map[prebill.Group]string{
	prebill.GroupLook: "Worth a look", prebill.GroupTeam: "Changed by the billing team", prebill.GroupFirm: "Changed by the firm", prebill.GroupUnchanged: "Unchanged",
}

func (s *Site) prebillGroups(f frame, p prebill.View) []PrebillGroup {
	var groups []PrebillGroup
	with := map[ident.PrebillLine]bool{}
	if changes(f, p) {
		with = mergeWith(p)
	}
	for _, sec := range p.Sections() {
		if len(sec.Lines) == 0 {
			continue
		}
		g := PrebillGroup{Title: groupTitles[sec.Group], Amount: money.Amount{Minor: sec.Minor, Currency: p.Currency}, Open: sec.Group != prebill.GroupUnchanged || len(p.Lines) <= 12}
		if sec.Group == prebill.GroupFirm && !f.Spine {
			g.Title = "Your changes"
		}
		for i := range sec.Lines {
			row := rowOf(f, p, &sec.Lines[i])
			row.Mergeable = with[row.ID]
			g.Lines = append(g.Lines, row)
		}
		groups = append(groups, g)
	}
	return groups
}

func rowOf(f frame, p prebill.View, l *prebill.Line) PrebillRow {
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: p.Currency} }
	row := PrebillRow{
		ID: l.ID, No: l.Position, On: l.On, Who: l.TKName, Text: l.Narrative, Was: l.Recorded.Narrative, Quantity: l.Quantity, WasQty: l.Recorded.Quantity,
		Rate: l.Rate, WasRate: l.Recorded.Rate, Amount: in(l.Bills()), WasAmount: in(l.Recorded.Amount), Expense: l.Kind != guideline.Time, Held: l.Held,
		Mine: l.ChangedBy(amend.SideFirm), Codes: codesOf(l.Task, l.Activity, l.Expense),
	}
	if l.Task != l.Recorded.Task || l.Activity != l.Recorded.Activity || l.Expense != l.Recorded.Expense {
		row.WasCodes = l.Recorded.Task + " " + l.Recorded.Activity + l.Recorded.Expense
	}
	if l.Held {
		row.Tags = append(row.Tags, partial.Chip{Tone: partial.Calm, Icon: "pause", Text: "Held"})
	}
	if len(l.Sources) > 0 {
		row.Tags = append(row.Tags, partial.Chip{Tone: partial.Line, Icon: "chain", Text: format.Counted(len(l.Sources), "entry", "entries")})
		row.Why = append(row.Why, mergedWords(l, in))
	}
	for _, e := range l.Edits {
		if e.UndoneAt != nil {
			continue
		}
		row.Why = append(row.Why, changeWords(f, e))
		row.Undo = &partial.Button{Text: "Undo", Action: href.PrebillLine(f.FirmID, p.ID, l.ID, "undo"), Version: p.Version, Class: "sm quiet", Icon: "history", Press: "z"}
	}
	if by := l.RoundedMinor(); by != 0 {
		row.Why = append(row.Why, "Rounded for itself, this part bills "+signed(by, func(m int64) string { return format.Money(in(m)) })+" beside its share of what was recorded.")
	}
	if c := l.Recorded.Converted; c.Is() && len(l.Sources) == 0 {
		row.Why = append(row.Why, convertedWhy(l))
	}
	row.Why = append(row.Why, arrangedWhy(l.Arranged, in)...)
	editable := changes(f, p)
	if !editable {
		row.Undo = nil
	} else {
		row.Acts = []PrebillAct{{Act: "edit", Text: "Edit"}, {Act: "write-down", Text: "Write down"}, {Act: "hold", Text: "Hold"}}
		if l.Held {
			row.Acts = []PrebillAct{{Act: "release", Text: "Put back on the bill", Pressed: true}}
		}
		switch {
		case l.SplitOf != "":
			row.Acts = row.Acts[:2] // a part is not held without the others
		case len(l.Sources) > 0 && !l.Held:
			row.Acts = row.Acts[:2] // an entry is not held with others
		case l.MaySplit():
			row.Acts = append(row.Acts, PrebillAct{Act: "split", Text: "Split"})
		}
	}
	if editable && f.May(rbac.EntryTransfer) && p.Status != prebill.StatusApproved && l.SplitOf == "" && len(l.Sources) == 0 {
		row.Transfer = &partial.Link{Text: "Transfer", Href: href.TransferEntry(f.FirmID, l.EntryID)}
	}
	row.Findings = prebillFindings(f, p, l.Findings, editable)
	row.papers(f, l)
	return row
}

// papers leads to the receipts of a cost, and from the finding that asks for one.
func (row *PrebillRow) papers(f frame, l *prebill.Line) {
	if !row.Expense || len(l.Sources) > 0 || !f.May(rbac.ReceiptRead) {
		return
	}
	at := href.Entry(f.FirmID, l.EntryID) + "#receipts"
	row.Papers = &partial.Link{Text: "No receipt", Href: at}
	if l.Receipts > 0 {
		row.Papers.Text = format.Counted(l.Receipts, "receipt", "receipts")
	}
	for i := range row.Findings {
		if x := &row.Findings[i]; x.Rule == guideline.ReceiptRule && x.Open && f.May(rbac.ReceiptAttach) {
			x.Attach = &partial.Link{Text: "Attach the receipt", Href: at}
		}
	}
}

// changes tells whether the reader may change what is on the pre-bill.
func changes(f frame, p prebill.View) bool {
	return p.Status.Editable() && f.May(rbac.PrebillEdit) && !p.Redacted
}

// convertedWhy says what a price of another currency was recorded at.
func convertedWhy(l *prebill.Line) string {
	c := l.Recorded.Converted
	if l.Kind == guideline.Time {
		return "Recorded at " + exchange.Said(c.From, c.Price.Text(c.From.Exponent())+" an hour", c.Rate, c.On) + "."
	}
	text := c.Price.Text(c.From.Exponent()) + " each"
	if paid, err := money.Line(l.Recorded.Quantity, c.Price, c.From, money.HalfUp); err == nil {
		text = money.Amount{Minor: paid, Currency: c.From}.Text()
	}
	return "Paid " + exchange.Said(c.From, text, c.Rate, c.On) + "."
}

// arrangedWhy says what the arrangement made of a line.
func arrangedWhy(a prebill.Arranged, in func(int64) money.Amount) (why []string) {
	say := func(minor int64, words string) {
		if minor != 0 {
			why = append(why, "As agreed: "+words+", "+signed(minor, func(m int64) string { return format.Money(in(m)) }))
		}
	}
	words := map[amend.Reason]string{amend.ReasonFixed: "in the agreed price", amend.ReasonCourtesy: "no charge"}[a.Reason]
	if a.Rate != 0 {
		words = "blended rate of " + format.Rate(a.Rate, in(0).Currency)
	}
	say(a.AgreedMinor, words)
	say(a.CapMinor, "fee cap")
	say(a.DiscountMinor, "discount")
	return why
}

// besideRows are what stands on the bill beside its lines.
func besideRows(f frame, p prebill.View) (rows []PrebillBeside) {
	for _, c := range p.Charges {
		why := "By the fee arrangement"
		if c.Quantity > 0 {
			why += ": " + c.Quantity.String() + " × " + format.Rate(c.Rate, p.Currency)
		}
		rows = append(rows, PrebillBeside{Text: c.Text(), Why: why, Amount: money.Amount{Minor: c.Minor, Currency: p.Currency}})
	}
	for i := range p.Cuts {
		c := &p.Cuts[i]
		if !c.Stands() {
			continue
		}
		row := PrebillBeside{Text: c.Text(), Why: c.ByName + ", " + format.Moment(c.At.In(f.Zone)) + ": " + WriteDownWords(string(c.Reason)), Amount: money.Amount{Minor: -c.Minor, Currency: p.Currency}}
		if c.Note != "" {
			row.Why += ". " + c.Note
		}
		if changes(f, p) {
			row.Undo = &partial.Button{Text: "Undo", Action: href.Prebill(f.FirmID, p.ID) + "/cuts/" + string(c.ID) + "/undo", Version: p.Version, Class: "sm quiet", Icon: "history", Press: "z"}
		}
		rows = append(rows, row)
	}
	return rows
}

func codesOf(codes ...string) []partial.Code {
	var out []partial.Code
	for _, c := range codes {
		if c == "" {
			continue
		}
		name := c
		if k, ok := utbms.Lookup(c); ok {
			name = k.Name
		}
		out = append(out, partial.Code{Code: c, Name: name})
	}
	return out
}

// prebillFindings are what is not fixed, on a line or on the bill.
func prebillFindings(f frame, p prebill.View, found []guideline.Stored, editable bool) []PrebillFinding {
	var out []PrebillFinding
	for _, x := range found {
		if x.State == guideline.Fixed {
			continue
		}
		shown := PrebillFinding{ID: x.ID, Rule: x.Rule, Open: x.State == guideline.Open, Title: x.Title + " (" + x.Rule + ")", Fact: x.Message, State: findingChip(x)}
		if x.AtRiskMinor > 0 {
			shown.AtRisk = format.Money(money.Amount{Minor: x.AtRiskMinor, Currency: x.Currency}) + " at risk"
		}
		at := href.Prebill(f.FirmID, p.ID) + "/findings/" + string(x.ID)
		switch {
		case x.State == guideline.Waived:
			shown.Fact += " " + keptWords(x)
		case editable:
			if x.Proposal != nil {
				shown.Fix = &partial.Button{Text: titled(x.Fix, "Apply the fix"), Action: at + "/fix", Version: p.Version, Class: "sm", Press: "1"}
			} else {
				shown.Advice = x.Fix
			}
			if x.Severity != guideline.Block && f.May(rbac.FindingWaive) {
				shown.Keep = at + "/waive"
			}
		}
		if x.State == guideline.Open && x.Severity == guideline.Block && p.Status.Editable() {
			shown.mayPass(f, p, at)
		}
		out = append(out, shown)
	}
	return out
}

// mayPass offers to let a blocking finding pass, or says who may.
func (x *PrebillFinding) mayPass(f frame, p prebill.View, at string) {
	switch {
	case !f.May(rbac.FindingOverride):
		x.Blocks = blockWords
	case !p.Redacted:
		x.Override = at + "/override"
	}
}

func findingChip(x guideline.Stored) partial.Chip {
	switch {
	case x.State == guideline.Waived:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Kept with a reason"}
	case x.Severity == guideline.Block:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Blocks"}
	default:
		return partial.Chip{Tone: partial.Warn, Icon: "flag", Text: "Open"}
	}
}

func (s *Site) lineForm(r *httpd.Request, act string) (httpd.Reply, error) {
	page, err := s.linePage(r, act, nil)
	return httpd.Show(page), err
}

// lineOf finds the line of the path in its pre-bill.
func (s *Site) lineOf(r *httpd.Request) (p prebill.View, l *prebill.Line, err error) {
	id, err := httpd.ID[ident.PrebillID](r, "id")
	if err != nil {
		return p, nil, err
	}
	line, err := httpd.ID[ident.PrebillLine](r, "line")
	if err != nil {
		return p, nil, err
	}
	if p, err = s.Prebills.Get(r.Context(), id); err != nil {
		return p, nil, err
	}
	for i := range p.Lines {
		if p.Lines[i].ID == line {
			return p, &p.Lines[i], nil
		}
	}
	return p, nil, prebill.ErrNotFound
}

func (s *Site) linePage(r *httpd.Request, act string, failed error) (templ.Component, error) {
	p, l, err := s.lineOf(r)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, p.Name()+", line "+strconv.Itoa(l.Position), "prebills")
	if err != nil {
		return nil, err
	}
	choice, err := s.codesOf(r, p.MatterID, l.On)
	if err != nil {
		return nil, err
	}
	row := rowOf(f, p, l)
	v := LineFormView{Crumbs: []partial.Link{{Text: "Pre-bills", Href: href.Prebills(f.FirmID)}, {Text: p.Name(), Href: href.Prebill(f.FirmID, p.ID)}, {Text: row.label()}}, Facts: row.facts()}
	v.Form = partial.Form{Action: r.Path(), Version: p.Version, Cancel: href.Prebill(f.FirmID, p.ID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed)}
	if p.Status == prebill.StatusApproved {
		v.Warning = "This pre-bill is approved. A change voids the approval."
	}
	value := func(field, stored string) string {
		if failed != nil {
			return r.Form(field)
		}
		return stored
	}
	note := partial.Field{Name: "note", Label: "Note", Kind: partial.Area, Value: value("note", ""), Max: 500, Wide: true, Hint: "The firm and the billing team see it"}
	n := strconv.Itoa(l.Position)
	switch act {
	case "write-down":
		v.Title, v.Form.Submit = "Write down line "+n, "Write down"
		v.Form.Fields = []partial.Field{
			{Name: "amount", Label: "Bill instead", Kind: partial.Decimal, Value: value("amount", money.Amount{Minor: l.Work.Amount(), Currency: p.Currency}.Text()), Required: true, Hint: "In " + string(p.Currency) + "; 0 is no charge"},
			{Name: "reason", Label: "Reason", Kind: partial.Select, Options: partial.Options(value("reason", string(amend.ReasonCourtesy)), reasons()...)}, note,
		}
	case "hold":
		v.Title, v.Form.Submit = "Hold line "+n, "Hold for the next bill"
		note.Required = true
		v.Form.Fields = []partial.Field{note}
	case "split":
		v.Title, v.Form.Submit = "Split line "+n, "Split line"
		v.Form.Faults = splitFaults(v.Form.Faults)
		v.Form.Fields = splitFields(r, p, l, choice, failed != nil)
	case "release":
		v.Title, v.Form.Submit = "Put line "+n+" back", "Put back on the bill"
		v.Form.Fields = []partial.Field{note}
	default:
		v.Title, v.Form.Submit = "Edit line "+n, "Save line"
		note.Hint = "The firm and the billing team see it; needed for the reason Other"
		v.Form.Fields = append(editFields(p.TaskSet, l.Work, p.Currency, choice, value), note)
		if l.MaySplit() {
			form := partial.Form{ID: "s", Action: href.PrebillLine(f.FirmID, p.ID, l.ID, "split"), Version: p.Version, Submit: "Split line", Side: true, Fields: splitFields(r, p, l, choice, false)}
			v.Split = &form
		}
	}
	return LineForm(f.Chrome, v), nil
}

func (s *Site) changeLine(r *httpd.Request, act string) (httpd.Reply, error) {
	p, l, err := s.lineOf(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	ctx, version, note := r.Context(), r.FormInt("version"), r.Form("note")
	switch act {
	case "write-down":
		var amount money.Amount
		if amount, err = money.ParseAmount(r.Form("amount"), p.Currency); err != nil {
			err = prebill.ErrInvalid.On(fault.Field{Path: "amount", Code: "amount_form", Message: "enter an amount such as 250.00"})
		} else {
			_, err = s.Prebills.WriteDown(ctx, p.ID, version, l.ID, amount.Minor, amend.Reason(r.Form("reason")), note)
		}
	case "hold":
		_, err = s.Prebills.Hold(ctx, p.ID, version, l.ID, note)
	case "release":
		_, err = s.Prebills.Release(ctx, p.ID, version, l.ID, note)
	default:
		var c amend.Change
		if c, err = changeOf(r, l.Work); err == nil {
			_, err = s.Prebills.Edit(ctx, p.ID, version, l.ID, c)
		}
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.linePage(r, act, err) })
	}
	_, after, err := s.lineOf(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: p.Currency} }
	return httpd.Go(href.Prebill(r.Firm(), p.ID)+"#l"+strconv.Itoa(l.Position), savedLine(l.Position, in(l.Bills()), in(after.Bills()))), nil
}

func (s *Site) undoLine(r *httpd.Request) (httpd.Reply, error) {
	line, err := httpd.ID[ident.PrebillLine](r, "line")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.decide(r, "The last change of the line is taken back.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.Undo(r.Context(), id, version, line)
	})
}

func (s *Site) undoCut(r *httpd.Request) (httpd.Reply, error) {
	cut, err := httpd.ID[ident.CutID](r, "cut")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.decide(r, "The fees are no longer reduced by that.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.UndoCut(r.Context(), id, version, cut)
	})
}
