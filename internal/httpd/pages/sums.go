package pages

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/selfcheck"
)

func (s *Site) sums(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Stored sums", "audit")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.SelfChecks.Reports(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, sumsView(f, list))), nil
}

func sumsView(f frame, list []selfcheck.Report) PlainView {
	v := PlainView{Head: layout.Head{Title: "Stored sums", Crumbs: []partial.Link{{Text: "Audit log", Href: href.Audit(f.FirmID)}}}, Lede: sumsSentence(f, list)}
	nights := &partial.Table{Caption: "Checks, newest first", Columns: []partial.Column{{Head: "When", NoWrap: true}, {Head: "Records", Right: true}, {Head: "Outcome"}},
		Empty: partial.Empty{Icon: "check", Title: "No check yet", Text: "The first comes at 3:20 in the night."}}
	for i, r := range list {
		c := partial.Cell{Text: "all agree"}
		if !r.OK() {
			c = partial.Cell{Text: format.Counted(r.Found, "difference", "differences"), Tone: partial.Bad}
		}
		nights.Rows = append(nights.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(format.Moment(r.At.In(f.Zone))), partial.Txt(format.Count(r.Compared)), c}})
		if i == 0 && !r.OK() {
			v.Sections = append(v.Sections, Section{Title: "What the last check found", Note: fmt.Sprintf("%d of %d named", len(r.Findings), r.Found), Table: findingTable(r)})
		}
	}
	v.Sections = append(v.Sections, Section{Title: "Checks", Note: "the last 31", Table: nights})
	return v
}

// sumsSentence says first how it stands.
func sumsSentence(f frame, list []selfcheck.Report) string {
	const what = "Each night the sums that are kept of invoices, payments, balances and numbers are worked out anew from the rows below them. Nothing is changed by it."
	switch {
	case len(list) == 0:
		return what
	case list[0].OK():
		return "All sums agreed on " + format.Moment(list[0].At.In(f.Zone)) + ". " + what
	default:
		return "Some sums do not agree: bill nothing from the records named below until it is explained. " + what
	}
}

func findingTable(r selfcheck.Report) *partial.Table {
	t := &partial.Table{Caption: "Sums that do not agree", Columns: []partial.Column{{Head: "Of"}, {Head: "What"}, {Head: "Rule"}},
		Empty: partial.Empty{Icon: "lock", Title: "They are beyond your grant", Text: "Who sees the whole firm, restricted matters too, finds them named here."}}
	for _, x := range r.Findings {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: strings.ReplaceAll(x.Object, "_", " "), Sub: x.ID, Key: true}, partial.Txt(x.Says), {Text: x.Invariant, Code: true}}})
	}
	return t
}
