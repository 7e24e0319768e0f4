package pages

import (
	"bytes"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// maxLog is how many looks one file holds; who asks for more is told to choose fewer days, one person or one matter.
const maxLog = 10_000

// accessLog is every look at privileged fields, with what it was for.
func (s *Site) accessLog(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Access log", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter, err := accessFilter(q, f.Zone)
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Audit.Looks(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Looks, newest first", Columns: []partial.Column{{Head: "When", NoWrap: true}, {Head: "Who"}, {Head: "What they looked at"}, {Head: "Matter", NoWrap: true, Minor: true}, {Head: "For", NoWrap: true}},
		Empty: partial.Empty{Icon: "eye", Title: "No look in this period"}}
	for _, l := range list.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(l.At.In(f.Zone).Format("2006-01-02 15:04:05 -07:00")), {Node: partial.Person(l.Who), Key: true}, {Text: lookWords(l)}, partial.Txt(l.Matter), forCell(f, l)}})
	}
	fields, err := s.lookFields(r, f, filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	query := append([]string{"person", string(filter.Person), "matter", string(filter.Matter)}, daysOf(filter, f.Zone)...)
	pager := partial.Pager{Shown: fmt.Sprintf("%d shown", len(list.Items))}
	if list.Next != "" {
		pager.Next = href.Query(href.AccessLog(f.FirmID), append(query, "after", list.Next)...)
	}
	if r.Query("after") != "" {
		pager.First = href.Query(href.AccessLog(f.FirmID), query...)
	}
	v := PlainView{Head: layout.Head{Title: "Access log", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}}, Lede: "Every look at narratives, documents and messages, and every try that was stopped.",
		Sections: []Section{{Title: "Narrow it", Body: LookFilter(href.AccessLog(f.FirmID), fields)}, {Title: "Looks", Table: t, Pager: pager}}}
	if f.May(rbac.AuditExport) {
		v.Links = []partial.Link{{Text: "As CSV", Href: href.Query(href.AccessLog(f.FirmID)+"/file", query...)}}
	}
	return q.plain(f, v), nil
}

func lookFilter(q *filters, zone *time.Location) (f audit.LookFilter, err error) {
	if f.Person, err = idOrNone[ident.PersonID](q.text("person")); err != nil {
		return f, err
	}
	f.From, f.To = q.moments(zone)
	return f, nil
}

// accessFilter is lookFilter by matter too.
func accessFilter(q *filters, zone *time.Location) (audit.LookFilter, error) {
	f, err := lookFilter(q, zone)
	if err == nil {
		f.Matter, err = idOrNone[ident.MatterID](q.text("matter"))
	}
	return f, err
}

// daysOf are the first and the last day of a filter as its address and fields have them.
func daysOf(f audit.LookFilter, zone *time.Location) []string {
	to := f.To
	if !to.IsZero() {
		to = lastDay(to, zone)
	}
	return []string{"from", dateKey(f.From), "to", dateKey(to)}
}

// lookFields are the filter's choices: people with access now or once, matters.
func (s *Site) lookFields(r *httpd.Request, f frame, now audit.LookFilter) ([]partial.Field, error) {
	people := []string{"", "anyone"}
	if f.May(rbac.GrantRead) {
		grants, err := s.Grants.Grants(r.Context(), true)
		if err != nil {
			return nil, err
		}
		seen := map[ident.PersonID]bool{}
		for _, g := range grants {
			if !seen[g.Person] {
				seen[g.Person] = true
				people = append(people, string(g.Person), g.Name)
			}
		}
	}
	matters := []string{"", "any"}
	if f.May(rbac.MatterRead) {
		list, err := s.Matters.Matters(r.Context(), "")
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			matters = append(matters, string(m.ID), m.Number+" "+m.Name)
		}
	}
	days := daysOf(now, f.Zone)
	return []partial.Field{
		{Name: "person", Label: "Who", Kind: partial.Select, Options: partial.Options(string(now.Person), people...)},
		{Name: "matter", Label: "Matter", Kind: partial.Select, Options: partial.Options(string(now.Matter), matters...)},
		{Name: "from", Label: "From", Kind: partial.Date, Value: days[1]},
		{Name: "to", Label: "To", Kind: partial.Date, Value: days[3]},
	}, nil
}

func lookWords(l audit.Look) string {
	if l.Result == "denied" {
		return "Stopped: nothing they hold gives " + l.Permission
	}
	if l.Action == audit.GlassLook {
		return "Emergency access: " + permissionWord(rbac.Permission(l.Permission))
	}
	what := map[string]string{"entry.read": "Time entries", "thread.read": "Messages", "invoice.read": "An invoice", "invoice.file_read": "An invoice's file", "invoice.file_made": "An invoice's file, made in another format",
		"credit_note.file_read": "A credit note's file", "prebill.viewed": "A pre-bill", "finding.listed": "Findings", "export.fetched": "An export's file", "export.previewed": "The preview of an export"}[l.Action]
	if what == "" {
		what = l.Action
	}
	if l.Count > 0 {
		what += ", " + format.Count(l.Count)
	}
	return what
}

// forCell leads to the work that a look was for.
func forCell(f frame, l audit.Look) partial.Cell {
	switch {
	case l.ForObject == "item":
		return partial.Cell{Text: "Work item", Href: href.Item(f.FirmID, ident.WorkItemID(l.ForID))}
	case l.ForObject == "prebill":
		return partial.Cell{Text: "Pre-bill", Href: href.Prebill(f.FirmID, ident.PrebillID(l.ForID))}
	case l.ForObject == "invoice":
		return partial.Cell{Text: "Invoice", Href: href.Invoice(f.FirmID, ident.InvoiceID(l.ForID))}
	case l.Emergency:
		return partial.Cell{Text: "emergency access", Tone: partial.Bad}
	case l.Purpose != "":
		return partial.Txt(l.Purpose)
	case l.Result == "denied":
		return partial.Txt("nothing was shown")
	default:
		return partial.Cell{Text: "no work item", Tone: partial.Warn}
	}
}

func (s *Site) accessLogFile(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Access log", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter, err := accessFilter(q, f.Zone)
	if err == nil {
		err = q.err()
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	looks, err := s.Audit.LooksFile(r.Context(), filter, maxLog)
	if err != nil {
		return httpd.Reply{}, err
	}
	rows := make([][]string, len(looks))
	for i, l := range looks {
		rows[i] = l.Row()
	}
	var b bytes.Buffer
	if err := export.WriteTable(&b, audit.LookHead, rows); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: "access-log.csv", Type: "text/csv; charset=utf-8", Content: b.Bytes()}), nil
}
