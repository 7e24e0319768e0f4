package pages

import (
	"strconv"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/rbac"
)

// MountSubmissions adds e-bills at their receivers: the firm's list, an invoice's chain, and
// one version with its answer, cuts and appeals.
func (s *Site) MountSubmissions(srv *httpd.Server) {
	get(srv, "/firms/{firm}/submissions", rbac.SubmissionRead, s.submissions)
	show(srv, "/firms/{firm}/invoices/{id}/submissions", rbac.SubmissionRead, of(s.chainPage))
	fill(srv, "/firms/{firm}/invoices/{id}/submissions", rbac.SubmissionSend, s.submit, of(s.chainPage))
	show(srv, "/firms/{firm}/submissions/{id}", rbac.SubmissionRead, of(s.submissionPage))
	get(srv, "/firms/{firm}/submissions/{id}/file", rbac.SubmissionRead, s.submissionFile)
	fill(srv, "/firms/{firm}/submissions/{id}/answer", rbac.SubmissionSend, s.answerSubmission, of(s.submissionPage))
	fill(srv, "/firms/{firm}/submissions/{id}/send-again", rbac.SubmissionSend, s.sendAgain, of(s.submissionPage))
	fill(srv, "/firms/{firm}/submissions/{id}/by-hand", rbac.SubmissionSend, s.takenByHand, of(s.submissionPage))
	fill(srv, "/firms/{firm}/submissions/{id}/accept", rbac.SubmissionSend, s.acceptCuts, of(s.submissionPage))
	fill(srv, "/firms/{firm}/submissions/{id}/appeals", rbac.SubmissionSend, s.appealCuts, of(s.submissionPage))
	fill(srv, "/firms/{firm}/submissions/{id}/appeals/{appeal}/outcome", rbac.SubmissionSend, s.decideAppeal, of(s.submissionPage))
	fill(srv, "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers", rbac.SubmissionSend, s.addPaper, of(s.submissionPage))
	get(srv, "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers/{paper}", rbac.SubmissionRead, s.paper)
	show(srv, "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers/{paper}/remove", rbac.SubmissionSend, s.paperRemovalPage)
	fill(srv, "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers/{paper}/remove", rbac.SubmissionSend, s.removePaper, s.paperRemovalPage)
}

func submissionChip(x submission.Submission) partial.Chip {
	c := partial.Chip{Tone: partial.Calm, Icon: "clock", Text: x.Status.Words()}
	switch x.Status {
	case submission.Approved, submission.SentToAP, submission.Paid:
		c.Tone, c.Icon = partial.OK, "check"
	case submission.Rejected, submission.FileError:
		c.Tone, c.Icon = partial.Bad, "x"
	case submission.Reduced, submission.PendingFirm:
		c.Tone, c.Icon = partial.Warn, "alert"
	case submission.Queued:
		return queuedChip(x.Carried)
	default: // on its way
		if x.OverdueAt != nil {
			c.Tone, c.Icon, c.Text = partial.Warn, "alert", "No answer in time"
		}
	}
	return c
}

// nextOf says what is to be done about a version, in a sentence; sentAgain tells that
// another followed it.
func nextOf(x submission.View, today invoice.Day, sentAgain bool) string {
	open, appealed := 0, 0
	for _, r := range x.Reductions {
		switch r.Status {
		case submission.CutOpen:
			open++
		case submission.CutAppealed:
			appealed++
		default: // decided
		}
	}
	switch {
	case x.Status.Failed() && sentAgain:
		return "It was corrected and sent again as version " + strconv.Itoa(x.N+1) + "."
	case x.Status.Failed():
		return "Correct what the receiver names and send the same invoice again."
	case x.Status == submission.Reduced && open > 0:
		return "Accept or appeal " + format.Counted(open, "cut", "cuts") + appealWords(x.AppealUntil, today) + "."
	case x.Status == submission.Reduced && appealed > 0:
		return "Wait for the receiver’s word on the appeal, then enter it."
	case x.Status == submission.Queued:
		return nextOfHandover(x.Latest())
	case x.Status == submission.Submitted && x.Carried == submission.HandSent:
		return "It arrived. Wait for the receiver’s answer, then enter it" + answerWords(x.AnswerBy, today) + "."
	case x.Status == submission.Submitted:
		return "Take the file to the receiver, then enter what it answers" + answerWords(x.AnswerBy, today) + "."
	case len(x.Status.Answers()) > 2:
		return "Wait for the receiver’s answer, then enter it" + answerWords(x.AnswerBy, today) + "."
	}
	return "Nothing is to be done."
}

