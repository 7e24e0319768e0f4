package pages

import (
	"bytes"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/rbac"
)

// MountAudit adds the firm's audit log and its proof file.
func (s *Site) MountAudit(srv *httpd.Server) {
	get(srv, "/firms/{firm}/audit", rbac.AuditRead, s.audit)
	get(srv, "/firms/{firm}/audit/sums", rbac.AuditRead, s.sums)
	get(srv, "/firms/{firm}/audit/bundle", rbac.AuditExport, s.auditBundle)
	post(srv, "/firms/{firm}/audit/check", rbac.AuditExport, s.auditCheck)
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
	checked, err := s.Audit.Checked(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	look, err := lookFilter(q, f.Zone)
	if err != nil {
		return httpd.Reply{}, err
	}
	filter := audit.Filter{Actor: string(look.Person), Action: q.text("action"), Object: q.text("object"), ObjectID: q.text("id"), From: look.From, To: look.To,
		Result: q.one("result", "is no result of an act", "all results are shown", "done", "denied", "failed")}
	list, err := s.Audit.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Entries, newest first", Keys: true, Columns: []partial.Column{{Head: "Place", Right: true}, {Head: "When", NoWrap: true}, {Head: "Who"}, {Head: "What"}, {Head: "Matter", Minor: true, NoWrap: true}, {Head: "Allowed by", Minor: true}, {Head: "Before, after", Minor: true}, {Head: "Leaf", Minor: true}},
		Empty: partial.Empty{Icon: "chain", Title: "No entries match"}}
	for _, e := range list.Items {
		place := "waits"
		if e.Seq != nil {
			place = format.Count(*e.Seq)
		}
		what := format.Act(e.Action)
		if e.Result != "done" {
			what += " (" + e.Result + ")"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Txt(place), partial.Txt(e.At.In(f.Zone).Format("2006-01-02 15:04:05 -07:00")), {Text: e.Who, Sub: e.OnBehalfOf, Key: true}, {Text: what, Sub: e.Action + ", " + format.Hash(e.ObjectID)},
			partial.Txt(e.Matter), {Text: e.Permission, Code: true}, {Text: format.Hash(e.Before), Sub: format.Hash(e.After), Code: true}, {Text: format.Hash(e.Hash), Code: true},
		}})
	}
	query := append([]string{"action", filter.Action, "object", filter.Object, "id", filter.ObjectID, "result", filter.Result, "person", filter.Actor}, daysOf(look, f.Zone)...)
	base := href.Query(href.Audit(f.FirmID), query...)
	pager := partial.Pager{Shown: fmt.Sprintf("%d shown", len(list.Items))}
	if list.Next != "" {
		pager.Next = href.Query(href.Audit(f.FirmID), append(query, "after", list.Next)...)
	}
	if r.Query("after") != "" {
		pager.First = base
	}
	fields, err := s.auditFields(r, f, look, filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	v := PlainView{Head: layout.Head{Title: "Audit log"}, Lede: auditSentence(st), Sections: []Section{
		{Title: "Verification", Body: Verify(auditState(f, st, checked))},
		{Title: "Stored sums", Facts: []partial.Fact{{Name: "Checked each night", Value: "What the last checks found", Href: href.Sums(f.FirmID)}}},
		{Title: "Narrow it", Body: LookFilter(href.Audit(f.FirmID), fields)},
		{Title: "Entries", Note: "newest first", Table: t, Pager: pager},
	}}
	if f.May(rbac.AuditExport) && st.Sealed > 0 {
		v.Links = []partial.Link{{Text: "Proof file", Href: href.Audit(f.FirmID) + "/bundle"}}
		v.Acts = []partial.Button{{Text: "Check now", Action: href.Audit(f.FirmID) + "/check"}}
	}
	return q.plain(f, v), nil
}

