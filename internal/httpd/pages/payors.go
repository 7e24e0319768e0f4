package pages

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// MountPayors adds the lists and forms of payors and their contacts.
func (s *Site) MountPayors(srv *httpd.Server) {
	get(srv, "/firms/{firm}/payors", rbac.PayorRead, s.payors)
	get(srv, "/firms/{firm}/payors/new", rbac.PayorEdit, s.newPayor)
	fill(srv, "/firms/{firm}/payors/new", rbac.PayorEdit, s.savePayor, s.payorAgain)
	get(srv, "/firms/{firm}/payors/{id}", rbac.PayorRead, s.payor)
	fill(srv, "/firms/{firm}/payors/{id}", rbac.PayorEdit, s.savePayor, s.payorAgain)
	fill(srv, "/firms/{firm}/payors/{id}/contacts", rbac.PayorEdit, s.addContact, s.contactAgain)
	post(srv, "/firms/{firm}/payors/{id}/contacts/{contact}/verify", rbac.ContactVerify, s.verifyContact)
}

var deliveries = []string{
	string(matter.DeliveryLink), "Mail with a link", string(matter.DeliveryAttachment), "Mail with the PDF attached", string(matter.DeliveryPortal), "E-billing portal",
}

var ebills = []string{
	string(matter.EBillFlat), "LEDES 1998B, with tax 98BI V2", string(matter.EBillXML21), "LEDES XML 2.1", string(matter.EBillXML22), "LEDES XML 2.2",
}

func (s *Site) payors(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Payors", "payors")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Matters.Payors(r.Context(), "")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	found := sifter[matter.Payor]{Address: href.Payors(f.FirmID), Noun: [2]string{"payor", "payors"}, Open: "Active", Closed: "Closed",
		Words: func(p matter.Payor) string { return p.Name + " " + p.TaxID + " " + p.Country }, Over: func(p matter.Payor) bool { return p.Status == "closed" }, Key: func(p matter.Payor) string { return string(p.ID) }}.sift(list, q)
	v := PlainView{Head: layout.Head{Title: "Payors"}, Lede: "A payor receives and pays the invoices of a client's matters. Add one from its client's page."}
	found.show(&v, href.Payors(f.FirmID), "Payors", payorTable(f, found.Items))
	return q.plain(f, v), nil
}

func payorTable(f frame, list []matter.Payor) *partial.Table {
	t := &partial.Table{Caption: "Payors", Keys: true, Columns: []partial.Column{{Head: "Payor"}, {Head: "Terms", Right: true}, {Head: "Delivery"}, {Head: "State"}},
		Empty: partial.Empty{Icon: "id", Title: "No payors yet", Text: "A client needs a payor before a matter can be opened."}}
	for _, p := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(p.Name, href.PayorOf(f.FirmID, p.ID), ""), partial.Txt(strconv.Itoa(p.TermsDays) + " days"), partial.Txt(choice(string(p.Delivery), deliveries)), partial.Txt(p.Status),
		}})
	}
	return t
}

func choice(value string, pairs []string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == value {
			return pairs[i+1]
		}
	}
	return value
}

func (s *Site) newPayor(r *httpd.Request) (httpd.Reply, error) {
	client, err := ident.Parse[ident.ClientID](r.Query("client"))
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.payorPage(r, matter.Payor{ClientID: client, TermsDays: 30, Delivery: matter.DeliveryLink, EBill: matter.EBillFlat, Status: "active"}, nil, nil, nil)
	return httpd.Show(page), err
}

func (s *Site) payor(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PayorID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	p, contacts, err := s.Matters.Payor(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.payorPage(r, p, contacts, nil, nil)
	return httpd.Show(page), err
}

func (s *Site) savePayor(r *httpd.Request) (httpd.Reply, error) {
	p, err := typedPayor(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	saved, err := s.Matters.SavePayor(r.Context(), p)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.payorAgain(r, err) })
	}
	return httpd.Go(href.PayorOf(r.Firm(), saved.ID), "Payor saved."), nil
}

