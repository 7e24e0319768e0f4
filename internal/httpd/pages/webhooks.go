package pages

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/webhook"
	"github.com/docketry/docketry/rbac"
)

// MountWebhooks adds the programs that a firm has told of what happens.
func (s *Site) MountWebhooks(srv *httpd.Server) {
	show(srv, "/firms/{firm}/webhooks", rbac.WebhookRead, s.webhooksPage)
	fill(srv, "/firms/{firm}/webhooks", rbac.WebhookEdit, s.makeWebhook, s.webhooksPage)
	get(srv, "/firms/{firm}/webhooks/{id}", rbac.WebhookRead, s.webhook)
	post(srv, "/firms/{firm}/webhooks/{id}/try", rbac.WebhookEdit, s.tryWebhook)
	post(srv, "/firms/{firm}/webhooks/{id}/secret", rbac.WebhookEdit, s.renewWebhook)
	post(srv, "/firms/{firm}/webhooks/{id}/resume", rbac.WebhookEdit, s.resumeWebhook)
	post(srv, "/firms/{firm}/webhooks/{id}/close", rbac.WebhookEdit, s.closeWebhook)
}

func (s *Site) webhooksPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Webhooks", "webhooks")
	if err != nil {
		return nil, err
	}
	list, err := s.Webhooks.List(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, webhookList(f, list, r.Form("url"), r.FormList("events"), failed)), nil
}

func webhookList(f frame, list []webhook.Webhook, url string, chosen []string, failed error) PlainView {
	t := &partial.Table{Caption: "Webhooks", Keys: true, Columns: []partial.Column{{Head: "Address"}, {Head: "Told of", Minor: true}, {Head: "State"}, {Head: "Made", NoWrap: true, Minor: true}},
		Empty: partial.Empty{Icon: "bolt", Title: "No webhooks"}}
	for _, w := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(w.URL, href.Webhook(f.FirmID, w.ID), ""), partial.Txt(eventWords(w.Events)), partial.Node(partial.ChipMark(webhookChip(w))),
			{Text: format.Date(w.Created.In(f.Zone)), Sub: "by " + w.By}}})
	}
	v := PlainView{Head: layout.Head{Title: "Webhooks"}, Lede: "A program of the firm is called when something happens: which event, of what, when, and a link. Names, amounts and texts are never sent.",
		Sections: []Section{{Title: "Webhooks", Table: t}}}
	if f.May(rbac.WebhookEdit) {
		var boxes []partial.Option
		for _, e := range webhook.Events() {
			boxes = append(boxes, partial.Option{Value: string(e), Label: e.Says(), Selected: slices.Contains(chosen, string(e))})
		}
		v.Sections = append(v.Sections, Section{Title: "Add a webhook", Form: &partial.Form{Action: href.Webhooks(f.FirmID), Submit: "Add the webhook", Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
			Note: "It is told of what happens from now on.", Fields: []partial.Field{
				{Name: "url", Label: "Address", Value: url, Required: true, Max: 500, Wide: true, Hint: "https://, on port 443 of the public internet"},
				{Name: "events", Label: "Told of", Kind: partial.Checks, Options: boxes, Wide: true},
			}}})
	}
	return v
}

func eventWords(list []webhook.Event) string {
	words := make([]string, len(list))
	for i, e := range list {
		words[i] = e.Says()
	}
	return strings.Join(words, "; ")
}

func webhookChip(w webhook.Webhook) partial.Chip {
	switch {
	case w.Status == webhook.Closed:
		return partial.Chip{Icon: "x", Text: "Closed"}
	case w.Status == webhook.Off:
		return partial.Chip{Icon: "alert", Text: "Off: nothing answered for 24 hours", Tone: partial.Bad}
	case w.Failing != nil:
		return partial.Chip{Icon: "alert", Text: "Failing", Tone: partial.Warn}
	default:
		return partial.Chip{Icon: "check", Text: "On", Tone: partial.OK}
	}
}

func (s *Site) makeWebhook(r *httpd.Request) (httpd.Reply, error) {
	d := webhook.Draft{URL: strings.TrimSpace(r.Form("url"))}
	for _, e := range r.FormList("events") {
		d.Events = append(d.Events, webhook.Event(e))
	}
	w, secret, err := s.Webhooks.Create(r.Context(), d)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.webhooksPage(r, err) })
	}
	page, err := s.webhookPage(r, w.ID, secret.Reveal())
	return httpd.ShowOnce(page), err
}

func (s *Site) webhook(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WebhookID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.webhookPage(r, id, "")
	return httpd.Show(page), err
}

