package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

func (s *Site) mappingForm(r *httpd.Request) (httpd.Reply, error) {
	q := filtersOf(r)
	page, err := s.showMapping(r, q, nil)
	return q.reply(page), err
}

// mappingPage is the form after a refusal.
func (s *Site) mappingPage(r *httpd.Request, failed error) (templ.Component, error) {
	return s.showMapping(r, readFilters(nil), failed)
}

// showMapping edits the mapping of ?source=, or makes one.
func (s *Site) showMapping(r *httpd.Request, q *filters, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Column mapping", "imports")
	if err != nil {
		return nil, err
	}
	list, err := s.Capture.Mappings(r.Context())
	if err != nil {
		return nil, err
	}
	var m capture.Mapping
	var sources []string
	for _, x := range list {
		sources = append(sources, x.Source)
	}
	source := q.one("source", "is no source with a saved mapping", "the form makes a new one", sources...)
	t := &partial.Table{Caption: "Saved mappings", Columns: []partial.Column{{Head: "Source"}, {Head: "Dates"}, {Head: "Decimal"}}, Empty: partial.Empty{Icon: "transfer", Title: "None yet", Text: "Files with the usual column names need none."}}
	here := href.Imports(f.FirmID) + "/mapping"
	for _, x := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(x.Source, href.Query(here, "source", x.Source), ""), partial.Txt(x.DateForm), partial.Txt(x.DecimalMark)}})
		if x.Source == source {
			m = x
		}
	}
	if failed != nil {
		m = mappingOf(r)
	}
	f.Wrong = q.said()
	form := &partial.Form{Action: here, Version: m.Version, Submit: "Save mapping", Cancel: href.Imports(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "source", Label: "Source", Value: m.Source, Required: true, Max: 40, Hint: "Such as the firm's practice system"},
		{Name: "date_form", Label: "Dates are written", Kind: partial.Select, Options: partial.Options(m.DateForm, "YYYY-MM-DD", "2026-06-30", "YYYYMMDD", "20260630", "MM/DD/YYYY", "6/30/2026", "DD/MM/YYYY", "30/6/2026", "DD.MM.YYYY", "30.6.2026")},
		{Name: "decimal_mark", Label: "Decimal mark", Kind: partial.Select, Options: partial.Options(m.DecimalMark, ".", "Point", ",", "Comma")},
		{Name: "delimiter", Label: "Columns are parted by", Kind: partial.Select, Options: partial.Options(m.Delimiter, "", "Find out", ",", "Comma", ";", "Semicolon", "\t", "Tab")},
	}}
	for _, field := range capture.Fields() {
		form.Fields = append(form.Fields, partial.Field{Name: "columns." + string(field), Label: "Column for " + string(field), Value: m.Columns[field], Max: 80, Hint: "Empty: " + string(field) + " and its usual names"})
	}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Column mapping", Crumbs: []partial.Link{{Text: "Imports", Href: href.Imports(f.FirmID)}}}, Lede: "How the files of one source name their columns.",
		Sections: []Section{{Title: "Saved mappings", Table: t}, {Title: "Mapping", Form: form}}}), nil
}

func mappingOf(r *httpd.Request) capture.Mapping {
	m := capture.Mapping{Source: r.Form("source"), DateForm: r.Form("date_form"), DecimalMark: r.Form("decimal_mark"), Delimiter: r.Secret("delimiter"), Version: max(r.FormInt("version"), 0), Columns: map[capture.Field]string{}}
	for _, field := range capture.Fields() {
		if header := r.Form("columns." + string(field)); header != "" {
			m.Columns[field] = header
		}
	}
	return m
}

func (s *Site) saveMapping(r *httpd.Request) (httpd.Reply, error) {
	m, err := s.Capture.SaveMapping(r.Context(), mappingOf(r))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.mappingPage(r, err) })
	}
	return httpd.Go(href.Imports(r.Firm())+"/mapping", "Mapping for "+m.Source+" saved."), nil
}
