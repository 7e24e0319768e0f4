package pages

import (
	"slices"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
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
	for _, p := range a.Papers {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: p.Name, Href: href.AppealPaper(f.FirmID, x.ID, a.ID, p.ID), Sub: "SHA-256 " + p.SHA256[:16], Key: true}, partial.Txt(format.Bytes(p.Bytes)), {Text: format.Moment(p.AddedAt.In(f.Zone)), Sub: p.AddedBy}}})
	}
	s := Section{ID: "papers-" + string(a.ID), Title: "Evidence", Note: "For the appeal of " + a.FiledOn.Long(), Table: t}
	if act && a.Status == "filed" {
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

func (s *Site) paper(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.SubmissionID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	appeal, err := httpd.ID[ident.AppealID](r, "appeal")
	if err != nil {
		return httpd.Reply{}, err
	}
	paper, err := httpd.ID[ident.AppealPaperID](r, "paper")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Submissions.Paper(r.Context(), id, appeal, paper)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: string(c.Media), Content: c.Data}), nil
}
