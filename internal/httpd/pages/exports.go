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
	show(srv, "/firms/{firm}/exports/{id}/text", rbac.ExportApprove, of(s.exportTextPage))
	fill(srv, "/firms/{firm}/exports/{id}/redact", rbac.ExportApprove, s.redactExport, of(s.exportTextPage))
	post(srv, "/firms/{firm}/exports/{id}/review", rbac.ExportApprove, s.reviewExport)
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
	v := PlainView{Head: layout.Head{Title: "Exports"}, Sections: []Section{{Title: "Files that leave", Table: exportTable(f, list.Items), Pager: pagerOf(href.Exports(f.FirmID), r, len(list.Items), list.Next)}}}
	if f.May(rbac.ExportRequest) {
		v.Main = &partial.Link{Text: "Ask for an export", Href: href.New(href.Exports(f.FirmID))}
	}
	return q.plain(f, v), nil
}

func exportTable(f frame, all []export.Export) *partial.Table {
	t := &partial.Table{Caption: "Exports, newest first", Keys: true, Columns: []partial.Column{{Head: "Export"}, {Head: "Asked by"}, {Head: "Asked", NoWrap: true, Minor: true}, {Head: "Period"}, {Head: "For", Minor: true}, {Head: "Rows", Right: true, Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "box", Title: "No export yet", Text: "An export is asked for, approved by the firm, encrypted for one recipient, and gone after a while."}}
	for _, e := range all {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(e.Name(), href.Export(f.FirmID, e.ID), e.Reason), partial.Txt(e.AskedByName), partial.Txt(format.Date(e.AskedAt.In(f.Zone))), partial.Txt(period(e)),
			{Text: e.Audience.Title(), Sub: exportForm(e)}, partial.Txt(format.Count(e.RowsAsked)), {Node: partial.ChipMark(exportChip(e.Status)), Sub: exportLeft(f, e)},
		}})
	}
	return t
}

// exportForm is how much of the text it holds, and how it is written.
func exportForm(e export.Export) string {
	text := "redacted"
	switch {
	case e.Audience == export.AudienceCourt:
		text = "blacked out"
	case e.Form == export.FormFull:
		text = "with narratives"
	}
	return formatWords(e.Format) + ", " + text
}

func formatWords(f export.Format) string {
	return map[export.Format]string{export.FormatCSV: "CSV", export.FormatXLSX: "XLSX", export.FormatJSON: "JSON lines", export.FormatParquet: "Parquet"}[f]
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
	payors, err := s.exportPayors(r, f)
	if err != nil {
		return nil, err
	}
	fields := exportFields(r.Form, payors, boxes)
	return Plain(f.Chrome, exportForAsking(f, fields, seen, failed)), nil
}

func exportForAsking(f frame, fields []partial.Field, seen *export.Preview, failed error) PlainView {
	list := href.Exports(f.FirmID)
	form := &partial.Form{Action: href.New(list), Submit: "Ask the firm", Try: "Show what it would hold", Cancel: list, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: fields, Note: "Somebody at the firm decides before anything is built."}
	v := PlainView{Head: layout.Head{Title: "Ask for an export", Crumbs: []partial.Link{{Text: "Exports", Href: list}}},
		Lede:     "Who will read it decides what it holds, and never more than you may see yourself. The file is encrypted, so that only its recipient opens it.",
		Sections: []Section{{Title: "Export", Form: form}, {Title: "What each gets", Facts: audienceFacts()}}}
	if seen != nil {
		preview := exportPreview(*seen)
		preview.Title, preview.Note = "What it would hold", "Nothing has been asked for yet"
		v.Sections = append(v.Sections[:1:1], preview, v.Sections[1])
	}
	return v
}

func audienceFacts() []partial.Fact {
	facts := make([]partial.Fact, len(export.Audiences))
	for i, a := range export.Audiences {
		facts[i] = partial.Fact{Name: a.Title(), Value: a.Gets()}
	}
	return facts
}

