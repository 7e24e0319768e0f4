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
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// MountExports adds files that leave: asking, the firm's yes or no, and fetching.
func (s *Site) MountExports(srv *httpd.Server) {
	get(srv, "/firms/{firm}/exports", rbac.ExportRead, s.exports)
	get(srv, "/firms/{firm}/exports/new", rbac.ExportRequest, s.newExport)
	fill(srv, "/firms/{firm}/exports/new", rbac.ExportRequest, s.requestExport, func(r *httpd.Request, failed error) (templ.Component, error) { return s.newExportPage(r, nil, failed) })
	show(srv, "/firms/{firm}/exports/{id}", rbac.ExportRead, of(s.exportPage))
	post(srv, "/firms/{firm}/exports/{id}/approve", rbac.ExportApprove, s.approveExport)
	fill(srv, "/firms/{firm}/exports/{id}/refuse", rbac.ExportApprove, s.refuseExport, of(s.exportPage))
	post(srv, "/firms/{firm}/exports/{id}/withdraw", rbac.ExportRequest, s.withdrawExport)
	post(srv, "/firms/{firm}/exports/{id}/download", rbac.ExportDownload, s.downloadExport)
}

func (s *Site) exports(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Exports", "exports")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	list, err := s.Exports.List(r.Context(), q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Exports, newest first", Keys: true, Columns: []partial.Column{{Head: "Export"}, {Head: "Asked by"}, {Head: "Asked", NoWrap: true, Minor: true}, {Head: "Period", NoWrap: true}, {Head: "Holds", Minor: true}, {Head: "Rows", Right: true, Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "box", Title: "No export yet", Text: "An export is asked for, approved by the firm, encrypted for one recipient, and gone after a while."}}
	for _, e := range list.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(e.Name(), href.Export(f.FirmID, e.ID), e.Reason), partial.Txt(e.AskedByName), partial.Txt(format.Date(e.AskedAt.In(f.Zone))), partial.Txt(period(e)),
			partial.Txt(exportForm(e.Form)), partial.Txt(format.Count(e.RowsAsked)), {Node: partial.ChipMark(exportChip(e.Status)), Sub: exportLeft(f, e)},
		}})
	}
	v := PlainView{Head: layout.Head{Title: "Exports"}, Sections: []Section{{Title: "Files that leave", Table: t, Pager: pagerOf(href.Exports(f.FirmID), r, len(list.Items), list.Next)}}}
	if f.May(rbac.ExportRequest) {
		v.Main = &partial.Link{Text: "Ask for an export", Href: href.New(href.Exports(f.FirmID))}
	}
	return q.plain(f, v), nil
}

func exportForm(x export.Form) string {
	if x == export.FormFull {
		return "With narratives"
	}
	return "Redacted"
}

// exportLeft is what is left of its time or its work, "" where nothing is.
func exportLeft(f frame, e export.Export) string {
	switch e.Status {
	case export.StatusApproved:
		return format.Percent(e.RowsDone, e.RowsAsked) + " of the rows"
	case export.StatusReady:
		return "until " + format.BriefMoment(e.ExpiresAt.In(f.Zone)) + ", " + format.Counted(e.DownloadsLeft, "download", "downloads") + " left"
	case export.StatusRefused, export.StatusFailed:
		return e.Why
	default:
		return ""
	}
}

func period(e export.Export) string { return e.FromOn.Long() + " to " + e.ToOn.Long() }

func exportChip(s export.Status) partial.Chip {
	switch s {
	case export.StatusAsked:
		return partial.Chip{Tone: partial.Warn, Icon: "hold", Text: "To be decided"}
	case export.StatusApproved:
		return partial.Chip{Tone: partial.Accent, Icon: "play", Text: "Being built"}
	case export.StatusReady:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Ready"}
	case export.StatusRefused:
		return partial.Chip{Tone: partial.Bad, Icon: "x", Text: "Refused"}
	case export.StatusFailed:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Failed"}
	case export.StatusWithdrawn:
		return partial.Chip{Icon: "x", Text: "Withdrawn"}
	default:
		return partial.Chip{Icon: "clock", Text: "Gone"}
	}
}

func (s *Site) newExport(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.newExportPage(r, nil, nil)
	return httpd.Show(page), err
}

