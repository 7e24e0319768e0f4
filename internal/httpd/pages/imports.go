package pages

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountImports adds a firm's files of time and expenses.
func (s *Site) MountImports(srv *httpd.Server) {
	get(srv, "/firms/{firm}/imports", rbac.ImportRead, s.imports)
	get(srv, "/firms/{firm}/imports/new", rbac.ImportCreate, s.newImport)
	fill(srv, "/firms/{firm}/imports/new", rbac.ImportCreate, s.landImport, func(r *httpd.Request, failed error) (templ.Component, error) { return s.newImportPage(r, nil, failed) })
	get(srv, "/firms/{firm}/imports/mapping", rbac.ImportCreate, s.mappingForm)
	fill(srv, "/firms/{firm}/imports/mapping", rbac.ImportCreate, s.saveMapping, s.mappingPage)
	get(srv, "/firms/{firm}/imports/{id}", rbac.ImportRead, s.importDetail)
	post(srv, "/firms/{firm}/imports/{id}/undo", rbac.ImportUndo, s.undoImport)
}

func (s *Site) imports(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Imports", "imports")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	list, err := s.Capture.Imports(r.Context(), q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Imports, newest first", Keys: true, Columns: []partial.Column{{Head: "File"}, {Head: "When", NoWrap: true}, {Head: "Rows", Right: true}, {Head: "Landed", Right: true}, {Head: "Refused", Right: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "download", Title: "No file yet", Text: "A file of time and expenses, CSV, XLSX or LEDES, lands here."}}
	for _, b := range list.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(b.FileName, href.Import(f.FirmID, b.ID), b.Source), partial.Txt(format.Moment(b.CreatedAt.In(f.Zone))), partial.Txt(format.Count(b.Read)),
			partial.Txt(format.Count(b.Landed)), partial.Txt(format.Count(b.Refused)), partial.Txt(b.Status),
		}})
	}
	v := PlainView{Head: layout.Head{Title: "Imports"}, Sections: []Section{{Title: "Files", Table: t, Pager: pagerOf(href.Imports(f.FirmID), r, len(list.Items), list.Next)}}}
	if f.May(rbac.ImportCreate) {
		v.Links = []partial.Link{{Text: "Column mapping", Href: href.Imports(f.FirmID) + "/mapping"}}
		v.Main = &partial.Link{Text: "Import a file", Href: href.ImportNew(f.FirmID)}
		t.Empty.Links = []partial.Link{*v.Main}
	}
	return q.plain(f, v), nil
}

func (s *Site) newImport(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.newImportPage(r, nil, nil)
	return httpd.Show(page), err
}

// newImportPage is the form, and below it what a try without landing found.
func (s *Site) newImportPage(r *httpd.Request, tried *capture.Result, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Import a file", "imports")
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.ImportNew(f.FirmID), Submit: "Read the file", Cancel: href.Imports(f.FirmID), Upload: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "file", Label: "File", Kind: partial.File, Accept: ".csv,.xlsx,.txt,.led,.ledes,.xml", Required: true, Hint: "CSV, XLSX or LEDES (1998B, 98BI V2 or XML), at most 25 MiB and 100,000 rows"},
		{Name: "source", Label: "Source", Value: r.Form("source"), Max: 40, Hint: "Empty for the usual columns; else the name of a saved mapping"},
		{Name: "try", Label: "Only tell me what would land", Kind: partial.Check, Value: r.Form("try")},
	}}
	v := PlainView{Head: layout.Head{Title: "Import a file", Crumbs: []partial.Link{{Text: "Imports", Href: href.Imports(f.FirmID)}}}, Lede: "Rows that are right land; each other row is named with line, column and what to do. The same file again changes nothing.",
		Sections: []Section{{Title: "File", Form: form}}}
	if tried != nil {
		v.Sections = append(v.Sections, Section{Title: "What would happen", Note: "Nothing has changed", Facts: resultFacts(*tried)}, Section{Title: "Rows to look at", Table: faultTable(tried.Faults)})
	}
	return Plain(f.Chrome, v), nil
}

func (s *Site) landImport(r *httpd.Request) (httpd.Reply, error) {
	name, content, err := r.Upload("file")
	var result capture.Result
	if err == nil {
		u := capture.Upload{Name: name, Source: r.Form("source"), Data: content}
		if r.Form("try") == "yes" {
			if result, err = s.Capture.DryRun(r.Context(), u); err == nil {
				page, err := s.newImportPage(r, &result, nil)
				return httpd.Show(page), err
			}
		} else {
			result, err = s.Capture.Import(r.Context(), u)
		}
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newImportPage(r, nil, err) })
	}
	if result.ID == "" {
		page, err := s.newImportPage(r, &result, nil)
		return httpd.Show(page), err
	}
	done := fmt.Sprintf("%s landed, %s refused.", format.Counted(result.Landed, "row", "rows"), format.Count(result.Refused))
	if result.Already {
		done = "This file was imported before. Nothing changed."
	}
	return httpd.Go(href.Import(r.Firm(), result.ID), done), nil
}