// exportPayors are the payors that one may choose, none for who sees none.
func (s *Site) exportPayors(r *httpd.Request, f frame) ([]partial.Option, error) {
	out := []partial.Option{{Value: "", Label: "Any payor"}}
	if !f.May(rbac.PayorRead) {
		return out, nil
	}
	all, err := s.Matters.Payors(r.Context(), "")
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		out = append(out, partial.Option{Value: string(p.ID), Label: p.Name, Selected: string(p.ID) == r.Form("payor")})
	}
	return out, nil
}

func exportFields(typed func(name string) string, payors, matters []partial.Option) []partial.Field {
	var audiences, formats []partial.Option
	for _, a := range export.Audiences {
		audiences = append(audiences, partial.Option{Value: string(a), Label: a.Title(), Selected: string(a) == typed("audience")})
	}
	for _, x := range export.Formats {
		formats = append(formats, partial.Option{Value: string(x), Label: formatWords(x), Selected: string(x) == typed("format")})
	}
	fields := []partial.Field{
		{Name: "audience", Label: "Who will read it", Kind: partial.Select, Options: audiences, Group: "For whom", Hint: "Below stands what each gets"},
		{Name: "reason", Label: "What it is for", Kind: partial.Area, Value: typed("reason"), Required: true, Max: 300, Wide: true, Group: "For whom", Hint: "The firm decides by it"},
		{Name: "from", Label: "First day", Kind: partial.Date, Value: typed("from"), Required: true, Group: "Which", Hint: "By the day of the work; of invoices by the day of issue"},
		{Name: "to", Label: "Last day", Kind: partial.Date, Value: typed("to"), Required: true, Group: "Which"},
		{Name: "form", Label: "Narratives", Kind: partial.Select, Options: partial.Options(titled(typed("form"), "redacted"), "redacted", "Left out", "full", "As far as you may read them"), Group: "Which", Hint: "For a partner, a specialist or a payor; the others have no choice"},
		{Name: "payor", Label: "Payor", Kind: partial.Select, Options: payors, Group: "Which", Hint: "Whose invoices: for a payor, a collector or an auditor"},
		{Name: "redact", Label: "Black out", Kind: partial.Area, Value: typed("redact"), Max: 4000, Wide: true, Group: "Which", Hint: "For a court: a name or a word on each line. Somebody else reads all of the text before it leaves, and may black out more."},
		{Name: "documents", Label: "The invoices' own files", Kind: partial.Select, Options: partial.Options(typed("documents"), "", "Left out", "yes", "With those issued in the period"), Group: "Which", Hint: "PDF and e-bill, for a payor or a partner with narratives"},
	}
	if len(matters) > 0 {
		fields = append(fields, partial.Field{Name: "matters", Label: "Only these matters", Kind: partial.Checks, Options: matters, Wide: true, Group: "Which", Hint: "None ticked is every matter that you see; a court needs at least one"})
	}
	return append(fields, []partial.Field{
		{Name: "format", Label: "Format", Kind: partial.Select, Options: formats, Group: "How"},
		{Name: "hours", Label: "Can be fetched for", Kind: partial.Select, Options: partial.Options(titled(typed("hours"), "24"), "24", "24 hours", "168", "7 days"), Group: "How"},
		{Name: "opens", Label: "Opens with", Kind: partial.Select, Options: partial.Options(titled(typed("opens"), "key"), "key", "A key", "passphrase", "A passphrase"), Group: "How", Hint: "A passphrase is made, and shown to you once: for who keeps no key"},
		{Name: "recipient", Label: "Recipient's age public key", Value: typed("recipient"), Max: 200, Wide: true, Group: "How", Hint: "Starts with age1. Without one a key pair is made, and its private key shown to you once."},
	}...)
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
	facts := []partial.Fact{
		{Name: "Lines", Value: format.Count(p.Rows) + " on " + format.Counted(p.Matters, "matter", "matters")}, {Name: "With narrative", Value: format.Count(p.Narratives)},
		{Name: "Narrative left out", Value: format.Count(p.Withheld)}, {Name: "Highest level", Node: partial.LabelMark(partial.Label(p.Label))}}
	if p.Documents > 0 {
		facts = append(facts, partial.Fact{Name: "Files of invoices", Value: format.Count(p.Documents)})
	}
	if len(p.LeftOut) > 0 {
		words := make([]string, len(p.LeftOut))
		for i, name := range p.LeftOut {
			words[i] = columnWords(name)
		}
		facts = append(facts, partial.Fact{Name: "Not for this audience", Value: strings.Join(words, ", ")})
	}
	return Section{ID: "preview", Table: t, Facts: facts}
}

