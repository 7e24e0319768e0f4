package pages

import (
	"errors"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

func (s *Site) exportPage(r *httpd.Request, id ident.ExportID, failed error) (templ.Component, error) {
	e, err := s.Exports.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, e.Name(), "exports")
	if err != nil {
		return nil, err
	}
	sc, err := scope.From(r.Context())
	if err != nil {
		return nil, err
	}
	f.Refresh = e.Status == export.StatusApproved
	v := exportView(f, e)
	own := e.AskedBy == sc.Actor
	act := func(name string) string { return href.Act(href.Export(f.FirmID, id), name) }
	switch {
	case e.Status == export.StatusAsked && own && f.May(rbac.ExportRequest):
		v.Acts = []partial.Button{{Text: "Withdraw", Action: act("withdraw"), Version: e.Version, Class: "quiet"}}
	case e.Status == export.StatusAsked && !own && f.May(rbac.ExportApprove):
		preview, err := s.exportReview(r, id)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, preview...)
		if e.Audience == export.AudienceCourt && e.ApprovedAt == nil {
			v.Links = append(v.Links, partial.Link{Text: "Read the text", Href: href.ExportText(f.FirmID, id)})
		}
		if !e.NeedsReview() {
			v.Acts = []partial.Button{{Text: "Approve", Action: act("approve"), Version: e.Version, Icon: "check", Class: "primary"}}
		}
		v.Sections = append(v.Sections, Section{Title: "Or refuse", Form: &partial.Form{Action: act("refuse"), Version: e.Version, Submit: "Refuse", Danger: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "why", Label: "Why", Value: r.Form("why"), Required: true, Max: 300, Wide: true, Hint: "Who asked reads it"}}}})
	case e.Status == export.StatusReady && own && e.DownloadsLeft > 0 && f.May(rbac.ExportDownload) && s.Clock.Now().Before(*e.ExpiresAt):
		v.Acts = []partial.Button{{Text: "Fetch the file", Action: act("download"), Icon: "download", Class: "primary"}}
	}
	return Plain(f.Chrome, v), nil
}

// exportView is what everybody reads of an export who may open it.
func exportView(f frame, e export.Export) PlainView {
	return PlainView{Head: layout.Head{Title: e.Name(), Crumbs: []partial.Link{{Text: "Exports", Href: href.Exports(f.FirmID)}}}, Meta: []string{"For " + e.AskedByName, period(e)}, Lede: exportSentence(f, e),
		Sections: []Section{{Title: "What was asked for", Facts: exportFacts(e)}, {Title: "History", Steps: exportSteps(f, e)}}}
}

// exportReview is for who decides: column by column what the file would hold for who
// asked. Who may not decide on it after all sees none; nor is there one of a file that
// its asker may not have any more, which it says.
func (s *Site) exportReview(r *httpd.Request, id ident.ExportID) ([]Section, error) {
	p, err := s.Exports.Review(r.Context(), id)
	switch {
	case errors.Is(err, authz.ErrForbidden) || errors.Is(err, export.ErrDecided):
		return nil, nil
	case errors.Is(err, export.ErrRightGone):
		return []Section{{ID: "preview", Title: "What it would hold now", Text: sentence(export.ErrRightGone.Message) + " Approved, it fails."}}, nil
	case err != nil:
		return nil, err
	}
	preview := exportPreview(p)
	preview.Title, preview.Note = "What it would hold now", "As far as who asked sees it"
	return []Section{preview}, nil
}

// exportSentence is where it stands and what comes next.
func exportSentence(f frame, e export.Export) string {
	switch e.Status {
	case export.StatusAsked:
		if e.NeedsReview() {
			return "Somebody at the firm, other than who asked, reads all of its text as the court would; then the firm decides."
		}
		if e.ApprovalsDue == 2 && e.ApprovedAt != nil {
			return "One has approved. It holds so many narratives that a second person at the firm must do so too."
		}
		if e.ApprovalsDue == 2 {
			return "It holds so many narratives that two people at the firm must approve it."
		}
		return "Somebody at the firm decides, other than who asked."
	case export.StatusApproved:
		return "It is being built: " + format.Count(e.RowsDone) + " of " + format.Counted(e.RowsAsked, "row", "rows") + "."
	case export.StatusReady:
		return "It can be fetched until " + format.Moment(e.ExpiresAt.In(f.Zone)) + ", " + format.Counted(e.DownloadsLeft, "time", "times") + " more, by " + e.AskedByName + "."
	case export.StatusRefused, export.StatusFailed:
		return sentence(e.Why)
	case export.StatusWithdrawn:
		return "Withdrawn before anyone had decided."
	default:
		return "Its time is over and the file is erased."
	}
}

