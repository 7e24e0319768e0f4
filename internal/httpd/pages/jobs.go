package pages

import (
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/rbac"
)

// MountJobs adds a firm's jobs, the parked ones first: each says why it stopped,
// and a person can have it tried again.
func (s *Site) MountJobs(srv *httpd.Server) {
	get(srv, "/firms/{firm}/jobs", rbac.JobRead, s.jobs)
	post(srv, "/firms/{firm}/jobs/{id}/retry", rbac.JobRetry, s.retryJob)
}

func (s *Site) jobs(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Jobs", "jobs")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	state := outbox.State(titled(q.one("state", "is no state of a job", "parked jobs are shown", string(outbox.StateParked), string(outbox.StatePending), string(outbox.StateRunning), string(outbox.StateDone)), string(outbox.StateParked)))
	counts, err := s.Outbox.Counts(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Outbox.List(r.Context(), state, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := PlainView{Head: layout.Head{Title: "Jobs"}, Lede: "Everything runs by itself.", Tabs: jobTabs(f, state, counts)}
	if n := counts[outbox.StateParked]; n > 0 {
		v.Lede = format.Counted(n, "job waits", "jobs wait") + " for a person: put right what is in the way, then try again."
	}
	base := href.Jobs(f.FirmID)
	if state != outbox.StateParked {
		base = href.Query(base, "state", string(state))
	}
	v.Sections = []Section{{Title: "Jobs, newest first", Table: jobTable(f, list.Items), Pager: pagerOf(base, r, len(list.Items), list.Next)}}
	return q.plain(f, v), nil
}

func jobTabs(f frame, state outbox.State, counts map[outbox.State]int) []partial.Tab {
	tabs := []partial.Tab{{Text: "Parked", Href: href.Jobs(f.FirmID), Count: counts[outbox.StateParked], Current: state == outbox.StateParked}}
	for _, t := range []struct {
		text  string
		state outbox.State
	}{{"Waiting", outbox.StatePending}, {"Running", outbox.StateRunning}, {"Done", outbox.StateDone}} {
		tab := partial.Tab{Text: t.text, Href: href.Query(href.Jobs(f.FirmID), "state", string(t.state)), Count: counts[t.state], Current: state == t.state}
		if t.state == outbox.StateDone {
			tab.Count = -1 // not counted: they only grow
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

func jobTable(f frame, list []outbox.Listed) *partial.Table {
	t := &partial.Table{Caption: "Jobs", Columns: []partial.Column{{Head: "Job"}, {Head: "Why it stopped", Wide: true}, {Head: "Tries", Right: true}, {Head: "Asked for", NoWrap: true, Minor: true}, {Head: "When", NoWrap: true}, {Head: "Try again", Hidden: true}},
		Empty: partial.Empty{Icon: "check", Title: "No job here"}}
	for _, j := range list {
		again := partial.Txt("")
		if j.State == outbox.StateParked && f.May(rbac.JobRetry) {
			again = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Try again", Action: href.JobRetry(f.FirmID, j.ID), Icon: "refresh", Class: "sm"}))
		}
		why := partial.Cell{Text: sentence(j.Reason), Sub: j.Code}
		if j.State == outbox.StateParked {
			why.Tone = partial.Warn
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Text: jobWords(j.Kind), Sub: string(j.ID), Key: true}, why, partial.Txt(format.Count(j.Tries)),
			partial.Txt(format.Moment(j.CreatedAt.In(f.Zone))), partial.Txt(jobWhen(f, j)), again,
		}})
	}
	return t
}

// jobWhen is the moment that matters in the job's state.
func jobWhen(f frame, j outbox.Listed) string {
	switch {
	case j.State == outbox.StateRunning && j.StartedAt != nil:
		return "since " + format.Moment(j.StartedAt.In(f.Zone))
	case j.State == outbox.StateDone && j.DoneAt != nil:
		return "done " + format.Moment(j.DoneAt.In(f.Zone))
	case j.State == outbox.StateParked && j.StartedAt != nil:
		return "tried " + format.Moment(j.StartedAt.In(f.Zone))
	default:
		return "from " + format.Moment(j.RunAt.In(f.Zone))
	}
}

// jobWords says what a job does; an unknown kind is shown as it is stored.
func jobWords(kind string) string {
	switch kind {
	case "invoice.wanted":
		return "Issue an invoice"
	case "invoice.delivery_wanted":
		return "Deliver an invoice"
	case "mail.send":
		return "Send a mail"
	case "export.build":
		return "Build an export"
	default:
		return kind
	}
}

func (s *Site) retryJob(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.JobID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Outbox.Retry(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Jobs(r.Firm()), "It is tried again now."), nil
}
