package pages

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountSelected adds what is done to several rows of the queue at once.
func (s *Site) MountSelected(srv *httpd.Server) {
	get(srv, href.Selected, rbac.SignedIn, ofQueue(s.selected))
	fill(srv, href.Selected, rbac.SignedIn, ofQueue(s.actOnSelected), formOfQueue(s.selectedAgain))
}

// pickValue is how a row's box names it: firm, item and the version that was shown.
func pickValue(p worklist.Pick) string {
	return string(p.Firm) + "/" + string(p.Item) + "/" + strconv.Itoa(p.Version)
}

// picksOf reads boxes. One that is malformed is not there, as one that is absent.
func picksOf(values []string) ([]worklist.Pick, error) {
	var picks []worklist.Pick
	for _, v := range values {
		firm, rest, _ := strings.Cut(v, "/")
		item, version, _ := strings.Cut(rest, "/")
		n, err := strconv.Atoi(version)
		if err != nil || n < 1 {
			return nil, worklist.ErrNotFound
		}
		p := worklist.Pick{Version: n}
		if p.Firm, err = ident.Parse[ident.FirmID](firm); err != nil {
			return nil, err
		}
		if p.Item, err = ident.Parse[ident.WorkItemID](item); err != nil {
			return nil, err
		}
		picks = append(picks, p)
	}
	return picks, nil
}

func (s *Site) selected(r *httpd.Request) (httpd.Reply, error) {
	picks, err := picksOf(r.Queries()["item"])
	if err != nil {
		return httpd.Reply{}, err
	}
	if len(picks) == 0 {
		return httpd.Go(href.Queue, "Select rows first."), nil
	}
	q := filtersOf(r)
	q.many("item")
	act := worklist.ManyAct(q.one("act", "is nothing that can be done to these items", "all that can be done is shown", manyActs...))
	page, err := s.selectedPage(r, picks, act, q, nil)
	return q.reply(page), err
}

// manyActs are what the address may ask for.
var manyActs = []string{string(worklist.ManyAsk), string(worklist.ManySkip), string(worklist.ManyReturn), string(worklist.ManyHandOff), string(worklist.ManyTake),
	string(worklist.ManyResume), string(worklist.ManyAssign), string(worklist.ManyPin), string(worklist.ManyUnpin), string(worklist.ManySendBack)}

// selection is the rows of a selection that are in the queue still, in its order.
type selection struct {
	rows  []worklist.Row
	picks []worklist.Pick
	gone  int
}

func (s *Site) selection(r *httpd.Request, picks []worklist.Pick) (x selection, err error) {
	if len(picks) > worklist.MaxMany {
		return x, worklist.ErrMany.With("choose at most %d items", worklist.MaxMany)
	}
	list, err := s.Work.Queue(r.Context(), worklist.Query{Only: picks, Page: page.Request{Size: worklist.MaxMany}})
	if err != nil {
		return x, err
	}
	x.rows, x.gone = list.Items, len(picks)-len(list.Items)
	for _, row := range x.rows {
		x.picks = append(x.picks, worklist.Pick{Firm: row.Firm.ID, Item: row.ID, Version: row.Version})
	}
	return x, nil
}

// selectedPage shows the rows and the forms of the acts that may be done to them; act
// narrows it to one.
func (s *Site) selectedPage(r *httpd.Request, picks []worklist.Pick, act worklist.ManyAct, q *filters, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Selected items", "queue")
	if err != nil {
		return nil, err
	}
	x, err := s.selection(r, picks)
	if err != nil {
		return nil, err
	}
	v := PlainView{Head: layout.Head{Title: format.Counted(len(x.rows), "selected item", "selected items"), Crumbs: []partial.Link{{Text: "My queue", Href: href.Queue}}}, Lede: x.lede()}
	v.Sections = append(v.Sections, Section{Title: "Items", Table: x.table()})
	forms, err := s.selectedForms(r, f, x)
	if err != nil {
		return nil, err
	}
	for _, form := range forms {
		if act != "" && form.act != act {
			continue
		}
		form.form.Action, form.form.Cancel, form.form.ID = href.Selected, href.Queue, string(form.act)
		form.form.Kept = map[string][]string{"act": {string(form.act)}, "item": nil}
		for _, p := range x.picks {
			form.form.Kept["item"] = append(form.form.Kept["item"], pickValue(p))
		}
		if form.act == act || worklist.ManyAct(r.Form("act")) == form.act {
			form.form.Faults, form.form.Problem = partial.FaultsOf(failed), problemIn(failed)
		}
		v.Sections = append(v.Sections, Section{Title: form.title, Form: &form.form})
	}
	if len(v.Sections) == 1 {
		v.Sections = append(v.Sections, Section{Title: "Nothing to do", Text: "None of these items can be worked on in that way by you now.", Acts: nil})
	}
	f.Wrong = q.said()
	return Plain(f.Chrome, v), nil
}

