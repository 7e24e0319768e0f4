package pages

import (
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/worklist"
)

func (s *Site) fixFinding(r *httpd.Request) (httpd.Reply, error) {
	finding, err := httpd.ID[ident.FindingID](r, "finding")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.actOn(r, "", "Fixed. Undo stands at the line.", func(a worklist.Act) error {
		_, err := s.Capture.ApplyFix(r.Context(), a, finding)
		return err
	})
}

func (s *Site) undoEntry(r *httpd.Request) (httpd.Reply, error) {
	entry, err := httpd.ID[ident.EntryID](r, "entry")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.actOn(r, "", "The last change of the line is taken back.", func(a worklist.Act) error {
		_, err := s.Capture.UndoAmendment(r.Context(), a, entry, a.Version)
		return err
	})
}

// entryUnder is the item of the path and its entry; an entry of another item is not there.
func (s *Site) entryUnder(r *httpd.Request) (i worklist.Item, e capture.Entry, err error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return i, e, err
	}
	entry, err := httpd.ID[ident.EntryID](r, "entry")
	if err != nil {
		return i, e, err
	}
	if i, err = s.Work.Item(r.Context(), id); err != nil {
		return i, e, err
	}
	r.For("item", string(id))
	if e, err = s.Capture.Entry(r.Context(), entry); err != nil {
		return i, e, err
	}
	switch {
	case i.SubjectKind != capture.Subject || i.SubjectID != string(e.ImportID):
		return i, e, capture.ErrNotFound
	case e.Currency == "" || e.Withheld:
		return i, e, authz.ErrForbidden.With("your access shows too little of this matter to change its entries")
	}
	return i, e, nil
}

func (s *Site) entryFormPage(r *httpd.Request, failed error) (templ.Component, error) {
	i, e, err := s.entryUnder(r)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Line "+strconv.Itoa(e.SourceLine), "queue")
	if err != nil {
		return nil, err
	}
	m, err := s.Matters.Matter(r.Context(), e.MatterID)
	if err != nil {
		return nil, err
	}
	w := e.Work()
	v := LineFormView{Title: "Edit line " + strconv.Itoa(e.SourceLine), Crumbs: []partial.Link{{Text: "My queue", Href: href.Queue}, {Text: workName(i.Type), Href: href.Item(f.FirmID, i.ID)}}, Facts: entryFacts(e, m.Number+" "+m.Name)}
	v.Form = partial.Form{Action: r.Path(), Version: e.Version, Submit: "Save line", Cancel: href.Item(f.FirmID, i.ID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Kept: url.Values{"lease": {strconv.FormatInt(i.LeaseToken, 10)}}}
	value := func(field, stored string) string {
		if failed != nil {
			return r.Form(field)
		}
		return stored
	}
	choice, err := s.codesOf(r, e.MatterID, e.WorkedOn)
	if err != nil {
		return nil, err
	}
	v.Form.Fields = append(editFields(m.TaskSet, w, e.Currency, choice, value), partial.Field{Name: "note", Label: "Note", Kind: partial.Area, Value: value("note", ""), Max: 500, Wide: true, Hint: "The firm and the billing team see it; needed for the reason Other"})
	return LineForm(f.Chrome, v), nil
}

// entryFacts are the entry as it was recorded, beside the form that changes it.
func entryFacts(e capture.Entry, matter string) []partial.Fact {
	units, rate := e.Units()
	fs := []partial.Fact{{Name: "Matter", Value: matter}, {Name: "Date", Value: format.Date(e.WorkedOn)}, {Name: "Recorded", Value: titled(e.Narrative, "No narrative")}}
	if e.Kind == guideline.Time {
		fs = append(fs, partial.Fact{Name: "Hours", Value: format.Hours(units)})
	}
	return append(fs, partial.Fact{Name: "Rate", Value: format.Rate(rate, e.Currency)}, partial.Fact{Name: "Amount", Value: format.Money(money.Amount{Minor: e.AmountMinor, Currency: e.Currency})})
}

func (s *Site) amendEntry(r *httpd.Request) (httpd.Reply, error) {
	i, e, err := s.entryUnder(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	var c amend.Change
	was, after := e.Work(), e
	if c, err = changeOf(r, was); err == nil {
		token, _ := strconv.ParseInt(r.Form("lease"), 10, 64) // 0 is no lease: the service refuses
		after, err = s.Capture.Amend(r.Context(), worklist.Act{Item: i.ID, Token: token}, e.ID, r.FormInt("version"), c)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.entryFormPage(r, err) })
	}
	in := func(w amend.Work) money.Amount { return money.Amount{Minor: w.Amount(), Currency: e.Currency} }
	return httpd.Go(href.Item(r.Firm(), i.ID)+"#e"+strconv.Itoa(e.SourceLine), savedLine(e.SourceLine, in(was), in(after.Work()))), nil
}
