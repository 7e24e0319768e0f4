package pages

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/rbac"
)

// mountNotices adds what is written to the payor about one invoice.
func (s *Site) mountNotices(srv *httpd.Server) {
	post(srv, "/firms/{firm}/invoices/{id}/send", rbac.InvoiceDeliver, s.sendInvoice)
	post(srv, "/firms/{firm}/invoices/{id}/delivered", rbac.InvoiceDeliver, s.invoiceDelivered)
	post(srv, "/firms/{firm}/invoices/{id}/remind", rbac.ReminderSend, s.remindPayor)
	fill(srv, "/firms/{firm}/invoices/{id}/reminders/{reminder}/skip", rbac.ReminderSend, s.skipReminder, of(s.invoicePage))
	get(srv, "/firms/{firm}/invoices/{id}/hold", rbac.ReminderHold, s.invoiceHold)
	fill(srv, "/firms/{firm}/invoices/{id}/hold", rbac.ReminderHold, s.holdInvoice, of(s.invoiceHoldPage))
	fill(srv, "/firms/{firm}/invoices/{id}/promise", rbac.ReminderHold, s.promisePayment, of(s.invoiceHoldPage))
}

// event is a step of an invoice's life with its instant.
type event struct {
	at   time.Time
	step partial.Step
}

