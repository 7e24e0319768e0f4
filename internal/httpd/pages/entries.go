package pages

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountEntries adds recorded time and costs: the list behind every figure of an
// import, a matter or a month, and one entry as it came in.
func (s *Site) MountEntries(srv *httpd.Server) {
	get(srv, "/firms/{firm}/entries", rbac.EntryRead, s.entries)
	show(srv, "/firms/{firm}/entries/{id}", rbac.EntryRead, of(s.entryPage))
}

// entryTabs are the states of an entry as people call them.
var entryTabs = []struct {
	text   string
	status capture.Status
}{
	{"All", ""}, {"Not billed", capture.StatusOpen}, {"On a pre-bill", capture.StatusBilling}, {"Billed", capture.StatusBilled}, {"Transferred", capture.StatusMoved}, {"Undone", capture.StatusRemoved},
}

func (s *Site) entries(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Time and costs", "entries")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter, err := entryFilter(q)
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Capture.Entries(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	sums, err := s.Capture.Sums(r.Context(), filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.names(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	narrowed := func(status capture.Status) string {
		return href.Query(href.Entries(f.FirmID), "status", string(status), "client", string(filter.Client), "code", filter.Code, "matter", string(filter.Matter), "timekeeper", string(filter.Timekeeper), "import", string(filter.Import), "from", dateKey(filter.From), "to", dateKey(filter.To))
	}
	v := PlainView{Head: layout.Head{Title: "Time and costs"}, Meta: sumWords(sums), Links: []partial.Link{{Text: "Transfers", Href: href.Transfers(f.FirmID)}}}
	for _, t := range entryTabs {
		v.Tabs = append(v.Tabs, partial.Tab{Text: t.text, Href: narrowed(t.status), Count: -1, Current: t.status == filter.Status})
	}
	fields := []partial.Field{
		{Name: "matter", Label: "Matter", Kind: partial.Select, Options: partial.Options(string(filter.Matter), append([]string{"", "any"}, n.order.matters...)...)},
		{Name: "timekeeper", Label: "Timekeeper", Kind: partial.Select, Options: partial.Options(string(filter.Timekeeper), append([]string{"", "any"}, n.order.timekeepers...)...)},
		{Name: "from", Label: "From", Kind: partial.Date, Value: dateKey(filter.From)}, {Name: "to", Label: "To", Kind: partial.Date, Value: dateKey(filter.To)},
	}
	if filter.Code != "" {
		fields = append(fields, partial.Field{Name: "code", Label: "Code", Value: filter.Code, Max: 20})
	}
	if filter.Client != "" {
		fields = append(fields, partial.Field{Name: "client", Label: "Client", Kind: partial.Select, Options: partial.Options(string(filter.Client), string(filter.Client), "this one", "", "any")})
	}
	if filter.Import != "" {
		v.Lede = "Of one import."
		fields = append(fields, partial.Field{Name: "import", Label: "Import", Kind: partial.Select, Options: partial.Options(string(filter.Import), string(filter.Import), "this one", "", "any")})
	}
	v.Sections = []Section{{Title: "Narrow it", Body: LookFilter(href.Entries(f.FirmID), fields)},
		{Title: "Entries", Table: entryTable(f, n, list.Items), Pager: pagerOf(narrowed(filter.Status), r, len(list.Items), list.Next)}}
	return q.plain(f, v), nil
}

func entryFilter(q *filters) (f capture.Filter, err error) {
	states := make([]string, len(entryTabs))
	for i, t := range entryTabs {
		states[i] = string(t.status)
	}
	f.Status = capture.Status(q.one("status", "is no state of an entry", "entries in every state are shown", states...))
	f.Code = q.text("code")
	if f.Client, err = idOrNone[ident.ClientID](q.text("client")); err != nil {
		return f, err
	}
	if f.Matter, err = idOrNone[ident.MatterID](q.text("matter")); err != nil {
		return f, err
	}
	if f.Timekeeper, err = idOrNone[ident.TimekeeperID](q.text("timekeeper")); err != nil {
		return f, err
	}
	if f.Import, err = idOrNone[ident.ImportID](q.text("import")); err != nil {
		return f, err
	}
	from, to := q.between()
	f.From, f.To = from.Time(), to.Time()
	return f, nil
}

func dateKey(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return format.DateKey(t)
}

// sumWords is what the filter comes to, by currency: entries, hours, value.
func sumWords(sums []capture.Sum) (out []string) {
	for _, x := range sums {
		out = append(out, format.Counted(x.Entries, "entry", "entries")+", "+format.Hours(x.Hours)+" h, "+format.Money(money.Amount{Minor: x.Minor, Currency: x.Currency}))
	}
	return out
}

func entryTable(f frame, n masterNames, list []capture.Entry) *partial.Table {
	t := &partial.Table{Caption: "Entries by work date", Keys: true, Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Matter", Minor: true}, {Head: "Who", Minor: true}, {Head: "Code", NoWrap: true}, {Head: "What", Wide: true}, {Head: "Units", Right: true},
		{Head: "Rate", Right: true, Minor: true}, {Head: "Amount", Right: true}, {Head: "State", NoWrap: true}},
		Empty: partial.Empty{Icon: "clock", Title: "Nothing recorded here", Text: "Time and costs arrive by import."}}
	for _, e := range list {
		if e.Currency == "" { // figures are above the reader's class
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: "not shown", Href: href.Entry(f.FirmID, e.ID), Key: true}, partial.Txt(n.matters[e.MatterID]), {Span: 6}, entryState(f, e)}})
			continue
		}
		units, rate := e.Units()
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Text: format.Date(e.WorkedOn), Href: href.Entry(f.FirmID, e.ID), Key: true}, partial.Txt(n.matters[e.MatterID]), partial.Txt(n.timekeepers[e.TimekeeperID]), {Text: entryCodes(e), Code: true},
			partial.Txt(e.Narrative), partial.Txt(format.Quantity(units)), partial.Txt(format.RateFigure(rate, e.Currency)), partial.Txt(format.Money(money.Amount{Minor: e.AmountMinor, Currency: e.Currency})), entryState(f, e),
		}})
	}
	return t
}