func typedPayor(r *httpd.Request) (matter.Payor, error) {
	id, err := optionalID[ident.PayorID](r)
	p := matter.Payor{ID: id, Name: r.Form("name"), Address: r.Form("address"), Country: r.Form("country"), TaxID: r.Form("tax_id"),
		TermsDays: r.FormInt("terms_days"), Delivery: matter.Delivery(r.Form("delivery")), EBill: matter.EBill(r.Form("ebill")), Status: r.Form("status"), Version: r.FormInt("version")}
	if len(r.FormList("portal_id")) > 0 {
		chosen, err := idOrNone[ident.PortalID](r.Form("portal_id"))
		if err != nil {
			return p, err
		}
		p.Portal = &chosen
	}
	if err == nil {
		p.Treatment, err = typedTreatment(r)
	}
	if err == nil && id == "" {
		p.ClientID, err = ident.Parse[ident.ClientID](r.Query("client"))
	}
	return p, err
}

func (s *Site) payorAgain(r *httpd.Request, failed error) (templ.Component, error) {
	p, err := typedPayor(r)
	if err != nil {
		return nil, err
	}
	if p.ID == "" {
		return s.payorPage(r, p, nil, failed, nil)
	}
	_, contacts, err := s.Matters.Payor(r.Context(), p.ID)
	if err != nil {
		return nil, err
	}
	return s.payorPage(r, p, contacts, failed, nil)
}

func (s *Site) payorPage(r *httpd.Request, p matter.Payor, contacts []matter.Contact, failed, contactFailed error) (templ.Component, error) {
	f, err := s.frame(r, titled(p.Name, "New payor"), "payors")
	if err != nil {
		return nil, err
	}
	receiver, err := s.receiverField(r, f, p)
	if err != nil {
		return nil, err
	}
	taxed, err := s.treatmentField(r, f, p.Treatment, "On the invoice", "Before that of matter, client and firm")
	if err != nil {
		return nil, err
	}
	action := href.PayorOf(f.FirmID, p.ID)
	if p.ID == "" {
		action = href.Query(href.New(href.Payors(f.FirmID)), "client", string(p.ClientID))
	}
	form := &partial.Form{Action: action, Version: p.Version, Submit: "Save payor", Cancel: href.Payors(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "name", Label: "Name", Value: p.Name, Required: true, Max: 120, Group: "On the invoice"},
			{Name: "address", Label: "Address", Kind: partial.Area, Rows: 3, Value: p.Address, Required: true, Max: 500, Hint: "As it stands on the invoice", Group: "On the invoice"},
			{Name: "country", Label: "Country", Value: p.Country, Required: true, Max: 2, Hint: "Two letters, such as US", Group: "On the invoice"},
			{Name: "tax_id", Label: "Tax id", Value: p.TaxID, Max: 40, Group: "On the invoice", Hint: "Printed below the address; some countries require it"},
			taxed,
			{Name: "terms_days", Label: "Days to pay", Kind: partial.Decimal, Value: daysTyped(r, p, failed), Required: true, Group: "Delivery and payment", Hint: "From the invoice's date; 30 is usual"},
			{Name: "delivery", Label: "Delivery", Kind: partial.Select, Options: partial.Options(string(p.Delivery), deliveries...), Group: "Delivery and payment", Hint: "Mail goes to the confirmed contacts below"},
			{Name: "ebill", Label: "E-bill", Kind: partial.Select, Options: partial.Options(string(p.EBill), ebills...), Group: "Delivery and payment", Hint: "Made with the PDF of each invoice from now on, where no receiver says otherwise"},
			receiver,
			{Name: "status", Label: "State", Kind: partial.Select, Options: partial.Options(p.Status, "active", "Active", "closed", "Closed"), Group: "Delivery and payment", Hint: "A closed payor takes no new matter"},
		}}
	v := PlainView{Head: layout.Head{Title: titled(p.Name, "New payor"), Crumbs: []partial.Link{{Text: "Payors", Href: href.Payors(f.FirmID)}}}}
	v.Sections = []Section{formOrFacts(f, rbac.PayorEdit, "Payor", form)}
	if p.ID != "" {
		if f.May(rbac.ClientRead) {
			v.Links = append(v.Links, partial.Link{Text: "Its client", Href: href.Client(f.FirmID, p.ClientID)})
		}
		if f.May(rbac.ReceivableRead) {
			v.Links = append(v.Links, partial.Link{Text: "Open invoices", Href: href.ReceivablesOpen(f.FirmID, "", "", "", string(p.ID), "", "")})
		}
		v.Sections = append(v.Sections, s.contactSections(r, f, p, contacts, contactFailed)...)
		orders, err := s.orderSection(r, f, p)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, orders...)
		if len(orders) > 0 {
			v.Links = append(v.Links, partial.Link{Text: "All its purchase orders", Href: href.Query(href.Orders(f.FirmID), "payor", string(p.ID))})
		}
		if f.May(rbac.PayorEdit) {
			v.Links = append(v.Links, partial.Link{Text: "New purchase order", Href: href.Query(href.New(href.Orders(f.FirmID)), "payor", string(p.ID))})
		}
	}
	return Plain(f.Chrome, v), nil
}