// auditFields are the filter's choices.
func (s *Site) auditFields(r *httpd.Request, f frame, look audit.LookFilter, now audit.Filter) ([]partial.Field, error) {
	looks, err := s.lookFields(r, f, look)
	if err != nil {
		return nil, err
	}
	return []partial.Field{looks[0],
		{Name: "action", Label: "Did", Value: now.Action, Max: 80, Hint: "Part of the code below an act, such as grant. or prebill.approved"},
		{Name: "result", Label: "Result", Kind: partial.Select, Options: partial.Options(now.Result, "", "any", "done", "done", "denied", "stopped", "failed", "failed")},
		looks[2], looks[3]}, nil
}

func auditSentence(st audit.Status) string {
	if st.Waiting > 0 {
		return fmt.Sprintf("%s, %s in the tree; the rest takes its place within seconds.", format.Counted(st.Entries, "entry", "entries"), format.Count(st.Placed))
	}
	return fmt.Sprintf("%s, all in the tree.", format.Counted(st.Entries, "entry", "entries"))
}

// auditState says what the last check of the whole tree found, check by check, and
// how far the tree has grown since.
func auditState(f frame, st audit.Status, c audit.Checked) VerifyView {
	if c.At.IsZero() {
		return VerifyView{Title: "Not checked yet", Note: "The tree is checked once a day, and whenever you ask. " + sealedWords(f, st)}
	}
	v := VerifyView{OK: c.OK, Title: "Verified to entry " + format.Count(c.Leaves), Note: fmt.Sprintf("%s, took %s. %s", format.Moment(c.At.In(f.Zone)), tookWords(c), sealedWords(f, st))}
	if !c.OK {
		v.Title = "The history does not verify"
		v.Note = sentence(c.Problems[0]) + " Checked " + format.Moment(c.At.In(f.Zone)) + ". Tell the bureau's administrator and keep your own checkpoints."
	}
	v.Steps = []VerifyStep{
		{OK: c.Passed(audit.CheckSignatures), Title: "Signatures good", Note: format.Counted(c.Checkpoints, "signed checkpoint", "signed checkpoints") + " of this tree"},
		{OK: c.Passed(audit.CheckLeaves), Title: "Entries as written", Note: format.Counted(c.Leaves, "entry", "entries") + " and " + format.Counted(c.Invoices, "invoice", "invoices") + " hashed again"},
		{OK: c.Passed(audit.CheckConsistency), Title: "History only grew", Note: "each checkpoint holds all that the one before held"},
		{OK: c.Passed(audit.CheckGaps), Title: "No gaps", Note: "no place missing, none taken twice"},
	}
	return v
}

func tookWords(c audit.Checked) string {
	if s := c.Took.Seconds(); s >= 1 {
		return fmt.Sprintf("%.0f s", s)
	}
	return "less than a second"
}

// sealedWords is how far the newest checkpoint reaches.
func sealedWords(f frame, st audit.Status) string {
	if st.SealedAt.IsZero() {
		return "No checkpoint is signed yet; the first one follows within minutes."
	}
	return fmt.Sprintf("Sealed to entry %s at %s, root %s. What is newer waits for the next seal and check. Check it without us: docketry audit verify reads the proof file on your own computer.",
		format.Count(st.Sealed), format.Moment(st.SealedAt.In(f.Zone)), format.Hash(st.Root))
}

func (s *Site) auditCheck(r *httpd.Request) (httpd.Reply, error) {
	c, err := s.Audit.CheckNow(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	said := "Checked: everything fits."
	if !c.OK {
		said = "Checked: the history does not verify."
	}
	return httpd.Go(href.Audit(r.Firm()), said), nil
}

func (s *Site) auditBundle(r *httpd.Request) (httpd.Reply, error) {
	var b bytes.Buffer
	if err := s.Audit.Bundle(r.Context(), &b); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: "audit-proof.jsonl", Type: "application/octet-stream", Content: b.Bytes()}), nil
}