func (x selection) lede() string {
	var codes, words []string
	for _, row := range x.rows {
		if !slices.Contains(codes, row.Firm.Code) {
			codes = append(codes, row.Firm.Code)
		}
	}
	switch {
	case len(codes) == 1 && len(x.rows) == 1:
		words = append(words, "At "+x.rows[0].Firm.Name+".")
	case len(codes) == 1:
		words = append(words, "All at "+x.rows[0].Firm.Name+".")
	case len(codes) > 1:
		words = append(words, format.Counted(len(codes), "firm", "firms")+": each item is handled apart.")
	}
	if x.gone > 0 {
		words = append(words, format.Counted(x.gone, "row is", "rows are")+" not in your queue any more and left out.")
	}
	return strings.Join(words, " ")
}

func (x selection) table() *partial.Table {
	t := &partial.Table{Caption: "Selected items", Columns: []partial.Column{{Head: "Firm"}, {Head: "Work"}, {Head: "State"}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing left", Text: "These items are not in your queue any more."}}
	for _, row := range x.rows {
		t.Rows = append(t.Rows, partial.Row{Cells: append(itemCells(row), itemStateCell(row))})
	}
	return t
}

// itemCells name a row of the queue in another list.
func itemCells(row worklist.Row) []partial.Cell {
	q := QueueRow{Number: row.Matter.Number, Matter: row.Matter.Name, Client: row.Matter.Client, Label: partial.Label(row.Label), Brings: brings(row.About)}
	return []partial.Cell{partial.Node(partial.FirmBadge(firmBadge(row.Firm))), partial.Named(workName(row.Type), href.Item(row.Firm.ID, row.ID), q.what())}
}

func itemStateCell(row worklist.Row) partial.Cell {
	chip, state := queueState(row)
	if chip == nil {
		return partial.Txt(state)
	}
	return partial.Node(partial.ChipMark(*chip))
}

// manyForm is one act that the page offers.
type manyForm struct {
	act   worklist.ManyAct
	title string
	form  partial.Form
}

// selectedForms are the acts that could be done to at least one of the rows. Each is
// decided again when it is done.
func (s *Site) selectedForms(r *httpd.Request, f frame, x selection) (forms []manyForm, err error) {
	var mine, kept, assign, ready, pinned, triage, waits bool
	for _, row := range x.rows {
		lead := f.Standing.In(row.Firm.ID, rbac.ItemAssign)
		mine = mine || row.Mine && f.Standing.In(row.Firm.ID, rbac.ItemWork)
		kept = kept || row.KeptForMe || lead && row.Status == worklist.Ready && f.Standing.In(row.Firm.ID, rbac.ItemClaim)
		assign, ready = assign || lead, ready || lead && !row.Pinned
		pinned, triage, waits = pinned || lead && row.Pinned, triage || lead && row.Triage, waits || row.Waiting != "" && f.Standing.In(row.Firm.ID, rbac.ItemWork)
	}
	text := func(label, hint string) partial.Field {
		return partial.Field{Name: "text", Label: label, Kind: partial.Area, Value: r.Form("text"), Required: true, Max: 4000, Hint: hint}
	}
	add := func(ok bool, act worklist.ManyAct, title, submit string, fields ...partial.Field) {
		if ok {
			forms = append(forms, manyForm{act, title, partial.Form{Submit: submit, Fields: fields, Side: true}})
		}
	}
	if assign || mine {
		people, err := s.eligibleForAny(r, x)
		if err != nil {
			return nil, err
		}
		who := peopleField(r, people, "choose")
		who.Required, who.Hint = true, "Those whose access covers at least one of these items; the others stay as they are"
		add(assign, worklist.ManyAssign, "Assign", "Assign items", who, text("Why", "They read it; the firms do not"))
		add(mine, worklist.ManyHandOff, "Hand off", "Hand off items", peopleField(r, people, "Back to the queue, for anybody"), text("Note", "What is done and what is left; the firms do not see it"))
	}
	add(kept, worklist.ManyTake, "Take", "Take these items")
	add(mine, worklist.ManyAsk, "Ask the firm", "Ask the firm", text("Question", "Each item waits for its own answer"))
	add(mine, worklist.ManySkip, "Skip", "Skip items", partial.Field{Name: "reason", Label: "Why", Kind: partial.Select, Options: partial.Options(r.Form("reason"), skipReasons...), Required: true})
	add(mine, worklist.ManyReturn, "Return to queue", "Return items")
	add(waits, worklist.ManyResume, "Stop waiting", "Take up again")
	add(ready, worklist.ManyPin, "Pin", "Put before all others")
	add(pinned, worklist.ManyUnpin, "Unpin", "Unpin items")
	add(triage, worklist.ManySendBack, "Passed over", "Send back to the queue")
	return forms, nil
}

// eligibleForAny is who could work on at least one of the rows, by name.
func (s *Site) eligibleForAny(r *httpd.Request, x selection) (all []worklist.Candidate, err error) {
	seen := map[ident.PersonID]bool{}
	for _, p := range x.picks {
		people, err := s.Work.Eligible(scope.InFirm(r.Context(), p.Firm), p.Item)
		if err != nil && !httpd.Correctable(err) {
			return nil, err
		}
		for _, c := range people {
			if !seen[c.ID] {
				seen[c.ID] = true
				all = append(all, worklist.Candidate{Person: c.Person})
			}
		}
	}
	slices.SortFunc(all, func(a, b worklist.Candidate) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// actOnSelected does the act and shows what became of each item.
func (s *Site) actOnSelected(r *httpd.Request) (httpd.Reply, error) {
	picks, err := picksOf(r.FormList("item"))
	if err != nil {
		return httpd.Reply{}, err
	}
	before, err := s.selection(r, picks)
	if err != nil {
		return httpd.Reply{}, err
	}
	act := worklist.ManyAct(r.Form("act"))
	out, err := s.Work.ActOnMany(r.Context(), worklist.Many{Act: act, Picks: picks, To: ident.PersonID(r.Form("person_id")), Text: r.Form("text"), Reason: worklist.SkipReason(r.Form("reason"))})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.selectedPage(r, picks, act, readFilters(nil), err) })
	}
	f, err := s.frame(r, "What was done", "queue")
	if err != nil {
		return httpd.Reply{}, err
	}
	rows := map[ident.WorkItemID]worklist.Row{}
	for _, row := range before.rows {
		rows[row.ID] = row
	}
	t, done := &partial.Table{Caption: "What became of each item", Columns: []partial.Column{{Head: "Firm"}, {Head: "Work"}, {Head: "Outcome", Wide: true}}}, 0
	for _, o := range out {
		row, ok := rows[o.Item]
		cells := []partial.Cell{partial.Txt(""), partial.Named("Finished item", href.Item(o.Firm, o.Item), "")}
		if ok {
			cells = itemCells(row)
		}
		says := partial.Chip{Tone: partial.OK, Icon: "check", Text: "Done"}
		if o.Err != nil {
			says = partial.Chip{Tone: partial.Warn, Icon: "alert", Text: refusalOf(o.Err)}
		} else {
			done++
		}
		t.Rows = append(t.Rows, partial.Row{Cells: append(cells, partial.Node(partial.ChipMark(says)))})
	}
	v := PlainView{Head: layout.Head{Title: "Done for " + strconv.Itoa(done) + " of " + format.Counted(len(out), "item", "items"), Crumbs: []partial.Link{{Text: "My queue", Href: href.Queue}}},
		Main: &partial.Link{Text: "Back to the queue", Href: href.Queue}, Sections: []Section{{Title: "Each item", Table: t}}}
	if done < len(out) {
		v.Lede = "What was refused is as it was before."
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

// selectedAgain is the page with the act whose text was refused.
func (s *Site) selectedAgain(r *httpd.Request, failed error) (templ.Component, error) {
	picks, err := picksOf(r.FormList("item"))
	if err != nil {
		return nil, err
	}
	return s.selectedPage(r, picks, worklist.ManyAct(r.Form("act")), readFilters(nil), failed)
}

// refusalOf is a refusal in one sentence, with the field's own where there is one.
func refusalOf(err error) string {
	f := httpd.FaultOf(err)
	if len(f.Fields) > 0 {
		return sentence(f.Fields[0].Message)
	}
	return sentence(f.Message)
}
