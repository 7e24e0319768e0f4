package pages

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/rbac"
)

// MountTransfers adds the moving of work to the matter that it belongs on: the list, the
// choice of work and matter with what it would come to, and what was done.
func (s *Site) MountTransfers(srv *httpd.Server) {
	get(srv, "/firms/{firm}/transfers", rbac.EntryRead, s.transfers)
	show(srv, "/firms/{firm}/transfers/new", rbac.EntryTransfer, s.transferForm)
	fill(srv, "/firms/{firm}/transfers/new", rbac.EntryTransfer, s.doTransfer, s.transferForm)
	show(srv, "/firms/{firm}/transfers/{id}", rbac.EntryRead, of(s.transferPage))
	fill(srv, "/firms/{firm}/transfers/{id}/take-back", rbac.EntryTransfer, s.takeTransferBack, of(s.transferPage))
}

func (s *Site) transfers(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Transfers", "entries")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	of, err := idOrNone[ident.MatterID](q.text("matter"))
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Transfers.List(r.Context(), of, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.names(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	at := href.Query(href.Transfers(f.FirmID), "matter", string(of))
	return q.plain(f, transfersView(f, n, list.Items, pagerOf(at, r, len(list.Items), list.Next))), nil
}

func transfersView(f frame, n masterNames, list []transfer.Transfer, pager partial.Pager) PlainView {
	t := &partial.Table{Caption: "Transfers between matters, newest first", Keys: true, Columns: []partial.Column{{Head: "When", NoWrap: true}, {Head: "From"}, {Head: "To"}, {Head: "Entries", Right: true}, {Head: "By", Minor: true}, {Head: "Why", Wide: true}, {Head: "State", NoWrap: true}},
		Empty: partial.Empty{Icon: "transfer", Title: "Nothing was transferred", Text: "Work that was recorded on the wrong matter is transferred from its entry, or from its line on a draft."}}
	for _, x := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Moment(x.At.In(f.Zone)), Href: href.Transfer(f.FirmID, x.ID), Key: true}, partial.Txt(unseenOr(n.matters[x.From])), partial.Txt(unseenOr(n.matters[x.To])),
			partial.Txt(format.Count(x.Entries)), partial.Txt(x.ByName), partial.Txt(x.Reason), partial.Txt(transferState(f, x))}})
	}
	return PlainView{Head: layout.Head{Title: "Transfers", Crumbs: []partial.Link{{Text: "Time and costs", Href: href.Entries(f.FirmID)}}},
		Lede: "Work that went to the matter that it belongs on, at the rates of that matter.", Sections: []Section{{Title: "Transfers", Table: t, Pager: pager}}}
}

func transferState(f frame, x transfer.Transfer) string {
	if x.BackAt != nil {
		return "Taken back " + format.Moment(x.BackAt.In(f.Zone))
	}
	return "Stands"
}

// transferChoice is what a person has chosen so far, and what can be chosen.
type transferChoice struct {
	from    ident.MatterID
	to      ident.MatterID
	ticked  []ident.EntryID
	entries []capture.Entry // the ticked ones and what else is open on their matter
	more    bool            // more is open than the form lists
	preview *transfer.Preview
	reason  string
}

// fits refuses more work than one transfer takes, before each of it is looked up.
func (c transferChoice) fits() error {
	if len(c.ticked) <= transfer.MaxEntries {
		return nil
	}
	return transfer.Move{Entries: c.ticked, To: c.to}.Validate()
}

// transferForm is the choice, with what it would come to once there is a matter. failed is
// why the act was refused.
func (s *Site) transferForm(r *httpd.Request, failed error) (templ.Component, error) {
	c, err := s.transferChoice(r)
	if err != nil {
		return nil, err
	}
	if c.to != "" {
		p, err := s.Transfers.Preview(r.Context(), transfer.Move{Entries: c.ticked, To: c.to})
		switch {
		case err == nil:
			c.preview = &p
		case !httpd.Correctable(err):
			return nil, err
		case failed == nil:
			failed = err
		}
	}
	f, err := s.frame(r, "Transfer work", "entries")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, transferFormView(f, n, c, failed)), nil
}

// transferChoice reads the address, or the form that came back.
func (s *Site) transferChoice(r *httpd.Request) (c transferChoice, err error) {
	v := r.Values()
	c.reason = v.Get("reason")
	if c.to, err = idOrNone[ident.MatterID](v.Get("to")); err != nil {
		return c, err
	}
	if c.from, err = idOrNone[ident.MatterID](v.Get("matter")); err != nil {
		return c, err
	}
	if c.ticked, err = idList[ident.EntryID](v["entry"]); err != nil {
		return c, err
	}
	if err := c.fits(); err != nil {
		return c, err
	}
	for _, id := range c.ticked {
		e, err := s.Capture.Entry(r.Context(), id)
		if err != nil {
			return c, err
		}
		c.entries = append(c.entries, e)
		if c.from == "" {
			c.from = e.MatterID
		}
	}
	if c.from == "" {
		return c, nil
	}
	open, err := s.Capture.Entries(r.Context(), capture.Filter{Matter: c.from, Status: capture.StatusOpen}, page.Request{})
	if err != nil {
		return c, err
	}
	c.more = open.Next != ""
	for _, e := range open.Items {
		if !slices.Contains(c.ticked, e.ID) && e.Currency != "" {
			c.entries = append(c.entries, e)
		}
	}
	return c, nil
}