// receiverField asks through which receiver a payor is served.
func (s *Site) receiverField(r *httpd.Request, f frame, p matter.Payor) (partial.Field, error) {
	field := partial.Field{Name: "portal_id", Label: "Receiver", Kind: partial.Select, Group: "Delivery and payment", Hint: "The client’s system; the e-bill follows what it wants"}
	chosen, choices := "", []string{"", "None"}
	if p.Portal != nil {
		chosen = string(*p.Portal)
	}
	if !f.May(rbac.PortalRead) && chosen != "" {
		choices = append(choices, chosen, "As it is")
	}
	if f.May(rbac.PortalRead) {
		list, err := s.Portals.List(r.Context())
		if err != nil {
			return field, err
		}
		for _, x := range list {
			if x.Status == "active" || string(x.ID) == chosen {
				choices = append(choices, string(x.ID), x.Name)
			}
		}
	}
	field.Options = partial.Options(chosen, choices...)
	return field, nil
}

// daysTyped keeps what was typed when the form comes back.
func daysTyped(r *httpd.Request, p matter.Payor, failed error) string {
	if failed != nil {
		return r.Form("terms_days")
	}
	return strconv.Itoa(p.TermsDays)
}

func (s *Site) contactSections(r *httpd.Request, f frame, p matter.Payor, contacts []matter.Contact, failed error) []Section {
	t := &partial.Table{Caption: "Contacts", Columns: []partial.Column{{Head: "Name"}, {Head: "Address"}, {Head: "Confirmed"}},
		Empty: partial.Empty{Icon: "id", Title: "No contact yet", Text: "Invoices and reminders go to a confirmed address only."}}
	for _, k := range contacts {
		state := partial.Txt("waits to be confirmed")
		switch {
		case k.VerifiedAt != nil:
			state = partial.Txt(format.Date(k.VerifiedAt.In(f.Zone)))
		case f.May(rbac.ContactVerify):
			state = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Confirm address", Action: href.ContactAct(f.FirmID, p.ID, k.ID, "verify"), Version: k.Version, Class: "sm"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: k.Name, Key: true}, partial.Txt(k.Email), state}})
	}
	sections := []Section{{Title: "Contacts", Note: "Mail goes to confirmed addresses only", Table: t}}
	if !f.May(rbac.PayorEdit) {
		return sections
	}
	name, email := "", ""
	if failed != nil {
		name, email = r.Form("name"), r.Form("email")
	}
	return append(sections, Section{Title: "Add a contact", Form: &partial.Form{ID: "contact", Action: href.Contacts(f.FirmID, p.ID), Submit: "Add contact", Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{{Name: "name", Label: "Name", Value: name, Required: true, Max: 120}, {Name: "email", Label: "E-mail", Kind: partial.Email, Value: email, Required: true, Max: 254}}}})
}

func (s *Site) addContact(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PayorID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	_, err = s.Matters.SaveContact(r.Context(), matter.Contact{PayorID: id, Name: r.Form("name"), Email: r.Form("email")})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.contactAgain(r, err) })
	}
	return httpd.Go(href.PayorOf(r.Firm(), id), "Contact added. Confirm the address before mail goes there."), nil
}

func (s *Site) contactAgain(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := httpd.ID[ident.PayorID](r, "id")
	if err != nil {
		return nil, err
	}
	p, contacts, err := s.Matters.Payor(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return s.payorPage(r, p, contacts, nil, failed)
}

func (s *Site) verifyContact(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PayorID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	contact, err := httpd.ID[ident.ContactID](r, "contact")
	if err != nil {
		return httpd.Reply{}, err
	}
	_, contacts, err := s.Matters.Payor(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	if !slices.ContainsFunc(contacts, func(k matter.Contact) bool { return k.ID == contact }) {
		return httpd.Reply{}, matter.ErrNotFound // a contact of another payor is not below this one
	}
	k, err := s.Matters.VerifyContact(r.Context(), contact, r.FormInt("version"))
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.PayorOf(r.Firm(), id), k.Email+" is confirmed."), nil
}