func entryCodes(e capture.Entry) string {
	return strings.TrimSpace(strings.Join([]string{e.Task, e.Activity, e.Expense}, " "))
}

func entryState(f frame, e capture.Entry) partial.Cell {
	for _, t := range entryTabs {
		if t.status == e.Status {
			c := partial.Txt(t.text)
			if e.PrebillID != "" && f.May(rbac.PrebillRead) {
				c.Href = href.Prebill(f.FirmID, e.PrebillID)
			}
			return c
		}
	}
	return partial.Txt(string(e.Status))
}

// entryPage is one entry; failed is why a receipt of it was refused.
func (s *Site) entryPage(r *httpd.Request, id ident.EntryID, failed error) (templ.Component, error) {
	e, err := s.Capture.Entry(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Entry", "entries")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	if e.Currency == "" {
		return nil, authz.ErrForbidden.With("your access shows no figures of this matter")
	}
	units, rate := e.Units()
	what := "Time of " + n.timekeepers[e.TimekeeperID]
	if e.Kind == guideline.Expense {
		what = "Cost"
	}
	state := entryState(f, e)
	facts := []partial.Fact{
		{Name: "Matter", Value: n.matters[e.MatterID], Href: href.Query(href.Entries(f.FirmID), "matter", string(e.MatterID))}, {Name: "Codes", Value: entryCodes(e), Code: true},
		{Name: "What", Value: e.Narrative}, {Name: "Units", Value: format.Quantity(units)}, {Name: "Rate", Value: format.Rate(rate, e.Currency)},
		{Name: "Amount", Value: format.Money(money.Amount{Minor: e.AmountMinor, Currency: e.Currency})}, {Name: "State", Value: state.Text, Href: state.Href},
	}
	if e.Kind == guideline.Time && !f.May(rbac.RateRead) { // else it stands under the rate
		facts = append(facts, partial.Fact{Name: "The rate comes from", Value: e.RateSource}, partial.Fact{Name: "Standard rate", Value: format.Rate(e.Standard, e.Currency)})
	}
	if e.Converted.Is() && (e.Kind == guideline.Expense || !f.May(rbac.RateRead)) { // else it stands under the rate
		paid := partial.Fact{Name: "Converted", Value: e.Converted.Words()}
		if f.May(rbac.RateRead) {
			paid.Href = href.Exchange(f.FirmID, e.Converted.ID)
		}
		facts = append(facts, paid)
	}
	if e.ImportID != "" {
		came := partial.Fact{Name: "Came in", Value: "line " + strconv.Itoa(e.SourceLine) + " of a file, " + format.Moment(e.CreatedAt.In(f.Zone))}
		if f.May(rbac.ImportRead) {
			came.Href = href.Import(f.FirmID, e.ImportID)
		}
		facts = append(facts, came)
	}
	for _, d := range e.Edits {
		if d.UndoneAt == nil {
			facts = append(facts, partial.Fact{Name: "Changed to", Value: format.Money(money.Amount{Minor: d.AfterAt, Currency: e.Currency}) + ". " + changeWords(f, d)})
		}
	}
	if e.ExternalID != "" {
		facts = append(facts, partial.Fact{Name: "Number at the firm", Value: e.ExternalID, Code: true})
	}
	v := PlainView{Head: layout.Head{Title: what + ", " + format.Date(e.WorkedOn), Crumbs: []partial.Link{{Text: "Time and costs", Href: href.Entries(f.FirmID)}}},
		Lede: "As it was recorded. Changes are made at its review and on the pre-bill, and kept beside it.", Sections: []Section{{Title: "Entry", Facts: facts}}}
	if err := s.elsewhere(r, f, e, &v); err != nil {
		return nil, err
	}
	if e.Kind == guideline.Time && f.May(rbac.RateRead) {
		w, err := s.Capture.WhyRate(r.Context(), id)
		if err != nil {
			return nil, err
		}
		if len(w.Prices) > 0 {
			v.Lede += " A repricing run gave it another price; what it came in at stands under its rate."
		}
		v.Sections = append(v.Sections, whyRate(f, n, w))
	}
	if e.Kind == guideline.Expense && !e.Withheld && f.May(rbac.ReceiptRead) {
		section, err := s.receipts(r, f, e, failed)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, section)
	}
	if f.May(rbac.FindingRead) {
		found, err := s.Guidelines.Of(r.Context(), []ident.EntryID{id})
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, Section{Title: "Findings", Table: entryFindings(found)})
	}
	return Plain(f.Chrome, v), nil
}