// columnWords is a column's name as people say it.
func columnWords(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func (s *Site) requestExport(r *httpd.Request) (httpd.Reply, error) {
	n := export.NewRequest{From: invoice.Day(r.Form("from")), To: invoice.Day(r.Form("to")), Form: export.Form(r.Form("form")), Recipient: r.Form("recipient"), Hours: r.FormInt("hours"), Reason: r.Form("reason"),
		Audience: export.Audience(r.Form("audience")), Format: export.Format(r.Form("format")), Documents: r.Form("documents") == "yes", Passphrase: r.Form("opens") == "passphrase"}
	for line := range strings.Lines(r.Form("redact")) {
		n.Redact = append(n.Redact, strings.TrimSpace(line))
	}
	if text := r.Form("payor"); text != "" {
		id, err := ident.Parse[ident.PayorID](text)
		if err != nil {
			return httpd.Reply{}, err
		}
		n.Payor = id
	}
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
	return httpd.ShowOnce(Plain(f.Chrome, exportKey(f, e, identity.Reveal()))), nil
}

// exportKey shows once what opens the file, and says how it is used and kept.
func exportKey(f frame, e export.Export, secret string) PlainView {
	v := PlainView{
		Head: layout.Head{Title: "Keep the key of " + e.Name(), Crumbs: []partial.Link{{Text: "Exports", Href: href.Exports(f.FirmID)}}},
		Lede: "This private key opens the file. It is shown now and never again, and is kept nowhere: without it nobody can read the export.",
		Main: &partial.Link{Text: "I have kept it", Href: href.Export(f.FirmID, e.ID)},
		Sections: []Section{{Title: "Private key", Text: "Save the line as key.txt, then open the file with: age --decrypt -i key.txt " + e.FileName(), Facts: []partial.Fact{
			{Name: "Private key", Value: secret, Code: true}, {Name: "Public key", Value: e.Recipient, Code: true}}}, keeping},
	}
	if e.ByPassphrase() {
		v.Head.Title = "Keep the passphrase of " + e.Name()
		v.Lede = "This passphrase opens the file. It is shown now and never again; it is kept, sealed, only until the file is made."
		v.Sections[0] = Section{Title: "Passphrase", Text: "Open the file with: age --decrypt -o export.zip " + e.FileName() + " and type the passphrase, hyphens too.", Facts: []partial.Fact{{Name: "Passphrase", Value: secret, Code: true}}}
	}
	return v
}

// keeping is what a person who has never kept a key needs to know.
var keeping = Section{Title: "How to keep it", Steps: []partial.Step{
	{Icon: "lock", Text: "Keep it apart from the file", Note: "In a password manager or on paper. Who has both can read the export; who has one of them cannot."},
	{Icon: "comment", Text: "Give it to the recipient by another way than the file", Note: "By telephone or in person, not in the same mail."},
	{Icon: "download", Text: "The recipient opens the file with age", Note: "A free program for Windows, macOS and Linux; any program that reads age files does."},
	{Icon: "x", Text: "If it is lost, ask for the export anew", Note: "Nobody can open the file without it, nor can we."},
}}