func appealWords(until, today invoice.Day) string {
	switch {
	case until == "":
		return "; this receiver takes no appeals"
	case until < today:
		return "; the time to appeal ended on " + until.Long()
	}
	return ", by " + until.Long()
}

func answerWords(by, today invoice.Day) string {
	switch {
	case by == "":
		return ""
	case by < today:
		return "; none came by " + by.Long() + ", which counts as rejected"
	}
	return ", by " + by.Long()
}

func (s *Site) submissions(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "E-bills", "submissions")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter := submission.Filter{Todo: q.yes("todo", "all e-bills are shown"), Status: submission.Status(q.one("status", "is no state of an e-bill", "e-bills in every state are shown",
		string(submission.Queued), string(submission.Submitted), string(submission.Received), string(submission.Rejected), string(submission.FileError), string(submission.Reduced), string(submission.Approved), string(submission.Paid)))}
	if filter.Portal, err = idOrNone[ident.PortalID](q.text("portal")); err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Submissions.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	all := href.Submissions(f.FirmID)
	base := href.Query(all, "status", string(filter.Status), "todo", yesIf(filter.Todo), "portal", string(filter.Portal))
	t := &partial.Table{Caption: "E-bills, newest first", Keys: true, Columns: []partial.Column{{Head: "Invoice"}, {Head: "Receiver"}, {Head: "Sent", NoWrap: true, Minor: true}, {Head: "Total", Right: true, Minor: true}, {Head: "Cut", Right: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "transfer", Title: "No e-bill here", Text: "An issued invoice is sent from its own page, where its payor names a receiver."}}
	for _, x := range list.Items {
		sub := x.PayorName
		if x.N > 1 {
			sub = "version " + strconv.Itoa(x.N) + ", " + sub
		}
		cut := ""
		if x.ReducedMinor > 0 {
			cut = format.Money(money.Amount{Minor: x.ReducedMinor - x.RegainedMinor, Currency: x.Currency})
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(x.InvoiceNumber, href.Submission(f.FirmID, x.ID), sub), partial.Txt(x.PortalName), partial.Txt(format.Date(x.SubmittedAt.In(f.Zone))),
			partial.Txt(format.Money(money.Amount{Minor: x.TotalMinor, Currency: x.Currency})), partial.Txt(cut), partial.Node(partial.ChipMark(submissionChip(x))),
		}})
	}
	v := PlainView{Head: layout.Head{Title: "E-bills"}, Links: []partial.Link{{Text: "Lessons from receivers", Href: href.Lessons(f.FirmID)}}, Lede: "What was sent to clients’ systems, and what they answered.", Sections: []Section{{Title: "E-bills", Table: t, Pager: pagerOf(base, r, len(list.Items), list.Next)}}}
	for _, x := range []struct{ text, address string }{
		{"All", all}, {"To do", href.Query(all, "todo", "yes")}, {"Not sent yet", href.Query(all, "status", string(submission.Queued))}, {"Cut", href.Query(all, "status", string(submission.Reduced))}, {"Approved", href.Query(all, "status", string(submission.Approved))},
	} {
		v.Tabs = append(v.Tabs, partial.Tab{Text: x.text, Href: x.address, Count: -1, Current: x.address == base})
	}
	return q.plain(f, v), nil
}

func (s *Site) submissionFile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.SubmissionID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Submissions.File(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: mediaOf(c.Name), Content: c.Bytes}), nil
}