// newExportPage is the form, and above it what the file would hold when that was asked.
func (s *Site) newExportPage(r *httpd.Request, seen *export.Preview, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Ask for an export", "exports")
	if err != nil {
		return nil, err
	}
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return nil, err
	}
	chosen := map[string]bool{}
	for _, id := range r.FormList("matters") {
		chosen[id] = true
	}
	boxes := make([]partial.Option, 0, len(matters))
	for _, m := range matters {
		boxes = append(boxes, partial.Option{Value: string(m.ID), Label: m.Number + " " + m.Name, Selected: chosen[string(m.ID)]})
	}
	fields := []partial.Field{
		{Name: "from", Label: "First day", Kind: partial.Date, Value: r.Form("from"), Required: true, Hint: "By the day of the work"},
		{Name: "to", Label: "Last day", Kind: partial.Date, Value: r.Form("to"), Required: true},
		{Name: "form", Label: "Holds", Kind: partial.Select, Options: partial.Options(titled(r.Form("form"), "redacted"), "redacted", "Entries without narratives", "full", "Narratives too, as far as you may read them")},
		{Name: "hours", Label: "Can be fetched for", Kind: partial.Select, Options: partial.Options(titled(r.Form("hours"), "24"), "24", "24 hours", "168", "7 days")},
		{Name: "recipient", Label: "Recipient's age public key", Value: r.Form("recipient"), Max: 200, Wide: true, Hint: "Starts with age1. Without one a key pair is made, and its private key shown to you once."},
		{Name: "reason", Label: "What it is for", Kind: partial.Area, Value: r.Form("reason"), Required: true, Max: 300, Wide: true, Hint: "The firm decides by it"},
	}
	if len(boxes) > 0 {
		fields = append(fields, partial.Field{Name: "matters", Label: "Only these matters", Kind: partial.Checks, Options: boxes, Wide: true, Hint: "None ticked is every matter that you see"})
	}
	list := href.Exports(f.FirmID)
	form := &partial.Form{Action: href.New(list), Submit: "Ask the firm", Try: "Show what it would hold", Cancel: list, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: fields, Note: "Somebody at the firm decides before anything is built."}
	v := PlainView{Head: layout.Head{Title: "Ask for an export", Crumbs: []partial.Link{{Text: "Exports", Href: list}}},
		Lede: "A firm's entries as CSV in one file, encrypted so that only its recipient can read it.", Sections: []Section{{Title: "Export", Form: form}}}
	if seen != nil {
		preview := exportPreview(*seen)
		preview.Title, preview.Note = "What it would hold", "Nothing has been asked for yet"
		v.Sections = append(v.Sections, preview)
	}
	return Plain(f.Chrome, v), nil
}

// exportPreview is the redaction preview: column by column what the file has.
func exportPreview(p export.Preview) Section {
	t := &partial.Table{Caption: "Columns of the file", Columns: []partial.Column{{Head: "Field"}, {Head: "Rule"}, {Head: "In the first line", Wide: true}}}
	for _, c := range p.Columns {
		rule := "Kept"
		switch {
		case c.Hidden > 0 && c.Hidden == p.Rows:
			rule = "Left out"
		case c.Hidden > 0:
			rule = "Left out on " + format.Counted(c.Hidden, "line", "lines")
		}
		cell := partial.Txt(c.Sample)
		switch {
		case c.Unseen:
			cell = partial.Node(partial.Redacted("not for you to see"))
		case c.Sample == "" && c.Hidden > 0:
			cell = partial.Node(partial.Redacted("not in the file"))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: columnWords(c.Name), Key: true}, partial.Txt(rule), cell}})
	}
	return Section{ID: "preview", Table: t, Facts: []partial.Fact{
		{Name: "Lines", Value: format.Count(p.Rows) + " on " + format.Counted(p.Matters, "matter", "matters")}, {Name: "With narrative", Value: format.Count(p.Narratives)},
		{Name: "Narrative left out", Value: format.Count(p.Withheld)}, {Name: "Highest level", Node: partial.LabelMark(partial.Label(p.Label))}}}
}

// columnWords is a column's name as people say it.
func columnWords(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func (s *Site) requestExport(r *httpd.Request) (httpd.Reply, error) {
	n := export.NewRequest{From: invoice.Day(r.Form("from")), To: invoice.Day(r.Form("to")), Form: export.Form(r.Form("form")), Recipient: r.Form("recipient"), Hours: r.FormInt("hours"), Reason: r.Form("reason")}
	for _, text := range r.FormList("matters") {
		id, err := ident.Parse[ident.MatterID](text)
		if err != nil {
			return httpd.Reply{}, err
		}
		n.Matters = append(n.Matters, id)
	}
	if r.Form("step") == "try" {
		seen, err := s.Exports.Preview(r.Context(), n)
		if err != nil {
			return again(err, func() (templ.Component, error) { return s.newExportPage(r, nil, err) })
		}
		page, err := s.newExportPage(r, &seen, nil)
		return httpd.Show(page), err
	}
	e, identity, err := s.Exports.Request(r.Context(), n)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newExportPage(r, nil, err) })
	}
	if identity == "" {
		return httpd.Go(href.Export(r.Firm(), e.ID), "Asked. Somebody at the firm decides now."), nil
	}
	f, err := s.frame(r, e.Name(), "exports")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.ShowOnce(Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Keep the key of " + e.Name(), Crumbs: []partial.Link{{Text: "Exports", Href: href.Exports(f.FirmID)}}},
		Lede: "This private key opens the file. It is shown now and never again, and is kept nowhere: without it nobody can read the export.",
		Main: &partial.Link{Text: "I have kept it", Href: href.Export(f.FirmID, e.ID)},
		Sections: []Section{{Title: "Private key", Text: "Save the line as key.txt, then open the file with: age --decrypt -i key.txt " + e.FileName(), Facts: []partial.Fact{
			{Name: "Private key", Value: identity.Reveal(), Code: true}, {Name: "Public key", Value: e.Recipient, Code: true}}}},
	})), nil
}