func transferFormView(f frame, n masterNames, c transferChoice, failed error) PlainView {
	v := PlainView{Head: layout.Head{Title: "Transfer work to another matter", Crumbs: []partial.Link{{Text: "Time and costs", Href: href.Entries(f.FirmID)}, {Text: "Transfers", Href: href.Transfers(f.FirmID)}}},
		Lede: "The work goes with what people changed of it, its papers and its day, at the rates of the other matter. What was recorded stays where it came in, and is billed no more."}
	if c.from == "" {
		v.Sections = []Section{{Title: "Which work", Body: AskForm(href.New(href.Transfers(f.FirmID)), "Show its open work",
			[]partial.Field{{Name: "matter", Label: "Recorded on", Kind: partial.Select, Options: partial.Options("", n.order.matters...)}})}}
		return v
	}
	v.Meta = []string{unseenOr(n.matters[c.from])}
	if x := refusedEntries(f, c, failed); x != nil {
		v.Sections = append(v.Sections, *x)
	}
	if c.preview != nil {
		v.Sections = append(v.Sections, transferPreview(f, n, c, failed))
	}
	choose := Section{Title: "What goes where", Body: AskForm(href.New(href.Transfers(f.FirmID)), "Show what it comes to", []partial.Field{
		{Name: "entry", Label: "Work", Kind: partial.Checks, Options: entryBoxes(n, c), Wide: true},
		{Name: "to", Label: "To", Kind: partial.Select, Options: partial.Options(string(c.to), mattersBut(n, c.from)...)}})}
	if len(c.entries) == 0 {
		choose = Section{Title: "What goes where", Text: "No work is open on this matter. What is on a draft is transferred from its line there; what is invoiced stays."}
	}
	if c.more {
		choose.Note = "The first that are open, by work date; the rest is listed once these have gone"
	}
	v.Sections = append(v.Sections, choose)
	return v
}

func mattersBut(n masterNames, from ident.MatterID) (pairs []string) {
	for i := 0; i+1 < len(n.order.matters); i += 2 {
		if n.order.matters[i] != string(from) {
			pairs = append(pairs, n.order.matters[i], n.order.matters[i+1])
		}
	}
	return pairs
}

func entryBoxes(n masterNames, c transferChoice) (out []partial.Option) {
	for _, e := range c.entries {
		units, _ := e.Units()
		now := e.Work()
		label := format.Date(e.WorkedOn) + ", " + format.Quantity(units)
		if e.Kind == guideline.Time {
			label = format.Date(e.WorkedOn) + ", " + n.timekeepers[e.TimekeeperID] + ", " + format.Hours(units) + " h"
		}
		label += ", " + format.Money(money.Amount{Minor: now.Amount(), Currency: e.Currency})
		out = append(out, partial.Option{Value: string(e.ID), Label: label, Hint: now.Narrative, Selected: slices.Contains(c.ticked, e.ID)})
	}
	return out
}

// refusedEntries lists why work cannot go, with the way to each.
func refusedEntries(f frame, c transferChoice, failed error) *Section {
	if failed == nil {
		return nil
	}
	t := &partial.Table{Caption: "What keeps the work where it is", Columns: []partial.Column{{Head: "Entry", NoWrap: true}, {Head: "Why", Wide: true}}}
	for _, x := range partial.FaultsOf(failed) {
		id := ident.EntryID(x.Path)
		if slices.Contains(c.ticked, id) {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: "Open it", Href: href.Entry(f.FirmID, id), Key: true}, partial.Txt(format.Capital(x.Message))}})
		}
	}
	switch {
	case len(t.Rows) > 0:
		return &Section{ID: "refused", Title: "This cannot be transferred", Table: t}
	case c.preview == nil:
		return &Section{ID: "refused", Title: "This cannot be transferred", Text: sentence(httpd.FaultOf(failed).Message)}
	default:
		return nil // it stands in the form
	}
}

func transferPreview(f frame, n masterNames, c transferChoice, failed error) Section {
	kept := url.Values{"hash": {c.preview.Hash}, "to": {string(c.to)}, "matter": {string(c.from)}}
	for _, id := range c.ticked {
		kept.Add("entry", string(id))
	}
	return Section{ID: "preview", Title: "To " + unseenOr(n.matters[c.to]), Table: transferLines(f, n, c.preview.Lines), Form: &partial.Form{ID: "act", Action: href.New(href.Transfers(f.FirmID)), Submit: "Transfer it",
		Note: "Exactly what stands here, or nothing", Kept: kept, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{{Name: "reason", Label: "Why it belongs there", Value: c.reason, Required: true, Max: 500, Wide: true, Hint: "Stays in the record of both matters"}}}}
}

