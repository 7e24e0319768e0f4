package pages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/utbms"
)

// mergeWith tells which lines have another of the same person and day, so that a page lets
// them be marked.
func mergeWith(p prebill.View) map[ident.PrebillLine]bool {
	type sitting struct {
		who ident.TimekeeperID
		on  string
	}
	same := map[sitting][]ident.PrebillLine{}
	for i := range p.Lines {
		if l := &p.Lines[i]; l.MayMerge() {
			at := sitting{l.Timekeeper, format.Date(l.On)}
			same[at] = append(same[at], l.ID)
		}
	}
	with := map[ident.PrebillLine]bool{}
	for _, ids := range same {
		for _, id := range ids {
			with[id] = len(ids) > 1
		}
	}
	return with
}

// mergedWords says what a line was merged of.
func mergedWords(l *prebill.Line, in func(int64) money.Amount) string {
	each := make([]string, len(l.Sources))
	for i := range l.Sources {
		x := &l.Sources[i]
		each[i] = format.Hours(x.Quantity) + " h, " + format.Money(in(x.Bills()))
	}
	return "Merged from " + format.Counted(len(each), "entry", "entries") + ": " + strings.Join(each, "; ") + "."
}

// mergeForm shows the lines that are marked and what they would become.
func (s *Site) mergeForm(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PrebillID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	p, err := s.Prebills.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	ids, err := idList[ident.PrebillLine](r.Queries()["line"])
	if err != nil {
		return httpd.Reply{}, err
	}
	from, err := p.Proposed(ids)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.prebillPage(r, id, err) })
	}
	page, err := s.mergePageOf(r, p, from, nil)
	return httpd.Show(page), err
}

// mergePage is the form after a refusal, and the pre-bill where its lines are merged no more.
func (s *Site) mergePage(r *httpd.Request, id ident.PrebillID, failed error) (templ.Component, error) {
	p, err := s.Prebills.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	ids, err := idList[ident.PrebillLine](r.FormList("line"))
	if err != nil {
		return nil, err
	}
	from, err := p.Proposed(ids)
	if err != nil {
		return s.prebillPage(r, id, failed)
	}
	return s.mergePageOf(r, p, from, failed)
}

func (s *Site) mergePageOf(r *httpd.Request, p prebill.View, from []prebill.Line, failed error) (templ.Component, error) {
	title := "Merge " + format.Counted(len(from), "line", "lines")
	f, err := s.frame(r, p.Name()+": "+strings.ToLower(title[:1])+title[1:], "prebills")
	if err != nil {
		return nil, err
	}
	choice, err := s.codesOf(r, p.MatterID, from[0].On)
	if err != nil {
		return nil, err
	}
	value := func(field, stored string) string {
		if failed != nil {
			return r.Form(field)
		}
		return stored
	}
	v := LineFormView{Title: title, Crumbs: []partial.Link{{Text: "Pre-bills", Href: href.Prebills(f.FirmID)}, {Text: p.Name(), Href: href.Prebill(f.FirmID, p.ID)}}}
	var hours money.Fixed4
	var bills int64
	words, ids, several := make([]string, len(from)), make([]string, len(from)), false
	for i := range from {
		l := &from[i]
		words[i], ids[i] = l.Narrative, string(l.ID)
		hours, bills = hours+l.Quantity, bills+l.Work.Amount()
		several = several || l.Activity != from[0].Activity
		v.Facts = append(v.Facts, partial.Fact{Name: "Line " + strconv.Itoa(l.Position), Value: format.Hours(l.Quantity) + " h, " + format.Money(money.Amount{Minor: l.Work.Amount(), Currency: p.Currency}) + ". " + l.Narrative})
	}
	v.Facts = append(v.Facts, partial.Fact{Name: "Together", Value: format.Hours(hours) + " h, " + format.Money(money.Amount{Minor: bills, Currency: p.Currency})})
	if p.Status == prebill.StatusApproved {
		v.Warning = "This pre-bill is approved. A merge voids the approval."
	}
	v.Form = partial.Form{Action: href.PrebillAct(f.FirmID, p.ID, "merge"), Version: p.Version, Submit: "Merge lines", Cancel: href.Prebill(f.FirmID, p.ID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Kept: map[string][]string{"line": ids}}
	v.Form.Fields = []partial.Field{
		{Name: "narrative", Label: "Narrative", Kind: partial.Area, Rows: 5, Value: value("narrative", prebill.JoinNarratives(words)), Required: true, Wide: true, Hint: "The guidelines judge it anew; several tasks in one line may be found to be block billing"},
	}
	activity := partial.Field{Name: "activity_code", Label: "Activity code", Kind: partial.Select, Options: choice.options(utbms.Activity, value("activity_code", from[0].Activity))}
	if several {
		activity.Hint = "The lines have several; the merged line has this one"
	}
	v.Form.Fields = append(v.Form.Fields, activity,
		partial.Field{Name: "note", Label: "Note", Kind: partial.Area, Value: value("note", ""), Max: 500, Wide: true, Hint: "The firm and the billing team see it"})
	return LineForm(f.Chrome, v), nil
}

func (s *Site) mergeLines(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PrebillID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	ids, err := idList[ident.PrebillLine](r.FormList("line"))
	if err != nil {
		return httpd.Reply{}, err
	}
	words, activity := r.Form("narrative"), r.Form("activity_code")
	if _, err = s.Prebills.Merge(r.Context(), id, r.FormInt("version"), prebill.Union{Lines: ids, Narrative: &words, Activity: &activity, Note: r.Form("note")}); err != nil {
		return again(err, func() (templ.Component, error) { return s.mergePage(r, id, err) })
	}
	return httpd.Go(href.Prebill(r.Firm(), id), format.Counted(len(ids), "line is", "lines are")+" merged into one. Undo stands at the line."), nil
}