func exportFacts(e export.Export) []partial.Fact {
	holds, covers, key := "No narratives", "everything that the asker sees", "given by who asked"
	if e.Form == export.FormFull {
		holds = "Narratives too: " + format.Count(e.Narratives)
	}
	if e.Audience == export.AudienceCourt {
		holds = "Narratives, blacked out by " + format.Counted(e.Terms, "word", "words") + ", " + format.Counted(e.Withheld, "line", "lines") + " withheld"
	}
	if e.ByPassphrase() {
		key = "a passphrase, made with the request"
	}
	if e.Clients+e.Matters > 0 {
		covers = format.Counted(e.Matters, "matter", "matters")
		if e.Clients > 0 {
			covers = format.Counted(e.Clients, "client", "clients") + ", " + covers
		}
	}
	if e.KeyMade {
		key = "made with the request"
	}
	facts := []partial.Fact{
		{Name: "For", Value: e.Audience.Title() + ": " + e.Reason}, {Name: "Gets", Value: e.Audience.Gets()}, {Name: "Format", Value: formatWords(e.Format)}, {Name: "Holds", Value: holds}, {Name: "Covers", Value: covers}, {Name: "Rows", Value: format.Count(e.RowsAsked)},
		{Name: "Encrypted for", Value: e.Recipient, Code: true}, {Name: "Its key was", Value: key}, {Name: "Can be fetched for", Value: format.Counted(e.LifeHours, "hour", "hours")},
	}
	if e.Payor != "" {
		facts = append(facts, partial.Fact{Name: "Payor", Value: e.Payor})
	}
	if e.Invoices > 0 {
		facts = append(facts, partial.Fact{Name: "Invoices named", Value: format.Count(e.Invoices)})
	}
	if e.Documents {
		facts = append(facts, partial.Fact{Name: "Goes along", Value: "the PDF and e-bill of the invoices issued in the period"})
	}
	if e.SizeBytes != nil {
		facts = append(facts, partial.Fact{Name: "File", Value: e.FileName() + ", " + format.Bytes(*e.SizeBytes)}, partial.Fact{Name: "SHA-256", Value: e.FileHash, Code: true})
	}
	return facts
}

func exportSteps(f frame, e export.Export) []partial.Step {
	steps := []partial.Step{{Icon: "comment", Text: "Asked for by " + e.AskedByName, Note: format.Moment(e.AskedAt.In(f.Zone))}}
	if e.ReviewedAt != nil {
		steps = append(steps, partial.Step{Icon: "eye", Tone: partial.OK, Text: "Its text was read by " + e.ReviewedBy, Note: format.Moment(e.ReviewedAt.In(f.Zone))})
	}
	if e.ApprovedAt != nil {
		steps = append(steps, partial.Step{Icon: "check", Tone: partial.OK, Text: "Approved by " + e.ApprovedBy, Note: format.Moment(e.ApprovedAt.In(f.Zone))})
	}
	if e.SecondAt != nil {
		steps = append(steps, partial.Step{Icon: "check", Tone: partial.OK, Text: "Approved also by " + e.SecondBy, Note: format.Moment(e.SecondAt.In(f.Zone))})
	}
	if e.ReadyAt != nil {
		steps = append(steps, partial.Step{Icon: "box", Tone: partial.OK, Text: "Built and encrypted", Note: format.Moment(e.ReadyAt.In(f.Zone))})
	}
	for _, x := range e.Fetched {
		steps = append(steps, partial.Step{Icon: "download", Tone: partial.OK, Text: "Fetched by " + x.Who, Note: format.Moment(x.At.In(f.Zone))})
	}
	if e.EndedAt != nil {
		steps = append(steps, partial.Step{Icon: "x", Text: exportChip(e.Status).Text, Note: format.Moment(e.EndedAt.In(f.Zone))})
	}
	return steps
}

func (s *Site) approveExport(r *httpd.Request) (httpd.Reply, error) {
	return s.exportAct(r, "Approved.", func(id ident.ExportID, version int) error { return s.Exports.Approve(r.Context(), id, version) })
}

func (s *Site) refuseExport(r *httpd.Request) (httpd.Reply, error) {
	return s.exportAct(r, "Refused. Who asked reads why.", func(id ident.ExportID, version int) error {
		return s.Exports.Refuse(r.Context(), id, version, r.Form("why"))
	})
}

func (s *Site) withdrawExport(r *httpd.Request) (httpd.Reply, error) {
	return s.exportAct(r, "Withdrawn.", func(id ident.ExportID, version int) error { return s.Exports.Withdraw(r.Context(), id, version) })
}

func (s *Site) exportAct(r *httpd.Request, done string, do func(id ident.ExportID, version int) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ExportID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(id, r.FormInt("version")); err != nil {
		if len(partial.FaultsOf(err)) > 0 {
			return again(err, func() (templ.Component, error) { return s.exportPage(r, id, err) })
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Export(r.Firm(), id), done), nil
}

// downloadExport makes the ticket and uses it up in one go: no address ever opens
// the file, and nothing of it stays in a history (T25).
func (s *Site) downloadExport(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ExportID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	ticket, err := s.Exports.Ticket(r.Context(), id, r.Network())
	if err != nil {
		return httpd.Reply{}, err
	}
	file, err := s.Exports.Download(r.Context(), ticket.Reveal(), r.Network(), "")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Pour(httpd.Download{Name: file.Name, Type: "application/octet-stream", Size: file.Size, Body: file.Body}), nil
}
