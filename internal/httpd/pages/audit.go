package pages

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// MountAudit adds the firm's audit log and its proof file.
func (s *Site) MountAudit(srv *httpd.Server) {
	get(srv, "/firms/{firm}/audit", rbac.AuditRead, s.audit)
	get(srv, "/firms/{firm}/audit/bundle", rbac.AuditExport, s.auditBundle)
}

func (s *Site) audit(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Audit log", "audit")
	if err != nil {
		return httpd.Reply{}, err
	}
	st, err := s.Audit.Status(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	filter := audit.Filter{Action: r.Query("action"), Object: r.Query("object"), ObjectID: r.Query("id"), Result: r.Query("result")}
	list, err := s.Audit.List(r.Context(), filter, page.Request{After: r.Query("after")})
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Entries, newest first", Keys: true, Columns: []partial.Column{{Head: "Place", Right: true}, {Head: "When", NoWrap: true}, {Head: "Who"}, {Head: "What"}, {Head: "Matter", Minor: true, NoWrap: true}, {Head: "Allowed by", Minor: true}, {Head: "Leaf", Minor: true}},
		Empty: partial.Empty{Icon: "chain", Title: "No entries match"}}
	for _, e := range list.Items {
		place := "waits"
		if e.Seq != nil {
			place = format.Count(*e.Seq)
		}
		what := e.Action
		if e.Result != "done" {
			what += " (" + e.Result + ")"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Txt(place), partial.Txt(e.At.In(f.Zone).Format("2006-01-02 15:04:05 -07:00")), {Text: e.Who, Sub: e.OnBehalfOf, Key: true}, {Text: what, Sub: e.Object + " " + e.ObjectID},
			partial.Txt(e.Matter), {Text: e.Permission, Code: true}, {Text: format.Hash(e.Hash), Code: true},
		}})
	}
	base := href.Query(href.Audit(f.FirmID), "action", filter.Action, "object", filter.Object, "id", filter.ObjectID, "result", filter.Result)
	pager := partial.Pager{Shown: fmt.Sprintf("%d shown", len(list.Items))}
	if list.Next != "" {
		pager.Next = href.Query(href.Audit(f.FirmID), "action", filter.Action, "object", filter.Object, "id", filter.ObjectID, "result", filter.Result, "after", list.Next)
	}
	if r.Query("after") != "" {
		pager.First = base
	}
	v := PlainView{Head: layout.Head{Title: "Audit log"}, Lede: auditSentence(st), Sections: []Section{
		{Title: "Verification", Body: Verify(auditState(f, st))},
		{Title: "Entries", Table: t, Pager: pager},
	}}
	if f.May(rbac.AuditExport) {
		v.Links = []partial.Link{{Text: "Proof file", Href: href.Audit(f.FirmID) + "/bundle"}}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func auditSentence(st audit.Status) string {
	if st.Waiting > 0 {
		return fmt.Sprintf("%s, %s in the tree; the rest takes its place within seconds.", format.Counted(st.Entries, "entry", "entries"), format.Count(st.Placed))
	}
	return fmt.Sprintf("%s, all in the tree.", format.Counted(st.Entries, "entry", "entries"))
}

// auditState says how far the tree is sealed, and how anyone checks it without us.
func auditState(f frame, st audit.Status) VerifyView {
	placed := "every entry has its place"
	if st.Waiting > 0 {
		placed = format.Counted(st.Waiting, "entry waits", "entries wait") + " for a place"
	}
	v := VerifyView{OK: !st.SealedAt.IsZero(), Title: "No checkpoint is signed yet", Note: "The first one follows within minutes.", Steps: []VerifyStep{
		{OK: st.Waiting == 0, Title: "In the tree", Note: format.Count(st.Placed) + " of " + format.Count(st.Entries) + ", " + placed},
		{OK: st.Checkpoints > 0, Title: "Signed checkpoints", Note: strconv.FormatInt(st.Checkpoints, 10)},
		{OK: true, Title: "Check it without us", Note: "docketry audit verify reads the proof file on your own computer"},
	}}
	if v.OK {
		v.Title = "Sealed to entry " + format.Count(st.Sealed)
		v.Note = format.Moment(st.SealedAt.In(f.Zone)) + ". Root " + format.Hash(st.Root)
	}
	return v
}

func (s *Site) auditBundle(r *httpd.Request) (httpd.Reply, error) {
	var b bytes.Buffer
	if err := s.Audit.Bundle(r.Context(), &b); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: "audit-proof.jsonl", Type: "application/octet-stream", Content: b.Bytes()}), nil
}