// elsewhere leads to the transfer that an entry went or came by, and to the form for one
// where it may still go.
func (s *Site) elsewhere(r *httpd.Request, f frame, e capture.Entry, v *PlainView) error {
	id, err := s.Transfers.Of(r.Context(), e.ID)
	if err != nil {
		return err
	}
	facts := &v.Sections[0].Facts
	switch {
	case e.Status == capture.StatusMoved:
		v.Lede = "As it was recorded. It was transferred to another matter, and is billed there."
		if id != "" {
			*facts = append(*facts, partial.Fact{Name: "Went elsewhere", Value: "by a transfer", Href: href.Transfer(f.FirmID, id)})
		}
	case id != "":
		*facts = append(*facts, partial.Fact{Name: "Came from elsewhere", Value: "by a transfer", Href: href.Transfer(f.FirmID, id)})
	}
	if f.May(rbac.EntryTransfer) && !e.Withheld && (e.Status == capture.StatusOpen || e.Status == capture.StatusBilling) {
		v.Links = append(v.Links, partial.Link{Text: "Transfer to another matter", Href: href.TransferEntry(f.FirmID, e.ID)})
	}
	return nil
}

func entryFindings(found []guideline.Stored) *partial.Table {
	t := &partial.Table{Caption: "Findings on this entry", Columns: []partial.Column{{Head: "Rule"}, {Head: "What", Wide: true}, {Head: "Fix", Wide: true}, {Head: "At risk", Right: true}, {Head: "State"}}, Empty: partial.Empty{Icon: "check", Title: "Nothing to remark"}}
	for _, x := range found {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Title, Sub: x.Rule, Key: true}, {Text: x.Message, Sub: x.Note}, partial.Txt(x.Fix), partial.Txt(format.Money(money.Amount{Minor: x.AtRiskMinor, Currency: x.Currency})), partial.Txt(string(x.State))}})
	}
	return t
}
