package pages

import (
	"errors"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/rbac"
)

// mountExchangeFiles adds the form for a file of exchange rates, and the file to fill in.
func (s *Site) mountExchangeFiles(srv *httpd.Server) {
	none := func(r *httpd.Request, failed error) (templ.Component, error) {
		return s.exchangeFilePage(r, nil, failed)
	}
	show(srv, "/firms/{firm}/exchange-rates/import", rbac.RateEdit, none)
	fill(srv, "/firms/{firm}/exchange-rates/import", rbac.RateEdit, s.enterExchanges, none)
	get(srv, "/firms/{firm}/exchange-rates/template", rbac.RateEdit, func(*httpd.Request) (httpd.Reply, error) {
		return httpd.Send(httpd.File{Name: "exchange-rates.csv", Type: "text/csv; charset=utf-8", Content: capture.ExchangeTemplate()}), nil
	})
}

// exchangeFilePage is the form, and below it what a file comes to that was tried or refused.
func (s *Site) exchangeFilePage(r *httpd.Request, read *capture.ExchangeResult, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Import exchange rates", "rates")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, exchangeFileView(f, read, r.Form, failed)), nil
}

func exchangeFileView(f frame, read *capture.ExchangeResult, typed func(name string) string, failed error) PlainView {
	form := &partial.Form{Action: href.ExchangeFile(f.FirmID), Submit: "Enter the rates", Cancel: href.Exchanges(f.FirmID), Upload: true, Fields: []partial.Field{
		{Name: "file", Label: "File", Kind: partial.File, Accept: ".csv,.xlsx", Required: true, Hint: "CSV or XLSX with the columns day, from, to and rate, up to " + format.Count(capture.MaxExchanges) + " rates"},
		{Name: "source", Label: "Source", Value: typed("source"), Required: true, Max: 80, Hint: "As agreed, such as ECB reference rates"},
		{Name: "mapping", Label: "Written as by", Value: typed("mapping"), Max: 40, Hint: "Empty for dates as 2026-06-30 and numbers with a point; else the name of a saved mapping"},
		{Name: "confirmed", Label: "Rates that are far from the one before are meant", Kind: partial.Check, Value: typed("confirmed")},
		{Name: "try", Label: "Only tell me what would be entered", Kind: partial.Check, Value: typed("try")},
	}}
	if failed != nil && (read == nil || !errors.Is(failed, capture.ErrExchanges)) {
		form.Faults, form.Problem = partial.FaultsOf(failed), problemIn(failed)
	}
	v := PlainView{Head: layout.Head{Title: "Import exchange rates", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}, {Text: "Exchange rates", Href: href.Exchanges(f.FirmID)}}}, Links: []partial.Link{{Text: "Template", Href: href.ExchangeTemplate(f.FirmID)}},
		Lede:     "All rates of the file are entered, or none. A row for a day that has another rate corrects it; one that says the same changes nothing.",
		Sections: []Section{{Title: "File", Form: form}}}
	if read == nil {
		return v
	}
	t := triedFile{read: read.Read, right: len(read.Rates), refused: read.Refused, format: read.Format, ignored: read.Ignored, faults: read.Faults,
		more: []partial.Fact{{Name: "Of them corrections", Value: format.Count(read.Corrections)}, {Name: "Stand already", Value: format.Count(read.Repeated)}}}
	if len(read.Rates) > 0 {
		rows := &partial.Table{Caption: "Exchange rates of the file", Columns: []partial.Column{{Head: "Day", NoWrap: true}, {Head: "Pair", NoWrap: true}, {Head: "Rate", Right: true}}}
		for _, x := range read.Rates[:min(len(read.Rates), mostRows)] {
			rows.Rows = append(rows.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Date(x.On), Key: true}, partial.Txt(x.Pair.String()), partial.Txt(x.Rate.String())}})
		}
		t.rows = Section{Title: "Rates that are right", Table: rows}
		if len(read.Rates) > mostRows {
			t.rows.Note = "The first " + format.Count(mostRows)
		}
	}
	v.Sections = append(v.Sections, t.sections(failed)...)
	return v
}

// mostRows is how many rates of a file are shown.
const mostRows = 200

func (s *Site) enterExchanges(r *httpd.Request) (httpd.Reply, error) {
	_, content, err := r.Upload("file")
	var read capture.ExchangeResult
	if err == nil {
		do := s.Capture.ImportExchanges
		if r.Form("try") == "yes" {
			do = s.Capture.TryExchanges
		}
		read, err = do(r.Context(), capture.ExchangeFile{Mapping: r.Form("mapping"), Source: r.Form("source"), Confirmed: r.Form("confirmed") == "yes", Data: content})
	}
	return fileReply(err, capture.ErrExchanges, read.DryRun, func(whole bool, failed error) (templ.Component, error) {
		if !whole {
			return s.exchangeFilePage(r, nil, failed)
		}
		return s.exchangeFilePage(r, &read, failed)
	}, href.Exchanges(r.Firm()), len(read.Rates))
}

// pathsAs has complaints stand at the fields of a form that has other names for them.
func pathsAs(err error, names map[string]string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	named := *f
	named.Fields = make([]fault.Field, len(f.Fields))
	for i, x := range f.Fields {
		if name, ok := names[x.Path]; ok {
			x.Path = name
		}
		named.Fields[i] = x
	}
	return &named
}
