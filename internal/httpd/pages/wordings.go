package pages

import (
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

// MountWordings adds what the firm's letters to payors say.
func (s *Site) MountWordings(srv *httpd.Server) {
	get(srv, "/firms/{firm}/letters", rbac.WordingRead, s.wordings)
	get(srv, "/firms/{firm}/letters/{id}", rbac.WordingRead, s.wording)
	fill(srv, "/firms/{firm}/letters/{id}", rbac.WordingPublish, s.publishWording, s.wordingPage)
	post(srv, "/firms/{firm}/letters/{id}/reset", rbac.WordingPublish, s.resetWording)
}

func (s *Site) wordings(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Letters to payors", "letters")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Wordings.List(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, wordingList(f, list))), nil
}

func wordingList(f frame, list []wording.Wording) PlainView {
	t := &partial.Table{Caption: "Letters", Keys: true, Columns: []partial.Column{{Head: "When"}, {Head: "Subject"}, {Head: "Words"}}}
	for _, w := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(w.Kind.Says(), href.Letter(f.FirmID, string(w.Kind)), ""), {Text: w.Text.Subject}, whose(f, w)}})
	}
	return PlainView{Head: layout.Head{Title: "Letters to payors"}, Lede: "What payors read when an invoice, a credit note or a reminder comes. The figures and the link are part of each letter whatever the words say.",
		Sections: []Section{{Title: "Letters", Table: t}}}
}

func whose(f frame, w wording.Wording) partial.Cell {
	c := partial.Cell{Text: "Docketry's"}
	if !w.Standard {
		c.Text = "The firm's own"
	}
	if w.At != nil {
		c.Sub = format.Date(w.At.In(f.Zone)) + ", " + w.By
	}
	return c
}

func (s *Site) wording(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.wordingPage(r, nil)
	return httpd.Show(page), err
}

// typedWording is the text of the form, ok when there is one.
func typedWording(r *httpd.Request) (t wording.Text, ok bool) {
	t = wording.Text{Subject: r.Form("subject"), Body: r.Form("body"), Closing: r.Form("closing")}
	return t, t != wording.Text{}
}

func (s *Site) wordingPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Letters to payors", "letters")
	if err != nil {
		return nil, err
	}
	w, before, err := s.Wordings.Get(r.Context(), wording.Kind(r.Param("id")))
	if err != nil {
		return nil, err
	}
	shown := w.Text
	if t, ok := typedWording(r); ok {
		shown = t
	}
	samples, err := shown.Samples(w.Kind)
	if err != nil {
		samples, err = nil, nil // the form says what is wrong
	}
	return Plain(f.Chrome, wordingView(f, w, before, shown, samples, failed)), err
}

func wordingView(f frame, w wording.Wording, before []wording.Wording, shown wording.Text, samples []wording.Sample, failed error) PlainView {
	v := PlainView{Head: layout.Head{Title: w.Kind.Says(), Crumbs: []partial.Link{{Text: "Letters to payors", Href: href.Letters(f.FirmID)}}}}
	if f.May(rbac.WordingPublish) {
		v.Sections = append(v.Sections, Section{Title: "Words", Form: wordingForm(f, w, shown, failed)})
		if !w.Standard {
			v.Acts = []partial.Button{{Text: "Back to Docketry's words", Action: href.Act(href.Letter(f.FirmID, string(w.Kind)), "reset"), Version: w.Version}}
		}
	}
	for _, x := range samples {
		v.Sections = append(v.Sections, Section{Title: "When " + x.Case, Note: "with figures made up", Body: letterShown(x)})
	}
	v.Sections = append(v.Sections, Section{Title: "Fields", Note: "stand for what differs from letter to letter", Table: fieldTable(w.Kind)})
	if len(before) > 0 {
		t := &partial.Table{Caption: "Words before", Columns: []partial.Column{{Head: "Version", Right: true}, {Head: "Subject"}, {Head: "Words"}}}
		for _, b := range before {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(strconv.Itoa(b.Version)), partial.Txt(b.Text.Subject), whose(f, b)}})
		}
		v.Sections = append(v.Sections, Section{Title: "Before", Table: t})
	}
	return v
}

func wordingForm(f frame, w wording.Wording, shown wording.Text, failed error) *partial.Form {
	return &partial.Form{Action: href.Letter(f.FirmID, string(w.Kind)), Version: w.Version, Submit: "Publish the words", Try: "Show how it reads", Cancel: href.Letters(f.FirmID),
		Note: "For letters from now on", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "subject", Label: "Subject", Value: shown.Subject, Required: true, Max: 200, Wide: true},
			{Name: "body", Label: "Text", Kind: partial.Area, Rows: 10, Value: shown.Body, Required: true, Max: 8000, Wide: true, Hint: "A blank line begins a new paragraph. The figures and the link follow it."},
			{Name: "closing", Label: "Closing", Kind: partial.Area, Rows: 3, Value: shown.Closing, Required: true, Max: 1000, Wide: true},
		}}
}

func fieldTable(k wording.Kind) *partial.Table {
	t := &partial.Table{Caption: "Fields of this letter", Columns: []partial.Column{{Head: "Write"}, {Head: "It stands for"}}}
	for _, x := range k.Fields() {
		write := "{{" + x.Name + "}}"
		if x.Section {
			write = "{{#" + x.Name + "}}…{{/" + x.Name + "}}"
		}
		c := partial.Cell{Text: x.Means}
		if x.Within != "" {
			c.Sub = "inside {{#" + x.Within + "}}…{{/" + x.Within + "}}"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: write, Code: true}, c}})
	}
	return t
}

func (s *Site) publishWording(r *httpd.Request) (httpd.Reply, error) {
	k := wording.Kind(r.Param("id"))
	t, _ := typedWording(r)
	if r.Form("step") == "try" {
		if _, err := s.Wordings.Try(r.Context(), k, t); err != nil {
			return again(err, func() (templ.Component, error) { return s.wordingPage(r, err) })
		}
		return s.wording(r)
	}
	if _, err := s.Wordings.Publish(r.Context(), k, t, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.wordingPage(r, err) })
	}
	return httpd.Go(href.Letter(r.Firm(), string(k)), "Letters say this from now on."), nil
}

func (s *Site) resetWording(r *httpd.Request) (httpd.Reply, error) {
	k := wording.Kind(r.Param("id"))
	if _, err := s.Wordings.Reset(r.Context(), k, r.FormInt("version")); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Letter(r.Firm(), string(k)), "Letters say Docketry's words again."), nil
}
