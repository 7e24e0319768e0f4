package pages

import (
	"errors"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountItems adds one work item with its acts, its thread and its clocks.
func (s *Site) MountItems(srv *httpd.Server) {
	const at = "/firms/{firm}/items/{id}"
	get(srv, at, rbac.ItemRead, s.item)
	post(srv, at+"/claim", rbac.ItemClaim, s.claimItem)
	post(srv, at+"/finish", rbac.ItemWork, s.finishItem)
	post(srv, at+"/skip", rbac.ItemWork, s.skipItem)
	post(srv, at+"/return", rbac.ItemWork, s.returnItem)
	fill(srv, at+"/messages", rbac.MessageRead, s.writeMessage, of(s.itemPage))
	fill(srv, at+"/findings/{finding}/waive", rbac.FindingWaive, s.waiveFinding, of(s.itemPage))
	fill(srv, at+"/findings/{finding}/override", rbac.FindingOverride, s.overrideFinding, of(s.itemPage))
	post(srv, at+"/findings/{finding}/fix", rbac.EntryAmend, s.fixFinding)
	show(srv, at+"/entries/{entry}/edit", rbac.EntryAmend, s.entryFormPage)
	fill(srv, at+"/entries/{entry}/edit", rbac.EntryAmend, s.amendEntry, s.entryFormPage)
	post(srv, at+"/entries/{entry}/undo", rbac.EntryAmend, s.undoEntry)
	get(srv, at+"/clocks/{clock}", rbac.ItemRead, s.clock)
}

func (s *Site) item(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	page, err := s.showItem(r, id, q, nil)
	return q.reply(page), err
}

// itemPage is the item after a refused act.
func (s *Site) itemPage(r *httpd.Request, id ident.WorkItemID, failed error) (templ.Component, error) {
	return s.showItem(r, id, readFilters(nil), failed)
}

func (s *Site) showItem(r *httpd.Request, id ident.WorkItemID, q *filters, failed error) (templ.Component, error) {
	i, err := s.Work.Item(r.Context(), id)
	if err != nil {
		return nil, err
	}
	r.For("item", string(id))
	f, err := s.frame(r, workName(i.Type), "queue")
	if err != nil {
		return nil, err
	}
	v := ItemView{
		Firm: *f.Firm, ID: id, Version: i.Version, Work: workName(i.Type), Matter: i.Matter.Name, Number: i.Matter.Number, Client: i.Matter.Client, Label: partial.Label(i.Label), Now: i.Now.In(i.Zone),
		About: []string{"Received " + format.Moment(i.ReceivedAt.In(i.Zone)), i.Agreement}, Show: q.one("show", "is no part of this list", "all lines are shown", "findings"), FirmWord: f.Firm.Name, OfFirm: !f.Standing.OfBureau(), CanWork: i.Mine, Today: s.today(f),
		Lease: ItemLease{Mine: i.Mine, Holder: i.Holder.Name, Until: i.LeaseUntil.In(i.Zone), Token: i.LeaseToken,
			Claim: i.May[rbac.ItemClaim] && len(i.Lacks) == 0 && (i.Status == worklist.Ready && (i.May[rbac.ItemAssign] || i.Reserved) || i.Status == worklist.Leased && i.Reserved)},
	}
	if i.Mine {
		v.Lease.Holder = ""
	}
	for _, l := range i.Lacks {
		v.Lacks = append(v.Lacks, l.Says())
	}
	if f.May(rbac.RequirementRead) {
		v.LacksHref = href.Requirements(f.FirmID)
	}
	s.giveActs(i, &v)
	if v.Live, err = s.itemHere(r, i, f.Standing.OfBureau()); err != nil {
		return nil, err
	}
	if !i.FinishedAt.IsZero() {
		v.About = append(v.About, "Finished "+format.Moment(i.FinishedAt.In(i.Zone)))
	}
	if failed != nil {
		v.Problem = sentence(httpd.FaultOf(failed).Message)
	}
	for _, k := range i.Clocks {
		v.Clocks = append(v.Clocks, itemClockOf(i, k))
	}
	if i.Wait.Name != "" {
		v.Wait = &ItemClock{Name: i.Wait.Name, Clock: glance(i.Wait, i.Now)}
		v.Wait.Clock.Due = i.DueAt.In(i.Zone)
	}
	v.Thread = threadOf(f, i)
	v.Compose = composeOf(r, f, i, failed)
	if err := s.itemSubject(r, f, i, q.after(), &v); err != nil {
		return nil, err
	}
	v.refused(r, failed)
	f.Wrong = q.said()
	return Item(f.Chrome, v), nil
}

// refused puts a reason that came back at its finding.
func (v *ItemView) refused(r *httpd.Request, failed error) {
	if failed == nil {
		return
	}
	for i := range v.Lines {
		for j := range v.Lines[i].Findings {
			if f := &v.Lines[i].Findings[j]; string(f.ID) == r.Param("finding") {
				f.Reason, f.Typed = reasonAgain(r, failed), overrideAgain(r, failed)
			}
		}
	}
}

// reasonAgain is the reason of a finding's form that came back.
func reasonAgain(r *httpd.Request, failed error) Faulty {
	faults := partial.FaultsOf(failed)
	return Faulty{Value: r.Form("reason"), Error: titled(faults.On("reason"), faults.On("note"))}
}

// giveActs are the ways in which an open item gets to somebody else.
func (s *Site) giveActs(i worklist.Item, v *ItemView) {
	v.Kept = keptChip(i.Kept, i.Reserved)
	if !i.FinishedAt.IsZero() || v.OfFirm {
		return
	}
	v.Assign = i.May[rbac.ItemAssign]
	offered := i.Kept.By.ID != ""
	v.HandOff = i.Mine && i.May[rbac.ItemWork] && !offered
	v.Decline = i.Reserved && offered
	v.Withdraw = offered && !i.Reserved && (i.Mine || i.May[rbac.ItemAssign])
	if offered {
		v.KeptUntil = "until " + format.Moment(i.Kept.Until.In(i.Zone))
	}
}

func itemClockOf(i worklist.Item, k worklist.Clock) ItemClock {
	c := k.Progress.Clock
	out := ItemClock{ID: k.ID, Name: k.Name, Promise: format.BusinessTime(int(k.TargetS / 60)), Clock: partial.Clock{
		Now: i.Now, Target: time.Duration(k.TargetS) * time.Second, Used: time.Duration(k.UsedS) * time.Second, Paused: c.State == sla.Paused,
		Met: c.Outcome == sla.Met, Missed: c.State == sla.Completed && c.Outcome == sla.Breached, Gone: c.Outcome == sla.Cancelled,
	}}
	if !c.DueAt.IsZero() {
		out.Clock.Due = c.DueAt.In(i.Zone)
	}
	if k.Pauses > 0 {
		out.Pauses = format.Counted(k.Pauses, "pause", "pauses") + ", " + format.Duration(time.Duration(k.PausedS)*time.Second)
	}
	return out
}

func threadOf(f frame, i worklist.Item) []partial.Message {
	var out []partial.Message
	for _, m := range i.Thread {
		side := f.Firm.Name
		if m.Side == worklist.OfBureau {
			side = "Billing bureau"
		}
		switch {
		case m.Kind == worklist.KindHandoff:
			side += ", with the item to somebody else"
		case m.Internal:
			side += ", internal"
		}
		body := m.Body
		if body == "" { // nobody sends an empty message
			body = withheld
		}
		out = append(out, partial.Message{Author: m.Author, Side: side, At: format.Moment(m.SentAt.In(i.Zone)), Text: body})
	}
	return out
}

// composeOf is the box for the next message: the holder asks, the firm answers.
func composeOf(r *httpd.Request, f frame, i worklist.Item, failed error) *Compose {
	c := &Compose{Action: href.ItemAct(f.FirmID, i.ID, "messages"), Label: "Message", Submit: "Send", Token: i.LeaseToken}
	switch {
	case !i.FinishedAt.IsZero():
		return nil
	case i.May[rbac.MessageAnswer]:
		c.Label, c.Submit, c.Hint = "Answer", "Send answer", "Your answer lets the bureau's clock run on."
	case i.May[rbac.MessageAsk]:
		c.Label, c.Hint, c.Asks = "Message to "+f.Firm.Name, "The firm sees it.", i.Mine
		c.Typing = "/api/v1" + href.ItemAct(f.FirmID, i.ID, "presence")
	default:
		return nil
	}
	if failed != nil {
		faults := partial.FaultsOf(failed)
		c.Value, c.Error = r.Form("text"), titled(faults.On("body"), faults.On("text"))
	}
	return c
}

// actOn runs one act of the holder and shows the item again with a refusal on top.
func (s *Site) actOn(r *httpd.Request, next, done string, act func(a worklist.Act) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	token, err := strconv.ParseInt(r.Form("lease"), 10, 64)
	if err != nil {
		token = 0 // no lease: the service refuses
	}
	if err := act(worklist.Act{Item: id, Token: token, Version: max(r.FormInt("version"), 0)}); err != nil {
		return again(err, func() (templ.Component, error) { return s.itemPage(r, id, err) })
	}
	if next == "" {
		next = href.Item(r.Firm(), id)
	}
	return httpd.Go(next, done), nil
}

func (s *Site) claimItem(r *httpd.Request) (httpd.Reply, error) {
	return s.actOn(r, "", "This item is yours now.", func(a worklist.Act) error {
		_, err := s.Work.Take(r.Context(), a.Item)
		return err
	})
}

func (s *Site) finishItem(r *httpd.Request) (httpd.Reply, error) {
	return s.actOn(r, href.Queue, "Finished.", func(a worklist.Act) error { return s.Work.Finish(r.Context(), a) })
}

func (s *Site) skipItem(r *httpd.Request) (httpd.Reply, error) {
	return s.actOn(r, href.Queue, "Skipped. It is not offered to you for half an hour.", func(a worklist.Act) error {
		if a.Token == 0 { // the form beside the button carries no lease: read it
			i, err := s.Work.Item(r.Context(), a.Item)
			if err != nil {
				return err
			}
			a.Token = i.LeaseToken
		}
		return s.Work.Skip(r.Context(), a, worklist.SkipReason(r.Form("reason")))
	})
}

func (s *Site) returnItem(r *httpd.Request) (httpd.Reply, error) {
	return s.actOn(r, href.Queue, "Back in the queue.", func(a worklist.Act) error { return s.Work.Release(r.Context(), a) })
}

// writeMessage is a question that pauses, the firm's answer, or a word, by who
// writes it and what waits.
func (s *Site) writeMessage(r *httpd.Request) (httpd.Reply, error) {
	st, err := r.Standing()
	if err != nil {
		return httpd.Reply{}, err
	}
	answers := st.In(r.Firm(), rbac.MessageAnswer)
	return s.actOn(r, "", "Sent.", func(a worklist.Act) error {
		say := worklist.Say{Body: r.Form("text"), Internal: r.Form("internal") == "yes"}
		if r.Form("pause") == "yes" {
			_, err := s.Work.Ask(r.Context(), a, say, true)
			return err
		}
		if answers {
			if _, err := s.Work.Answer(r.Context(), a.Item, say); !errors.Is(err, worklist.ErrQuestion) {
				return err
			}
		}
		_, err := s.Work.Write(r.Context(), a.Item, say)
		return err
	})
}

func (s *Site) waiveFinding(r *httpd.Request) (httpd.Reply, error) {
	finding, err := httpd.ID[ident.FindingID](r, "finding")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.actOn(r, "", "Waived, with your reason.", func(worklist.Act) error {
		return s.Guidelines.Waive(r.Context(), finding, r.Form("reason"))
	})
}

func (s *Site) overrideFinding(r *httpd.Request) (httpd.Reply, error) {
	finding, err := httpd.ID[ident.FindingID](r, "finding")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.actOn(r, "", "It may pass. The override is on record.", func(worklist.Act) error {
		return s.Guidelines.Override(r.Context(), finding, overrideTyped(r))
	})
}

func (s *Site) clock(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	i, err := s.Work.Item(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, "Due date", "queue")
	if err != nil {
		return httpd.Reply{}, err
	}
	for _, k := range i.Clocks {
		if string(k.ID) == r.Param("clock") {
			return httpd.Show(Clock(f.Chrome, clockView(f, i, k))), nil
		}
	}
	return httpd.Reply{}, worklist.ErrNotFound
}
