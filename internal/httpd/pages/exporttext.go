package pages

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
)

// exportTextPage is a court's text for who reviews it: what the record says, beside what
// would leave, and what is blacked out.
func (s *Site) exportTextPage(r *httpd.Request, id ident.ExportID, failed error) (templ.Component, error) {
	text, err := s.Exports.Text(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Text of "+text.Export.Name(), "exports")
	if err != nil {
		return nil, err
	}
	terms := strings.Join(text.Terms, "\n")
	if failed != nil {
		terms = r.Form("redact")
	}
	return Plain(f.Chrome, exportTextView(f, text, terms, failed)), nil
}

func exportTextView(f frame, text export.Text, terms string, failed error) PlainView {
	e := text.Export
	t := &partial.Table{Caption: "Narratives", Columns: []partial.Column{{Head: "Day", NoWrap: true}, {Head: "By", NoWrap: true}, {Head: "In the record"}, {Head: "In the file"}}}
	lines := make([]partial.Option, len(text.Lines))
	for i, l := range text.Lines {
		leaves := partial.Txt(l.Leaves)
		if l.Withheld {
			leaves = partial.Node(partial.Redacted("withheld"))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: l.WorkedOn, Key: true}, partial.Txt(l.Timekeeper), partial.Txt(l.Record), leaves}})
		lines[i] = partial.Option{Value: string(l.Entry), Label: l.WorkedOn + " " + l.Timekeeper + ": " + opening(l.Record, 80), Selected: l.Withheld}
	}
	act := func(name string) string { return href.Act(href.Export(f.FirmID, e.ID), name) }
	v := PlainView{Head: layout.Head{Title: "Text of " + e.Name(), Crumbs: []partial.Link{{Text: "Exports", Href: href.Exports(f.FirmID)}, {Text: e.Name(), Href: href.Export(f.FirmID, e.ID)}}},
		Meta: []string{format.Counted(len(text.Lines), "line", "lines"), "for " + e.AskedByName},
		Lede: "A court reads what stands in the file, word for word. Black out what it must not read; then say that you have read it all.",
		Sections: []Section{{Title: "What the court would read", Table: t},
			{Title: "Black out", Form: &partial.Form{ID: "redact", Action: act("redact"), Version: e.Version, Submit: "Black out", Side: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
				{Name: "redact", Label: "Names and words", Kind: partial.Area, Value: terms, Max: 6200, Rows: 6, Wide: true, Hint: "One on each line; whole words, however they are written: in capitals or not, with or without accents and hyphens"},
				{Name: "withhold", Label: "Lines whose text the court does not get", Kind: partial.Checks, Options: lines, Wide: true}}}}}}
	if e.ReviewedAt == nil {
		v.Acts = []partial.Button{{Text: "I have read all of it", Action: act("review"), Version: e.Version, Icon: "check", Class: "primary", Hidden: []partial.Hidden{{Name: "hash", Value: text.Hash}}}}
	} else {
		v.Meta = append(v.Meta, "read by "+e.ReviewedBy)
	}
	return v
}

func (s *Site) redactExport(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ExportID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	var withheld []ident.EntryID
	for _, text := range r.FormList("withhold") {
		e, err := ident.Parse[ident.EntryID](text)
		if err != nil {
			return httpd.Reply{}, err
		}
		withheld = append(withheld, e)
	}
	if err := s.Exports.Redact(r.Context(), id, r.FormInt("version"), strings.Split(r.Form("redact"), "\n"), withheld); err != nil {
		if len(partial.FaultsOf(err)) > 0 {
			return again(err, func() (templ.Component, error) { return s.exportTextPage(r, id, err) })
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.ExportText(r.Firm(), id), "Blacked out. Read it once more before you confirm."), nil
}

func (s *Site) reviewExport(r *httpd.Request) (httpd.Reply, error) {
	return s.exportAct(r, "Confirmed: this text and no other can leave.", func(id ident.ExportID, version int) error {
		return s.Exports.Confirm(r.Context(), id, version, r.Form("hash"))
	})
}

// opening is the first n letters of a text, by which a person knows it again.
func opening(text string, n int) string {
	if all := []rune(text); len(all) > n {
		return string(all[:n]) + "…"
	}
	return text
}