func transferLines(f frame, n masterNames, list []transfer.Line) *partial.Table {
	t := &partial.Table{Caption: "The work that is transferred, with what it comes to", Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Who", Minor: true}, {Head: "Units", Right: true}, {Head: "Stands at", Right: true}, {Head: "Comes to", Right: true}, {Head: "How", Wide: true}}}
	for _, l := range list {
		row := []partial.Cell{{Text: format.Date(l.On), Href: href.Entry(f.FirmID, l.Entry), Key: true}, partial.Txt(n.timekeepers[l.Timekeeper]), partial.Txt(format.Quantity(l.Units)), partial.Txt(format.Money(l.Before)), partial.Txt(format.Money(l.After)), partial.Txt("")}
		how := &row[5]
		if l.Made != "" {
			row[4].Href = href.Entry(f.FirmID, l.Made)
		}
		if l.Rate.Currency != "" && l.Kind == guideline.Time {
			how.Text = format.Rate(l.Rate.Rate, l.Rate.Currency) + ", " + l.Rate.Source
		}
		if l.Bill != "" {
			how.Sub = "leaves PB-" + strconv.FormatInt(l.BillNumber, 10)
			if l.Made != "" {
				how.Sub = "left PB-" + strconv.FormatInt(l.BillNumber, 10)
			}
		}
		if l.Cut > 0 {
			how.Text += "; of a change that is more than the new price, that part falls away"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: row})
	}
	return t
}

func (s *Site) doTransfer(r *httpd.Request) (httpd.Reply, error) {
	var m transfer.Move
	var err error
	if m.To, err = idOrNone[ident.MatterID](r.Form("to")); err != nil {
		return httpd.Reply{}, err
	}
	if m.Entries, err = idList[ident.EntryID](r.FormList("entry")); err != nil {
		return httpd.Reply{}, err
	}
	d, err := s.Transfers.Do(r.Context(), m, r.Form("hash"), r.Form("reason"))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.transferForm(r, err) })
	}
	return httpd.Go(href.Transfer(r.Firm(), d.ID), "The work is transferred; it waits for a bill of the other matter."), nil
}

func (s *Site) transferPage(r *httpd.Request, id ident.TransferID, failed error) (templ.Component, error) {
	d, err := s.Transfers.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Transfer", "entries")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, transferView(f, n, d, r.Form("reason"), failed)), nil
}

func transferView(f frame, n masterNames, d transfer.Detail, reason string, failed error) PlainView {
	at := func(m ident.MatterID) string { return href.Query(href.Entries(f.FirmID), "matter", string(m)) }
	facts := []partial.Fact{{Name: "From", Value: unseenOr(n.matters[d.From]), Href: at(d.From)}, {Name: "To", Value: unseenOr(n.matters[d.To]), Href: at(d.To)},
		{Name: "By", Value: d.ByName + ", " + format.Moment(d.At.In(f.Zone))}, {Name: "Why", Value: d.Reason}}
	if d.BackAt != nil {
		facts = append(facts, partial.Fact{Name: "Taken back", Value: d.BackByName + ", " + format.Moment(d.BackAt.In(f.Zone))}, partial.Fact{Name: "Why back", Value: d.BackReason})
	}
	v := PlainView{Head: layout.Head{Title: "Transfer of " + format.Counted(int64(d.Entries), "entry", "entries"), Crumbs: []partial.Link{{Text: "Time and costs", Href: href.Entries(f.FirmID)}, {Text: "Transfers", Href: href.Transfers(f.FirmID)}}}}
	if x := keptThere(f, d, failed); x != nil {
		v.Sections = append(v.Sections, *x)
	}
	v.Sections = append(v.Sections, Section{Title: "Transfer", Facts: facts}, Section{ID: "lines", Title: "Work", Table: transferLines(f, n, d.Lines)})
	if d.BackAt == nil && f.May(rbac.EntryTransfer) {
		v.Sections = append(v.Sections, Section{ID: "back", Title: "Take it back", Text: "The work stands on its former matter again as it stood, while nothing went on with it on the other one.",
			Form: &partial.Form{ID: "act", Action: href.Act(href.Transfer(f.FirmID, d.ID), "take-back"), Submit: "Take it back", Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
				Fields: []partial.Field{{Name: "reason", Label: "Why", Value: reason, Required: true, Max: 500, Wide: true, Hint: "Stays in the record of both matters"}}}})
	}
	return v
}

// keptThere lists what went on since with work that was to be taken back.
func keptThere(f frame, d transfer.Detail, failed error) *Section {
	var made transferChoice
	for _, l := range d.Lines {
		made.ticked = append(made.ticked, l.Made)
	}
	made.preview = &transfer.Preview{} // what is no entry's stands in the form
	return refusedEntries(f, made, failed)
}

func (s *Site) takeTransferBack(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TransferID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Transfers.TakeBack(r.Context(), id, r.Form("reason")); err != nil {
		return again(err, func() (templ.Component, error) { return s.transferPage(r, id, err) })
	}
	return httpd.Go(href.Transfer(r.Firm(), id), "The work is back on its former matter and waits for its bill."), nil
}