func resultFacts(x capture.Result) []partial.Fact {
	facts := []partial.Fact{
		{Name: "Rows read", Value: format.Count(x.Read)}, {Name: "Landing", Value: format.Count(x.Landed)}, {Name: "Refused", Value: format.Count(x.Refused)},
		{Name: "Landed before", Value: format.Count(x.Repeated)}, {Name: "Format", Value: x.Format},
	}
	for _, t := range x.Totals {
		facts = append(facts, partial.Fact{Name: "Value", Value: format.Money(money.Amount{Minor: t.Minor, Currency: t.Currency})})
	}
	if len(x.Ignored) > 0 {
		facts = append(facts, partial.Fact{Name: "Columns not used", Value: strings.Join(x.Ignored, ", ")})
	}
	return facts
}

func faultTable(faults []capture.Fault) *partial.Table {
	t := &partial.Table{Caption: "Rows to look at", Columns: []partial.Column{{Head: "Line", Right: true}, {Head: "Outcome"}, {Head: "Column"}, {Head: "What"}, {Head: "Fix"}, {Head: "Code", Minor: true, NoWrap: true}}, Empty: partial.Empty{Icon: "check", Title: "Every row is right"}}
	refused := map[int]bool{}
	for _, x := range faults {
		refused[x.Line] = refused[x.Line] || x.Severity == capture.Refused
	}
	for i, x := range faults {
		if i == faultsShown {
			t.Foot = append(t.Foot, partial.Row{Cells: []partial.Cell{{Text: format.Count(len(faults)-faultsShown) + " more; correct these first", Span: 6}}})
			break
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(strconv.Itoa(x.Line)), outcome(x, refused[x.Line]), {Text: x.Column, Code: true}, {Text: format.Capital(x.Message), Sub: x.Value, Key: true}, partial.Txt(format.Capital(x.Fix)), {Text: x.Code, Code: true}}})
	}
	return t
}

// outcome is what a fault did to its row. A warning beside a fault that refuses
// the row says nothing of landing.
func outcome(x capture.Fault, refused bool) partial.Cell {
	switch {
	case x.Severity == capture.Refused:
		return partial.Cell{Text: "Refused", Tone: partial.Bad}
	case refused:
		return partial.Cell{Text: "Warning", Tone: partial.Calm}
	default:
		return partial.Cell{Text: "Landed with a warning", Tone: partial.Calm}
	}
}

func (s *Site) importDetail(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ImportID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	page, err := s.showImport(r, id, q, nil)
	return q.reply(page), err
}

// importPage is the import after a refused act.
func (s *Site) importPage(r *httpd.Request, id ident.ImportID, failed error) (templ.Component, error) {
	return s.showImport(r, id, readFilters(nil), failed)
}

// faultsShown is how many complaints about rows the service gives at a time.
const faultsShown = 1_000

func (s *Site) showImport(r *httpd.Request, id ident.ImportID, q *filters, failed error) (templ.Component, error) {
	after := q.number("after", "the rows are shown from the first")
	d, err := s.Capture.ImportDetail(r.Context(), id, after)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, d.FileName, "imports")
	if err != nil {
		return nil, err
	}
	v := PlainView{Head: layout.Head{Title: d.FileName, Crumbs: []partial.Link{{Text: "Imports", Href: href.Imports(f.FirmID)}}}, Meta: []string{d.Source, format.Moment(d.CreatedAt.In(f.Zone)), format.Bytes(d.FileBytes)},
		Sections: []Section{{Title: "What landed", Facts: []partial.Fact{
			{Name: "Rows read", Value: format.Count(d.Read)}, landedFact(f, id, d.Landed), {Name: "Refused", Value: format.Count(d.Refused)}, {Name: "Landed before", Value: format.Count(d.Repeated)},
			{Name: "State", Value: d.Status}, {Name: "SHA-256", Value: d.FileHash, Code: true},
		}}}}
	if failed != nil {
		f.Flash = &layout.Flash{Tone: partial.Bad, Text: sentence(httpd.FaultOf(failed).Message)}
	}
	if d.CanUndo && f.May(rbac.ImportUndo) {
		v.Acts = []partial.Button{{Text: "Undo this import", Action: href.ImportAct(f.FirmID, id, "undo"), Version: d.Version, Class: "danger"}}
	}
	note := ""
	if d.FaultsHidden {
		note = "Shown to who imported the file and to who sees the whole firm"
	}
	rows := Section{Title: "Rows to look at", Note: note, Table: faultTable(d.Faults)}
	if after > 0 {
		rows.Pager.First, rows.Table.Empty = href.Import(f.FirmID, id), partial.Empty{Icon: "check", Title: "No more rows"}
	}
	if len(d.Faults) == faultsShown {
		rows.Pager.Shown, rows.Pager.Next = format.Count(faultsShown)+" shown", href.Query(href.Import(f.FirmID, id), "after", strconv.Itoa(after+faultsShown))
	}
	v.Sections = append(v.Sections, rows)
	f.Wrong = q.said()
	return Plain(f.Chrome, v), nil
}

// landedFact leads to the entries behind the figure.
func landedFact(f frame, id ident.ImportID, landed int) partial.Fact {
	fact := partial.Fact{Name: "Landed", Value: format.Count(landed)}
	if f.May(rbac.EntryRead) && landed > 0 {
		fact.Href = href.Query(href.Entries(f.FirmID), "import", string(id))
	}
	return fact
}

func (s *Site) undoImport(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ImportID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Capture.Undo(r.Context(), id, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.importPage(r, id, err) })
	}
	return httpd.Go(href.Import(r.Firm(), id), "Undone. The same rows may come again."), nil
}
