package pages

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

// mountWritings adds the signed writing of a contingent fee, on the page of its arrangement.
func (s *Site) mountWritings(srv *httpd.Server) {
	get(srv, "/firms/{firm}/arrangements/{id}/writing", rbac.ArrangementRead, s.writingFile)
	fill(srv, "/firms/{firm}/arrangements/{id}/writing", rbac.ArrangementEdit, s.signArrangement, of(s.arrangementPage))
	fill(srv, "/firms/{firm}/arrangements/{id}/writing/remove", rbac.ArrangementEdit, s.removeWriting, of(s.arrangementPage))
}

// writingSection is the writing that stands and those that were taken off, with the form that
// takes one, or takes it off.
func writingSection(f frame, v arrangement.Version, list []contingent.Writing, signedOn, reason string, failed error) Section {
	t := &partial.Table{Caption: "The signed writing", Columns: []partial.Column{{Head: "File", Wide: true}, {Head: "Signed", NoWrap: true}, {Head: "Kept"}, {Head: "Stands", Wide: true}},
		Empty: partial.Empty{Icon: "item", Title: "No signed writing yet", Text: "No bill goes on under a contingent fee before the client signed it and the writing is kept here."}}
	stands := false
	for _, w := range list {
		file, state := partial.Cell{Text: w.Name, Sub: "SHA-256 " + w.SHA256[:min(16, len(w.SHA256))], Key: true}, "yes"
		if w.RemovedAt == nil {
			stands, file.Href = true, href.Writing(f.FirmID, v.ID)
		} else {
			state = "taken off by " + w.RemovedBy + ", " + format.Moment(w.RemovedAt.In(f.Zone)) + ": " + w.Reason
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{file, partial.Txt(format.Date(w.SignedOn)), {Text: format.Moment(w.AddedAt.In(f.Zone)), Sub: w.AddedBy}, partial.Txt(state)}})
	}
	out := Section{ID: "writing", Title: "Signed writing", Table: t}
	if !f.May(rbac.ArrangementEdit) || !v.Stands() {
		return out
	}
	if stands {
		out.Form = &partial.Form{ID: "unsign", Action: href.Act(href.Writing(f.FirmID, v.ID), "remove"), Submit: "Take it off", Danger: true, Side: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Form: "unsign", Name: "reason", Label: "Why it is not the writing of this version", Value: reason, Required: true, Max: 300, Wide: true, Hint: "It stays on record; not while a bill goes by it"}}}
		return out
	}
	out.Form = &partial.Form{ID: "sign", Action: href.Writing(f.FirmID, v.ID), Submit: "Keep the writing", Side: true, Upload: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Form: "sign", Name: "file", Label: "File", Kind: partial.File, Accept: ".pdf,.png,.jpg,.jpeg", Required: true, Hint: "PDF, PNG or JPEG, at most 10 MiB"},
		{Form: "sign", Name: "signed_on", Label: "Signed", Kind: partial.Date, Value: signedOn, Required: true},
	}}
	return out
}

func (s *Site) signArrangement(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ArrangementID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Arrangements.Get(r.Context(), id); err != nil {
		return httpd.Reply{}, err // before anything is said of the file
	}
	var u receipt.Upload
	on, err := time.Parse(time.DateOnly, r.Form("signed_on"))
	if err != nil {
		err = contingent.ErrInvalid.On(fault.Field{Path: "signed_on", Code: "date_form", Message: "enter the day as 2026-10-31"})
	} else if u.Name, u.Data, err = r.Upload("file"); err == nil {
		_, err = s.Contingent.Sign(r.Context(), id, on, u)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementPage(r, id, err) })
	}
	return httpd.Go(href.Arrangement(r.Firm(), id)+"#writing", "Kept. Bills under this arrangement go on."), nil
}

func (s *Site) writingFile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ArrangementID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Contingent.Fetch(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: string(c.Media), Content: c.Data}), nil
}

func (s *Site) removeWriting(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ArrangementID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Contingent.TakeOff(r.Context(), id, strings.TrimSpace(r.Form("reason"))); err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementPage(r, id, err) })
	}
	return httpd.Go(href.Arrangement(r.Firm(), id)+"#writing", "Taken off. It stays on record, and bills wait for another."), nil
}
