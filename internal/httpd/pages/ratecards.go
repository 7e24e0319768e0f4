package pages

import (
	"errors"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/rbac"
)

// MountRateCards adds the form for a file of rates, and the file to fill in.
func (s *Site) MountRateCards(srv *httpd.Server) {
	get(srv, "/firms/{firm}/rates/import", rbac.RateEdit, s.newRateCard)
	fill(srv, "/firms/{firm}/rates/import", rbac.RateEdit, s.enterRates, func(r *httpd.Request, failed error) (templ.Component, error) { return s.rateCardPage(r, nil, failed) })
	get(srv, "/firms/{firm}/rates/template", rbac.RateEdit, s.rateTemplate)
}

func (s *Site) rateTemplate(*httpd.Request) (httpd.Reply, error) {
	return httpd.Send(httpd.File{Name: "rates.csv", Type: "text/csv; charset=utf-8", Content: capture.RateTemplate()}), nil
}

func (s *Site) newRateCard(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.rateCardPage(r, nil, nil)
	return httpd.Show(page), err
}

// rateCardPage is the form, and below it what a file comes to that was tried or refused.
func (s *Site) rateCardPage(r *httpd.Request, read *capture.RateResult, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Import rates", "rates")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, rateCardView(f, n, read, r.Form("source"), r.Form("try"), failed)), nil
}

func rateCardView(f frame, n masterNames, read *capture.RateResult, source, try string, failed error) PlainView {
	form := &partial.Form{Action: href.RateCard(f.FirmID), Submit: "Enter the rates", Cancel: href.Rates(f.FirmID), Upload: true, Fields: []partial.Field{
		{Name: "file", Label: "File", Kind: partial.File, Accept: ".csv,.xlsx", Required: true, Hint: "CSV or XLSX, up to " + format.Count(capture.MaxRates) + " rates"},
		{Name: "source", Label: "Source", Value: source, Max: 40, Hint: "Empty for dates as 2026-06-30 and numbers with a point; else the name of a saved mapping"},
		{Name: "try", Label: "Only tell me what would be entered", Kind: partial.Check, Value: try},
	}}
	if failed != nil && (read == nil || !errors.Is(failed, capture.ErrRates)) {
		form.Faults, form.Problem = partial.FaultsOf(failed), problemIn(failed)
	}
	v := PlainView{Head: layout.Head{Title: "Import rates", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}}}, Links: []partial.Link{{Text: "Template", Href: href.RateTemplate(f.FirmID)}},
		Lede:     "All rates of the file are entered, or none. A row names what its rate is for and leaves the other columns blank; without a currency it is in its matter's, or the firm's.",
		Sections: []Section{{Title: "File", Form: form}}}
	if read == nil {
		return v
	}
	t := triedFile{read: read.Read, right: len(read.Rates), refused: read.Refused, format: read.Format, ignored: read.Ignored, faults: read.Faults}
	if len(read.Rates) > 0 {
		t.rows = Section{Title: "Rates that are right", Table: rateRows(n, read)}
	}
	v.Sections = append(v.Sections, t.sections(failed)...)
	return v
}

// rateRows are the rates of a file as they would be entered.
func rateRows(n masterNames, read *capture.RateResult) *partial.Table {
	t := &partial.Table{Caption: "Rates of the file", Columns: []partial.Column{{Head: "Applies to"}, {Head: "Who or what"}, {Head: "Rate", Right: true}, {Head: "From", NoWrap: true}, {Head: "Until", NoWrap: true}}}
	for _, x := range read.Rates {
		what, who := n.rateFor(x)
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: what, Sub: x.Words(), Key: true}, partial.Txt(who), partial.Txt(format.Rate(x.Rate, x.Currency)), partial.Txt(format.Date(x.From)), partial.Txt(rateUntil(x))}})
	}
	return t
}

func (s *Site) enterRates(r *httpd.Request) (httpd.Reply, error) {
	_, content, err := r.Upload("file")
	var read capture.RateResult
	if err == nil {
		do := s.Capture.ImportRates
		if r.Form("try") == "yes" {
			do = s.Capture.TryRates
		}
		read, err = do(r.Context(), capture.RateFile{Source: r.Form("source"), Data: content})
	}
	return fileReply(err, capture.ErrRates, read.DryRun, func(whole bool, failed error) (templ.Component, error) {
		if !whole {
			return s.rateCardPage(r, nil, failed)
		}
		return s.rateCardPage(r, &read, failed)
	}, href.Rates(r.Firm()), len(read.Rates))
}