// webhookPage shows one with its calls, and a secret that was just drawn.
func (s *Site) webhookPage(r *httpd.Request, id ident.WebhookID, secret string) (templ.Component, error) {
	f, err := s.frame(r, "Webhook", "webhooks")
	if err != nil {
		return nil, err
	}
	w, calls, err := s.Webhooks.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, webhookOne(f, w, calls, secret)), nil
}

func webhookOne(f frame, w webhook.Webhook, calls []webhook.Delivery, secret string) PlainView {
	v := PlainView{Head: layout.Head{Title: "Webhook", Crumbs: []partial.Link{{Text: "Webhooks", Href: href.Webhooks(f.FirmID)}}}}
	if secret != "" {
		v.Sections = append(v.Sections, Section{Title: "Its secret", Note: "Copy it now: it is not shown again", Facts: []partial.Fact{{Name: "Secret", Value: secret, Code: true},
			{Name: "Signature", Value: "Docketry-Signature is sha256= and the HMAC-SHA256, in hex, of Docketry-Timestamp, a point and the body. Its key is what follows dkwh_, decoded from base64url. Refuse a timestamp older than five minutes."}}})
	}
	facts := []partial.Fact{{Name: "Address", Value: w.URL, Code: true}, {Name: "Told of", Value: eventWords(w.Events)}, {Name: "State", Value: webhookChip(w).Text}}
	if w.Failing != nil && w.Status != webhook.Closed {
		facts = append(facts, partial.Fact{Name: "Failing since", Value: format.Moment(w.Failing.In(f.Zone))})
	}
	v.Sections = append(v.Sections, Section{Title: "About it", Facts: facts}, Section{Title: "Calls", Note: "of the last 90 days, at most 100", Table: webhookCalls(f, calls)})
	if f.May(rbac.WebhookEdit) && w.Status != webhook.Closed {
		act := func(name string) string { return href.Act(href.Webhook(f.FirmID, w.ID), name) }
		v.Acts = []partial.Button{{Text: "Try it", Action: act("try"), Icon: "bolt"}, {Text: "New secret", Action: act("secret"), Icon: "key"}, {Text: "Close", Action: act("close"), Class: "danger"}}
		if w.Status == webhook.Off {
			v.Acts = append([]partial.Button{{Text: "Turn on", Action: act("resume"), Icon: "check", Class: "primary"}}, v.Acts...)
		}
	}
	return v
}

func webhookCalls(f frame, calls []webhook.Delivery) *partial.Table {
	t := &partial.Table{Caption: "Calls, newest first", Columns: []partial.Column{{Head: "Event"}, {Head: "Of", Minor: true}, {Head: "When", NoWrap: true}, {Head: "Tries", Right: true}, {Head: "Outcome"}},
		Empty: partial.Empty{Icon: "bolt", Title: "No calls yet"}}
	for _, c := range calls {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: c.Event.Says(), Key: true}, {Text: c.ObjectID, Sub: strings.ReplaceAll(c.Object, "_", " "), Code: true}, partial.Txt(format.Moment(c.At.In(f.Zone))), partial.Txt(strconv.Itoa(c.Attempts)),
			callOutcome(c)}})
	}
	return t
}

func callOutcome(c webhook.Delivery) partial.Cell {
	why := map[string]string{"refused": "the address leads where no call may go", "unreachable": "nothing answered", "status": "it answered " + strconv.Itoa(c.Answer), "over": "the webhook was closed or off before the call"}[c.Problem]
	switch c.State {
	case webhook.Sent:
		return partial.Cell{Text: "Told, answered " + strconv.Itoa(c.Answer)}
	case webhook.Failed:
		return partial.Cell{Text: "Given up", Sub: why, Tone: partial.Bad}
	default:
		return partial.Cell{Text: "Waits", Sub: why}
	}
}

func (s *Site) tryWebhook(r *httpd.Request) (httpd.Reply, error) {
	return s.onWebhook(r, "A call is on its way; its outcome stands below.", s.Webhooks.Try)
}

func (s *Site) resumeWebhook(r *httpd.Request) (httpd.Reply, error) {
	return s.onWebhook(r, "It is told again of what happens from now on.", s.Webhooks.Resume)
}

func (s *Site) closeWebhook(r *httpd.Request) (httpd.Reply, error) {
	return s.onWebhook(r, "The webhook is closed.", s.Webhooks.Close)
}

func (s *Site) onWebhook(r *httpd.Request, said string, do func(ctx context.Context, id ident.WebhookID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WebhookID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Webhook(r.Firm(), id), said), nil
}

func (s *Site) renewWebhook(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WebhookID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	secret, err := s.Webhooks.Renew(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.webhookPage(r, id, secret.Reveal())
	return httpd.ShowOnce(page), err
}