// noticesOf fills the invoice's life in the order of time, what is planned, and
// which acts are open.
func (s *Site) noticesOf(r *httpd.Request, f frame, i invoice.View, v *InvoiceView) error {
	life := lifeOf(f, i, v)
	if f.May(rbac.ReminderRead) {
		c, err := s.Notices.OfInvoice(r.Context(), i.ID)
		if err != nil {
			return err
		}
		for _, d := range c.Deliveries {
			life = append(life, event{ended(d.CreatedAt, d.EndedAt), deliveryStep(f, i.ID, d)})
		}
		for _, x := range c.Reminders {
			life = append(life, event{ended(x.CreatedAt, x.EndedAt), reminderStep(f, x)})
		}
		for _, h := range c.Holds {
			life = append(life, event{h.At, partial.Step{Icon: "hold", Tone: partial.Warn, Text: "Reminders kept back by " + h.By + ": " + notice.Reason(h.Kind).Says(), Note: stepNote(format.Moment(h.At.In(f.Zone)), h.Reason)}})
		}
		for _, p := range c.Promises {
			life = append(life, event{p.At, partial.Step{Icon: "money", Text: cash(p.AmountMinor, p.Currency) + " promised by " + p.On.Long() + ", " + string(p.State), Note: stepNote(format.Moment(p.At.In(f.Zone)), p.Note)}})
		}
		s.planned(f, i, c, v)
	} else if i.SentAt != nil {
		life = append(life, event{*i.SentAt, partial.Step{Icon: "mail", Tone: partial.OK, Text: "Sent to " + i.PayorName, Note: format.Moment(i.SentAt.In(f.Zone))}})
	}
	slices.SortStableFunc(life, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range life {
		v.History = append(v.History, e.step)
	}
	return nil
}

// lifeOf is what happened to the invoice beside its letters.
func lifeOf(f frame, i invoice.View, v *InvoiceView) (life []event) {
	if i.Approved.By != "" {
		life = append(life, event{i.Approved.At, partial.Step{Icon: "check", Tone: partial.OK, Text: "Approved by " + i.Approved.By + forWhom(i.Approved.For), Note: format.Moment(i.Approved.At.In(f.Zone))}})
	}
	life = append(life, event{i.IssuedAt, partial.Step{Icon: "seal", Tone: partial.OK, Text: "Issued for " + format.Money(v.Total), Note: format.Moment(i.IssuedAt.In(f.Zone))}})
	if i.Seen.Times > 0 {
		life = append(life, event{i.Seen.First, partial.Step{Icon: "eye", Tone: partial.OK, Text: "Opened by the payor", Note: "first " + format.Moment(i.Seen.First.In(f.Zone)) + ", " + format.Counted(i.Seen.Times, "time", "times") + " in all"}})
	}
	for _, p := range v.Payments {
		life = append(life, event{p.On, partial.Step{Icon: "money", Tone: partial.OK, Text: format.Money(p.Amount) + " received", Note: format.Moment(p.On)}})
	}
	for _, c := range i.Credits {
		life = append(life, event{c.IssuedAt, partial.Step{Icon: "minus", Text: "Credited by " + c.Number, Note: format.Moment(c.IssuedAt.In(f.Zone))}})
	}
	return life
}

func ended(began time.Time, end *time.Time) time.Time {
	if end != nil {
		return *end
	}
	return began
}

// resend tells whether the invoice, or the note that took it back, is to be sent
// again: nothing of it is under way or done, also where the first try found no
// contact and left nothing behind. What never reached the payor is not taken back
// by a letter.
func resend(i invoice.View, list []notice.Delivery) bool {
	credited, there := len(i.Credits) > 0, i.SentAt != nil
	for _, d := range list {
		over := d.Status == notice.StatusFailed || d.Status == notice.StatusUncertain
		if (d.CreditNote != "") == credited && !over {
			return false
		}
		there = there || d.CreditNote == "" && d.Status == notice.StatusUncertain
	}
	return there || !credited && i.OpenMinor > 0
}

func (s *Site) planned(f frame, i invoice.View, c notice.Correspondence, v *InvoiceView) {
	today := invoice.DayOf(s.Clock.Now().In(f.Zone))
	may := f.May(rbac.ReminderSend)
	for _, p := range c.Planned {
		note := "If it is still open then."
		if c.Kept != "" {
			note = "Kept back: " + c.Kept.Says() + "."
		}
		v.Planned = append(v.Planned, InvoiceReminder{ID: ident.ReminderID(p.Stage), Text: stageWords(p.Stage), On: p.On.Time(), Note: note, Skip: may && p.Stage != notice.StageHandOver})
	}
	v.Can.Hold = i.OpenMinor > 0 && f.May(rbac.ReminderHold)
	v.Can.Send = resend(i, c.Deliveries) && f.May(rbac.InvoiceDeliver)
	v.Can.Remind = may && len(c.Planned) > 0 && i.DueOn < today && i.SentAt != nil
}

func deliveryStep(f frame, id ident.InvoiceID, d notice.Delivery) partial.Step {
	to := d.Contact
	if to == "" {
		to = "the payor"
	}
	s := partial.Step{Icon: "mail", Note: stepNote(format.Moment(d.CreatedAt.In(f.Zone)), d.Reason)}
	if d.EndedAt != nil {
		s.Note = stepNote(format.Moment(d.EndedAt.In(f.Zone)), d.Reason)
	}
	what := ""
	if d.CreditNote != "" {
		what = "Credit note " + d.CreditNote + ": "
	}
	switch {
	case d.Status == notice.StatusWaiting:
		s.Icon, s.Tone, s.Text = "hold", partial.Warn, what+"to be delivered by hand, "+wayWords(d.Way)
		if f.May(rbac.InvoiceDeliver) {
			s.Act = partial.PostButton(f.CSRF, partial.Button{Text: "Mark as delivered", Action: href.InvoiceAct(f.FirmID, id, "delivered"), Class: "sm", Icon: "check"})
		}
	case d.Status == notice.StatusSent && (d.Way == "portal" || d.Way == "by_hand" || d.Way == "connector"):
		s.Icon, s.Tone, s.Text = "check", partial.OK, what+"delivered, "+wayWords(d.Way)
	case d.Status == notice.StatusSent:
		s.Tone, s.Text = partial.OK, what+"sent to "+to
	default:
		s.Text, s.Tone = mailWords(what+"sending", to, d.Status)
	}
	s.Text = format.Capital(s.Text)
	return s
}

func wayWords(way string) string {
	if way == "portal" {
		return "the payor's portal"
	}
	if way == "connector" {
		return "its e-bill went to the receiver by itself"
	}
	return "by hand"
}

func reminderStep(f frame, x notice.Reminder) partial.Step {
	at := x.CreatedAt
	if x.EndedAt != nil {
		at = *x.EndedAt
	}
	s := partial.Step{Icon: "mail", Note: stepNote(format.Moment(at.In(f.Zone)), x.Reason)}
	switch x.Status {
	case notice.StatusSkipped:
		s.Icon, s.Text = "minus", stageWords(x.Stage)+" skipped"
	case notice.StatusPassed:
		s.Icon, s.Text, s.Note = "minus", stageWords(x.Stage)+" did not go", stepNote(x.ForOn.Long(), notice.Reason(x.Reason).Says())
	case notice.StatusOpened:
		s.Icon, s.Text = "flag", "Handed over to the firm’s management"
	case notice.StatusWaiting:
		s.Icon, s.Tone, s.Text = "hold", partial.Warn, stageWords(x.Stage)+": "+strings.ToLower(letterChip(x.State).Text)
		s.Note = "For " + x.ForOn.Long()
	case notice.StatusSent:
		s.Tone, s.Text = partial.OK, stageWords(x.Stage)+" over "+format.Money(money.Amount{Minor: x.OpenMinor, Currency: x.Currency})+" sent to "+titled(x.Contact, "the payor by post")
	default:
		s.Text, s.Tone = mailWords(stageWords(x.Stage), x.Contact, x.Status)
	}
	return s
}

// mailWords says where a letter stands that is not out yet, or never came out.
func mailWords(what, to string, status notice.Status) (string, partial.Tone) {
	switch status {
	case notice.StatusFailed:
		return what + " to " + to + " failed", partial.Bad
	case notice.StatusUncertain:
		return what + " to " + to + ": it is not known whether it arrived", partial.Warn
	default:
		return what + " to " + to + " is on its way", partial.Calm
	}
}

func stageWords(s notice.Stage) string { return s.Says() }

// reasonWords say why a letter did not go; a skipped stage has a person's own words.
var reasonWords = map[string]string{
	mail.ReasonRefused: "the receiver's mail server refused it", mail.ReasonExpired: "it was no longer worth sending", mail.ReasonUnverified: "the contact's address is no longer confirmed",
	mail.ReasonGaveUp: "the receiver's mail server put it off for 24 hours", mail.ReasonNotWanted: "kept back, as what it says is no longer so", mail.ReasonCutShort: "the sending was cut short",
}

func stepNote(when, reason string) string {
	if words, ok := reasonWords[reason]; ok {
		reason = words
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return when
	}
	return when + ". " + sentence(reason)
}

func (s *Site) sendInvoice(r *httpd.Request) (httpd.Reply, error) {
	return s.noticeAct(r, "It is on its way again.", func(id ident.InvoiceID) error { return s.Notices.Redeliver(r.Context(), id) })
}

func (s *Site) invoiceDelivered(r *httpd.Request) (httpd.Reply, error) {
	return s.noticeAct(r, "Noted as delivered.", func(id ident.InvoiceID) error { return s.Notices.MarkDelivered(r.Context(), id) })
}

func (s *Site) remindPayor(r *httpd.Request) (httpd.Reply, error) {
	return s.noticeAct(r, "The reminder is on its way.", func(id ident.InvoiceID) error { return s.Notices.Remind(r.Context(), id) })
}

func (s *Site) skipReminder(r *httpd.Request) (httpd.Reply, error) {
	return s.noticeAct(r, "The reminder is skipped.", func(id ident.InvoiceID) error {
		return s.Notices.Skip(r.Context(), id, notice.Stage(r.Param("reminder")), r.Form("reason"))
	})
}

func (s *Site) noticeAct(r *httpd.Request, done string, do func(id ident.InvoiceID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err == nil {
		err = do(id)
	}
	switch {
	case len(partial.FaultsOf(err)) > 0:
		return again(err, func() (templ.Component, error) { return s.invoicePage(r, id, err) })
	case err != nil:
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Invoice(r.Firm(), id), done), nil
}
