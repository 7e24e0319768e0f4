package pages

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
)

func exportStory(s story) export.Export {
	return export.Export{ID: id[ident.ExportID](1), Number: 419, Audience: export.AudienceCourt, Format: export.FormatXLSX, Form: export.FormFull, FromOn: "2026-01-01", ToOn: "2026-10-31", Matters: 2, Terms: 2,
		Withheld: 1, Reason: "Petition for fees, Cobalt Rail", Recipient: "passphrase", LifeHours: 24, AskedByName: "Ines Carvalho", AskedAt: s.at(3, 9, 50), RowsAsked: 3, Narratives: 3, ApprovalsDue: 1, Status: export.StatusAsked, Version: 1}
}

func exportTextStory(s story) export.Text {
	return export.Text{Export: exportStory(s), Terms: []string{"Dundalk", "J. Okoro"}, Hash: strings.Repeat("0a", 32), Lines: []export.TextLine{
		{Entry: id[ident.EntryID](1), WorkedOn: "2026-02-03", Timekeeper: "DO", Record: "Call with J. Okoro on Dundalk depot settlement range", Leaves: "Call with [redacted] on [redacted] depot settlement range"},
		{Entry: id[ident.EntryID](2), WorkedOn: "2026-02-04", Timekeeper: "DO", Record: "Settlement strategy with the client", Leaves: "[withheld]", Withheld: true},
		{Entry: id[ident.EntryID](3), WorkedOn: "2026-02-05", Timekeeper: "RV", Record: "Draft the motion", Leaves: "Draft the motion"},
	}}
}

func exportFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f := s.house(t, "exports")
	typed := func(name string) string {
		return map[string]string{"audience": "court", "format": "xlsx", "from": "2026-01-01", "to": "2026-10-31", "redact": "J. Okoro\nDundalk", "opens": "passphrase"}[name]
	}
	fields := exportFields(typed, partial.Options("", "", "Any payor", "1", "Cobalt Rail Ltd", "2", "Northern Mutual"), partial.Options("1", "1", "00417-0032 Carrier liability", "2", "00417-0033 Lease"))
	seen := export.Preview{Rows: 3, Narratives: 3, Matters: 2, Label: authz.Confidential, Documents: 2, LeftOut: []string{"client", "standard_rate"}, Columns: []export.Column{
		{Name: "worked_on", Class: authz.C2, Sample: "2026-02-03"}, {Name: "narrative", Class: authz.C3, Sample: "Call with [redacted] on [redacted] depot settlement range"}}}
	bad := export.ErrInput.On(fault.Field{Path: "matters", Code: "matters_missing", Message: "name the matters that the court is to see"})
	ready, now := exportStory(s), s.at(4, 9, 0)
	size, until := int64(2_400_000), now.Add(22*time.Hour)
	ready.Number, ready.Status, ready.ReviewedBy, ready.ReviewedAt, ready.ApprovedBy, ready.ApprovedAt, ready.ReadyAt = 417, export.StatusReady, "Rosalind Vane", &now, "Nadia Haddad", &now, &now
	ready.SizeBytes, ready.FileHash, ready.ExpiresAt, ready.DownloadsLeft = &size, strings.Repeat("4be190c7", 8), &until, 3
	refused := exportStory(s)
	refused.Number, refused.Audience, refused.Form, refused.Status, refused.Why, refused.EndedAt = 411, export.AudiencePayor, export.FormFull, export.StatusRefused, "too wide: name the invoices", &now
	list := PlainView{Head: layout.Head{Title: "Exports"}, Main: &partial.Link{Text: "Ask for an export", Href: "#"}, Sections: []Section{{Title: "Files that leave", Table: exportTable(f, []export.Export{exportStory(s), ready, refused})}}}
	return []fixture{
		{"exports", Plain(f.Chrome, list), ""},
		{"exports-none", Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Exports"}, Sections: []Section{{Title: "Files that leave", Table: exportTable(f, nil)}}}), ""},
		{"export", Plain(f.Chrome, exportView(f, ready)), ""},
		{"export-ask", Plain(f.Chrome, exportForAsking(f, fields, &seen, nil)), ""},
		{"export-ask-again", Plain(f.Chrome, exportForAsking(f, fields, nil, bad)), ""},
		{"export-text", Plain(f.Chrome, exportTextView(f, exportTextStory(s), "Dundalk\nJ. Okoro", nil)), ""},
		{"export-passphrase", Plain(f.Chrome, exportKey(f, exportStory(s), "abcde-fghij-kmnpq-rstuv-wxyz2-34567")), ""},
	}
}

// Who reviews sees record and file side by side, and confirms what they saw.
func TestAReviewerSeesWhatLeaves(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.house(t, "exports")
	text := exportTextStory(s)
	html := render(t, Plain(f.Chrome, exportTextView(f, text, "", nil)))
	for _, want := range []string{"J. Okoro on Dundalk", "[redacted] on [redacted] depot", "withheld", "I have read all of it", `name="hash" value="` + text.Hash + `"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	now := s.at(4, 9, 0)
	text.Export.ReviewedAt, text.Export.ReviewedBy = &now, "Rosalind Vane"
	if html := render(t, Plain(f.Chrome, exportTextView(f, text, "", errors.New("x")))); strings.Contains(html, "I have read all of it") || !strings.Contains(html, "read by Rosalind Vane") {
		t.Error("what was read is asked for again")
	}
	for _, a := range export.Audiences {
		if html := render(t, Plain(f.Chrome, exportForAsking(f, exportFields(func(string) string { return "" }, nil, nil), nil, nil))); !strings.Contains(html, a.Title()) {
			t.Errorf("the form lacks %s", a)
		}
	}
}
