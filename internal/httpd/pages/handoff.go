package pages

import (
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountHandoff adds how an item gets from one person to another.
func (s *Site) MountHandoff(srv *httpd.Server) {
	const at = "/firms/{firm}/items/{id}"
	show(srv, at+"/assign", rbac.ItemAssign, s.assignPage)
	fill(srv, at+"/assign", rbac.ItemAssign, s.assignItem, s.assignPage)
	show(srv, at+"/hand-off", rbac.ItemWork, s.handOffPage)
	fill(srv, at+"/hand-off", rbac.ItemWork, s.handOffItem, s.handOffAgain)
	post(srv, at+"/decline", rbac.ItemClaim, s.declineItem)
	post(srv, at+"/withdraw", rbac.ItemClaim, s.withdrawItem)
}

// givePage is one form: who gets the item, and why.
func (s *Site) givePage(r *httpd.Request, title string, failed error, form func(i worklist.Item, people []worklist.Candidate) partial.Form) (templ.Component, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return nil, err
	}
	people, err := s.Work.Eligible(r.Context(), id)
	if err != nil {
		return nil, err
	}
	i, err := s.Work.Item(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, title, "queue")
	if err != nil {
		return nil, err
	}
	x := form(i, people)
	x.Faults, x.Problem, x.Cancel = partial.FaultsOf(failed), problemIn(failed), href.Item(f.FirmID, id)
	v := PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "My queue", Href: href.Queue}, {Text: workName(i.Type), Href: href.Item(f.FirmID, id)}}},
		Sections: []Section{{Title: itemTitle(i), Form: &x}}}
	return Plain(f.Chrome, v), nil
}

// itemTitle names an item in a heading, as far as the reader may know it.
func itemTitle(i worklist.Item) string {
	switch {
	case i.Matter.Name != "":
		return workName(i.Type) + ": " + i.Matter.Name
	case i.Matter.Number != "":
		return workName(i.Type) + ": " + i.Matter.Number
	default:
		return workName(i.Type)
	}
}

// peopleField is the choice of who gets an item; nobody is the choice without a name.
func peopleField(r *httpd.Request, people []worklist.Candidate, nobody string) partial.Field {
	pairs := []string{"", nobody}
	for _, p := range people {
		holds := ""
		if p.Held > 0 {
			holds = ", works on " + format.Counted(p.Held, "item", "items") + " here"
		}
		if !p.Away.Since.IsZero() {
			holds += ", away now"
		}
		pairs = append(pairs, string(p.ID), p.Name+holds)
	}
	return partial.Field{Name: "person_id", Label: "Who", Kind: partial.Select, Options: partial.Options(r.Form("person_id"), pairs...), Hint: "Those whose access covers this item"}
}

func (s *Site) assignPage(r *httpd.Request, failed error) (templ.Component, error) {
	return s.givePage(r, "Assign item", failed, func(i worklist.Item, people []worklist.Candidate) partial.Form {
		who := peopleField(r, people, "choose")
		who.Required = true
		note := "It is kept for them for a working day."
		if i.Holder.Name != "" {
			note = i.Holder.Name + " works on it now and loses it at once. " + note
		}
		return partial.Form{Action: href.ItemAct(r.Firm(), i.ID, "assign"), Submit: "Assign item", Note: note, Fields: []partial.Field{who,
			{Name: "over", Label: "They may take it although they hold as much as one person may", Kind: partial.Check, Value: r.Form("over")},
			{Name: "reason", Label: "Why", Kind: partial.Area, Value: r.Form("reason"), Required: true, Max: 4000, Hint: "They read it; the firm does not"}}}
	})
}

func (s *Site) assignItem(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	assign := s.Work.Assign
	if r.Form("over") != "" {
		assign = s.Work.AssignOver
	}
	if err := assign(r.Context(), id, ident.PersonID(r.Form("person_id")), r.Form("reason")); err != nil {
		return again(err, func() (templ.Component, error) { return s.assignPage(r, err) })
	}
	return httpd.Go(href.Item(r.Firm(), id), "Assigned."), nil
}

func (s *Site) handOffPage(r *httpd.Request, failed error) (templ.Component, error) {
	return s.givePage(r, "Hand off item", failed, func(i worklist.Item, people []worklist.Candidate) partial.Form {
		return partial.Form{Action: href.ItemAct(r.Firm(), i.ID, "hand-off"), Submit: "Hand off item",
			Note: "A colleague has half a business hour to take it; until then it stays yours. Clocks go on.",
			Kept: map[string][]string{"lease": {strconv.FormatInt(i.LeaseToken, 10)}, "version": {strconv.Itoa(i.Version)}},
			Fields: []partial.Field{peopleField(r, people, "Back to the queue, for anybody"),
				{Name: "note", Label: "Note", Kind: partial.Area, Value: r.Form("note"), Required: true, Max: 4000, Hint: "What is done and what is left; the firm does not see it"}}}
	})
}

func (s *Site) handOffItem(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	token, err := strconv.ParseInt(r.Form("lease"), 10, 64)
	if err != nil {
		token = 0 // no lease: the service refuses
	}
	to := ident.PersonID(r.Form("person_id"))
	if err := s.Work.HandOff(r.Context(), worklist.Act{Item: id, Token: token, Version: max(r.FormInt("version"), 0)}, to, r.Form("note")); err != nil {
		return again(err, func() (templ.Component, error) { return s.handOffAgain(r, err) })
	}
	if to == "" {
		return httpd.Go(href.Queue, "Back in the queue, with your note."), nil
	}
	return httpd.Go(href.Item(r.Firm(), id), "Handed off. It stays yours until it is taken."), nil
}

// handOffAgain is the form; who lost the item meanwhile sees it as it is.
func (s *Site) handOffAgain(r *httpd.Request, refused error) (templ.Component, error) {
	page, err := s.handOffPage(r, refused)
	if err != nil && httpd.Correctable(err) {
		return of(s.itemPage)(r, refused)
	}
	return page, err
}

func (s *Site) declineItem(r *httpd.Request) (httpd.Reply, error) {
	return s.actOn(r, href.Queue, "Declined.", func(a worklist.Act) error { return s.Work.Decline(r.Context(), a.Item) })
}

func (s *Site) withdrawItem(r *httpd.Request) (httpd.Reply, error) {
	return s.actOn(r, "", "Taken back.", func(a worklist.Act) error { return s.Work.Withdraw(r.Context(), a.Item) })
}

// keptChip says for whom an item is kept; nil when it is for nobody.
func keptChip(k worklist.Kept, reader bool) *partial.Chip {
	switch {
	case k.For.ID == "":
		return nil
	case reader && k.As == worklist.AsOffered:
		return &partial.Chip{Tone: partial.Accent, Icon: "arrow", Text: "Offered to you"}
	case reader && k.As == worklist.AsAnswer:
		return &partial.Chip{Tone: partial.Accent, Icon: "comment", Text: "Answered, for you"}
	case reader:
		return &partial.Chip{Tone: partial.Accent, Icon: "arrow", Text: "For you, from " + k.By.Name}
	case k.As == worklist.AsHanded || k.As == worklist.AsOffered:
		return &partial.Chip{Tone: partial.Calm, Icon: "arrow", Text: "Offered to " + k.For.Name}
	case k.As == worklist.AsAssigned:
		return &partial.Chip{Tone: partial.Calm, Icon: "arrow", Text: "Assigned to " + k.For.Name}
	default:
		return &partial.Chip{Tone: partial.Calm, Icon: "comment", Text: "Answered, for " + k.For.Name}
	}
}
