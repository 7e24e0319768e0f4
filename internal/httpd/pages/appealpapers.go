package pages

import (
	"slices"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/submission"
)

// paperSections are the files that speak for an appeal, and the form that takes another.
func paperSections(f frame, x submission.View, a submission.Appeal, act bool, typed typedForm) []Section {
	if !x.Text || len(a.Papers) == 0 && (!act || a.Status != "filed") {
		return nil
	}
	t := &partial.Table{Caption: "Files that speak for the appeal", Columns: []partial.Column{{Head: "File", Wide: true}, {Head: "Size", Right: true, NoWrap: true}, {Head: "Added", NoWrap: true}},
		Empty: partial.Empty{Icon: "item", Title: "No file", Text: "A letter, a mail or a receipt that shows why the cut should come back."}}
	changes := act && a.Status == "filed"
	if changes && len(a.Papers) > 0 {
		t.Columns = append(t.Columns, partial.Column{Head: "Change", Hidden: true})
	}
	for _, p := range a.Papers {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: p.Name, Href: href.AppealPaper(f.FirmID, x.ID, a.ID, p.ID), Sub: "SHA-256 " + p.SHA256[:16], Key: true}, partial.Txt(format.Bytes(p.Bytes)), {Text: format.Moment(p.AddedAt.In(f.Zone)), Sub: p.AddedBy}}})
		if changes {
			row := &t.Rows[len(t.Rows)-1]
			row.Cells = append(row.Cells, partial.Cell{Text: "Take off", Href: href.Act(href.AppealPaper(f.FirmID, x.ID, a.ID, p.ID), "remove")})
		}
	}
	s := Section{ID: "papers-" + string(a.ID), Title: "Evidence", Note: "For the appeal of " + a.FiledOn.Long(), Table: t}
	if changes {
		s.Form = typed.back(&partial.Form{ID: "paper-" + string(a.ID), Action: href.AppealPapers(f.FirmID, x.ID, a.ID), Submit: "Attach file", Side: true, Upload: true, Fields: []partial.Field{
			{Name: "file", Label: "File", Kind: partial.File, Accept: ".pdf,.png,.jpg,.jpeg", Required: true, Hint: "PDF, PNG or JPEG, at most 10 MiB"}}})
	}
	return []Section{s}
}

func (s *Site) addPaper(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.SubmissionID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	appeal, err := httpd.ID[ident.AppealID](r, "appeal")
	if err != nil {
		return httpd.Reply{}, err
	}
	x, err := s.Submissions.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err // before anything is said of the file
	}
	if !slices.ContainsFunc(x.Appeals, func(a submission.Appeal) bool { return a.ID == appeal }) {
		return httpd.Reply{}, submission.ErrNotFound
	}
	var u receipt.Upload
	if u.Name, u.Data, err = r.Upload("file"); err == nil {
		_, err = s.Submissions.AddPaper(r.Context(), id, appeal, u)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.submissionPage(r, id, err) })
	}
	return httpd.Go(href.Submission(r.Firm(), id)+"#papers-"+string(appeal), "File attached."), nil
}

// appealPaper names one file of an appeal.
type appealPaper struct {
	id     ident.SubmissionID
	appeal ident.AppealID
	paper  ident.AppealPaperID
}

func appealPaperOf(r *httpd.Request) (e appealPaper, err error) {
	if e.id, err = httpd.ID[ident.SubmissionID](r, "id"); err != nil {
		return e, err
	}
	if e.appeal, err = httpd.ID[ident.AppealID](r, "appeal"); err != nil {
		return e, err
	}
	e.paper, err = httpd.ID[ident.AppealPaperID](r, "paper")
	return e, err
}

// paperRemovalPage asks why a file is taken off; failed is why it was not.
func (s *Site) paperRemovalPage(r *httpd.Request, failed error) (templ.Component, error) {
	e, err := appealPaperOf(r)
	if err != nil {
		return nil, err
	}
	x, err := s.Submissions.Get(r.Context(), e.id)
	if err != nil {
		return nil, err
	}
	var name string
	for _, a := range x.Appeals {
		if i := slices.IndexFunc(a.Papers, func(p submission.Paper) bool { return p.ID == e.paper }); i >= 0 && a.ID == e.appeal {
			name = a.Papers[i].Name
		}
	}
	if name == "" {
		return nil, submission.ErrNotFound
	}
	f, err := s.frame(r, "Take a file off", "submissions")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, paperRemovalView(f, e, name, r.Form("reason"), failed)), nil
}

func paperRemovalView(f frame, e appealPaper, name, reason string, failed error) PlainView {
	back := href.Submission(f.FirmID, e.id)
	form := &partial.Form{Action: href.Act(href.AppealPaper(f.FirmID, e.id, e.appeal, e.paper), "remove"), Submit: "Take off", Danger: true, Cancel: back, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "reason", Label: "Why", Kind: partial.Area, Value: reason, Max: 500, Required: true, Hint: "It stays on record with this reason, and the file opens to nobody"},
	}}
	return PlainView{Head: layout.Head{Title: "Take a file off", Crumbs: []partial.Link{{Text: "E-bills", Href: href.Submissions(f.FirmID)}, {Text: "E-bill", Href: back}}}, Lede: name, Sections: []Section{{Title: "Reason", Form: form}}}
}

func (s *Site) removePaper(r *httpd.Request) (httpd.Reply, error) {
	e, err := appealPaperOf(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Submissions.RemovePaper(r.Context(), e.id, e.appeal, e.paper, r.Form("reason")); err != nil {
		return again(err, func() (templ.Component, error) { return s.paperRemovalPage(r, err) })
	}
	return httpd.Go(href.Submission(r.Firm(), e.id)+"#papers-"+string(e.appeal), "Taken off. It stays on record."), nil
}

func (s *Site) paper(r *httpd.Request) (httpd.Reply, error) {
	e, err := appealPaperOf(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Submissions.Paper(r.Context(), e.id, e.appeal, e.paper)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: string(c.Media), Content: c.Data}), nil
}
