package pages

import (
	"bytes"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/evidence"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/rbac"
)

// evidencePage tells what an auditor is given, and asks for the period: the last three
// months where nothing else is asked for.
func (s *Site) evidencePage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Evidence for an auditor", "access")
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now().In(f.Zone)
	from, to := titled(r.Query("from"), format.DateKey(now.AddDate(0, -3, 0))), titled(r.Query("to"), format.DateKey(now))
	faults := partial.FaultsOf(failed)
	t := &partial.Table{Caption: "Files", Columns: []partial.Column{{Head: "File"}, {Head: "What it holds"}}}
	for _, x := range [][2]string{
		{"grants.csv", "Everybody who had access in the period: role, scope, level, from, until, given by whom and why, when a review kept it, last used"},
		{"requests.csv", "What was asked for, emergency access among it, and what it was answered"},
		{"walls.csv", "Ethical walls that stood in the period"},
		{"deputies.csv", "Who stood in for whom, how it ended, and how many approvals were given so"},
		{"undertakings.csv, training.csv", "Undertakings and certificates of the bureau's people among them"},
		{"people.csv", "The people behind the grants, and whether they can still sign in"},
		{"roles.csv, own_roles.csv", "What each role may do, with the line of the policy"},
		{"looks.csv", "Every look at confidential text, and every try that was stopped, with the work it was for and its leaf in the log"},
		{"audit-proof.jsonl", "The whole audit log up to its newest seal, for checking elsewhere"},
		{"manifest.json", "Rows and SHA-256 of each file"},
	} {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: x[0], Key: true}, partial.Txt(x[1])}})
	}
	v := PlainView{Head: layout.Head{Title: "Evidence for an auditor", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede: "One file for whoever audits the firm from outside. Matters and clients stand in it by number, without narratives and amounts. Reasons stand as people wrote them: read them before you hand it on."}
	if f.May(rbac.AuditExport) {
		v.Sections = append(v.Sections, Section{Title: "Period", Note: "at most 400 days", Body: AskForm(href.Evidence(f.FirmID)+"/file", "Get the file", []partial.Field{
			{Name: "from", Label: "First day", Kind: partial.Date, Value: from, Required: true, Error: faults.On("from")},
			{Name: "to", Label: "Last day", Kind: partial.Date, Value: to, Required: true, Error: faults.On("to")},
		})})
	}
	v.Sections = append(v.Sections, Section{Title: "What the file holds", Table: t})
	return Plain(f.Chrome, v), nil
}

func (s *Site) evidenceFile(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Evidence for an auditor", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	var p evidence.Period
	q := filtersOf(r)
	p.From, p.To = startOf(q.day("from", ""), 0, f.Zone), startOf(q.day("to", ""), 1, f.Zone)
	var b bytes.Buffer
	if err := s.Evidence.Write(r.Context(), &b, p); err != nil {
		return again(err, func() (templ.Component, error) { return s.evidencePage(r, err) })
	}
	return httpd.Send(httpd.File{Name: "evidence-" + f.Card.Code + "-" + r.Query("from") + "-" + r.Query("to") + ".zip", Type: "application/zip", Content: b.Bytes()}), nil
}
