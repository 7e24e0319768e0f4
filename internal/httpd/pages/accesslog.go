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
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// maxLog is how many looks one file holds; a longer one is cut by period.
const maxLog = 10_000

// accessLog is every look at privileged fields, with what it was for.
func (s *Site) accessLog(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Access log", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	filter, err := lookFilter(r, f.Zone)
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Audit.Looks(r.Context(), filter, page.Request{After: r.Query("after")})
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Looks, newest first", Columns: []partial.Column{{Head: "When", NoWrap: true}, {Head: "Who"}, {Head: "What they looked at"}, {Head: "Matter", NoWrap: true, Minor: true}, {Head: "For", NoWrap: true}},
		Empty: partial.Empty{Icon: "eye", Title: "No look in this period"}}
	for _, l := range list.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(l.At.In(f.Zone).Format("2006-01-02 15:04:05 -07:00")), {Node: partial.Person(l.Who), Key: true}, {Text: lookWords(l)}, partial.Txt(l.Matter), forCell(f, l)}})
	}
	fields, err := s.lookFields(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	query := []string{"person", r.Query("person"), "matter", r.Query("matter"), "from", r.Query("from"), "to", r.Query("to")}
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
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func lookFilter(r *httpd.Request, zone *time.Location) (f audit.LookFilter, err error) {
	if text := r.Query("person"); text != "" {
		if f.Person, err = ident.Parse[ident.PersonID](text); err != nil {
			return f, err
		}
	}
	if text := r.Query("matter"); text != "" {
		if f.Matter, err = ident.Parse[ident.MatterID](text); err != nil {
			return f, err
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, r.Query("from"), zone); err == nil {
		f.From = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, r.Query("to"), zone); err == nil {
		f.To = day.AddDate(0, 0, 1)
	}
	return f, nil
}

// lookFields are the filter's choices: people with access now or once, matters.
func (s *Site) lookFields(r *httpd.Request, f frame) ([]partial.Field, error) {
	people := []string{"", "anyone"}
	if f.May(rbac.GrantRead) {
		grants, err := s.People.Grants(r.Context(), true)
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
	return []partial.Field{
		{Name: "person", Label: "Who", Kind: partial.Select, Options: partial.Options(r.Query("person"), people...)},
		{Name: "matter", Label: "Matter", Kind: partial.Select, Options: partial.Options(r.Query("matter"), matters...)},
		{Name: "from", Label: "From", Kind: partial.Date, Value: r.Query("from")},
		{Name: "to", Label: "To", Kind: partial.Date, Value: r.Query("to")},
	}, nil
}

func lookWords(l audit.Look) string {
	if l.Result == "denied" {
		return "Stopped: nothing they hold gives " + l.Permission
	}
	if l.Action == audit.GlassLook {
		return "Emergency access: " + permissionWord(rbac.Permission(l.Permission))
	}
	what := map[string]string{"entry.read": "Time entries", "thread.read": "Messages", "invoice.read": "An invoice", "invoice.file_read": "An invoice's file",
		"credit_note.file_read": "A credit note's file", "prebill.viewed": "A pre-bill", "finding.listed": "Findings", "export.fetched": "An export's file", "export.previewed": "The preview of an export"}[l.Action]
	if what == "" {
		what = l.Action
	}
	if l.Count > 0 {
		what += ", " + format.Count(l.Count)
	}
	return what
}

func emergencyWord(l audit.Look) string {
	if l.Emergency {
		return "yes"
	}
	return ""
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
	filter, err := lookFilter(r, f.Zone)
	if err != nil {
		return httpd.Reply{}, err
	}
	looks, err := s.Audit.LooksFile(r.Context(), filter, maxLog)
	if err != nil {
		return httpd.Reply{}, err
	}
	rows := make([][]string, len(looks))
	for i, l := range looks {
		rows[i] = []string{format.Instant(l.At.UTC()), l.Who, l.OnBehalfOf, l.Action, l.Object, l.ObjectID, l.Matter, l.ForObject, l.ForID, l.Purpose, l.Permission, l.Result, l.Hash, emergencyWord(l)}
	}
	var b bytes.Buffer
	if err := export.WriteTable(&b, []string{"at", "who", "on_behalf_of", "action", "object", "object_id", "matter", "for", "for_id", "purpose", "permission", "result", "leaf_hash", "emergency"}, rows); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: "access-log.csv", Type: "text/csv; charset=utf-8", Content: b.Bytes()}), nil
}
