package pages

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountMatters adds the lists and forms of matters.
func (s *Site) MountMatters(srv *httpd.Server) {
	get(srv, "/firms/{firm}/matters", rbac.MatterRead, s.matters)
	get(srv, "/firms/{firm}/matters/new", rbac.MatterEdit, s.newMatter)
	fill(srv, "/firms/{firm}/matters/new", rbac.MatterEdit, s.saveMatter, s.matterAgain)
	get(srv, "/firms/{firm}/matters/{id}", rbac.MatterRead, s.matter)
	fill(srv, "/firms/{firm}/matters/{id}", rbac.MatterEdit, s.saveMatter, s.matterAgain)
}

func (s *Site) matters(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Matters", "matters")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	found := sifter[matter.Matter]{Address: href.Matters(f.FirmID), Noun: [2]string{"matter", "matters"}, Open: "Open", Closed: "Closed",
		Words: func(m matter.Matter) string {
			return strings.Join([]string{m.Number, m.Name, m.ClientName, m.PracticeGroup, m.ClientMatter}, " ")
		},
		Over: func(m matter.Matter) bool { return m.Status == "closed" }, Key: func(m matter.Matter) string { return string(m.ID) }}.sift(list, q)
	v := PlainView{Head: layout.Head{Title: "Matters"}, Lede: "Open a new matter from its client's page."}
	found.show(&v, href.Matters(f.FirmID), "Matters you may see", matterTable(f, found.Items))
	return q.plain(f, v), nil
}

func matterTable(f frame, list []matter.Matter) *partial.Table {
	t := &partial.Table{Caption: "Matters", Keys: true, Columns: []partial.Column{{Head: "Matter"}, {Head: "Number", NoWrap: true}, {Head: "Client", Minor: true}, {Head: "Level"}, {Head: "Currency", Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "dispute", Title: "No matters that you may see"}}
	for _, m := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(m.Name, href.Matter(f.FirmID, m.ID), m.PracticeGroup), {Text: m.Number, Code: true}, partial.Txt(m.ClientName),
			partial.Node(partial.LabelMark(partial.Label(m.Label))), partial.Txt(string(m.Currency)), partial.Txt(m.Status),
		}})
	}
	return t
}

func (s *Site) newMatter(r *httpd.Request) (httpd.Reply, error) {
	client, err := ident.Parse[ident.ClientID](r.Query("client"))
	if err != nil {
		return httpd.Reply{}, err
	}
	firm, err := s.Firms.Get(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.matterPage(r, matter.Matter{ClientID: client, Currency: firm.Currency, OpenedOn: s.Clock.Now()}, nil, nil)
	return httpd.Show(page), err
}

func (s *Site) matter(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.MatterID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	m, err := s.Matters.Matter(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.matterPage(r, m, nil, nil)
	return httpd.Show(page), err
}

func (s *Site) saveMatter(r *httpd.Request) (httpd.Reply, error) {
	m, typed, err := s.typedMatter(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	saved, err := s.Matters.SaveMatter(r.Context(), m)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.matterPage(r, m, typed, err) })
	}
	return httpd.Go(href.Matter(r.Firm(), saved.ID), "Matter saved."), nil
}

// typedMatter reads the form; typed is what was written where the matter holds something
// else than text.
func (s *Site) typedMatter(r *httpd.Request) (m matter.Matter, typed map[string]string, err error) {
	id, err := optionalID[ident.MatterID](r)
	if err != nil {
		return m, nil, err
	}
	client, err := ident.Parse[ident.ClientID](r.Form("client_id"))
	if err != nil {
		return m, nil, err
	}
	payor, err := idOrNone[ident.PayorID](r.Form("payor_id"))
	if err != nil {
		return m, nil, err
	}
	m = matter.Matter{ID: id, ClientID: client, PayorID: payor, Number: r.Form("number"), Name: r.Form("name"),
		PracticeGroup: r.Form("practice_group"), Label: authz.Label(r.FormInt("label")), TaskSet: r.Form("task_set"), ClientMatter: r.Form("client_matter"),
		Currency: typedCurrency(r.Form("currency")), TaxNote: r.Form("tax_note"), Version: r.FormInt("version"),
		Parties: matter.Parties{Adverse: namesIn(r.Form("adverse_parties")), Related: namesIn(r.Form("related_parties"))}}
	if m.Treatment, err = typedTreatment(r); err != nil {
		return m, nil, err
	}
	if id != "" { // who approves is changed where people are, not here
		if before, err := s.Matters.Matter(r.Context(), id); err == nil {
			m.Responsible = before.Responsible
		}
	}
	typed = map[string]string{"tax_rate": r.Form("tax_rate"), "opened_on": r.Form("opened_on"), "closed_on": r.Form("closed_on")}
	m.TaxRate = money.Fraction(-1) // what cannot be read is refused by the rule that names the field
	if rate, err := money.ParseFraction(titled(typed["tax_rate"], "0")); err == nil {
		m.TaxRate = rate
	}
	if on, err := time.Parse(time.DateOnly, typed["opened_on"]); err == nil {
		m.OpenedOn = on
	}
	if typed["closed_on"] != "" {
		on, err := time.Parse(time.DateOnly, typed["closed_on"])
		if err != nil {
			on = time.Time{} // before any opening: refused with its field named
		}
		m.ClosedOn = &on
	}
	return m, typed, nil
}

// matterAgain is the form with what was typed; of a matter that is there.
func (s *Site) matterAgain(r *httpd.Request, failed error) (templ.Component, error) {
	m, typed, err := s.typedMatter(r)
	if err == nil && m.ID != "" {
		_, err = s.Matters.Matter(r.Context(), m.ID)
	}
	if err != nil {
		return nil, err
	}
	return s.matterPage(r, m, typed, failed)
}

func (s *Site) matterPage(r *httpd.Request, m matter.Matter, typed map[string]string, failed error) (templ.Component, error) {
	f, err := s.frame(r, titled(m.Name, "New matter"), "matters")
	if err != nil {
		return nil, err
	}
	payors, err := s.Matters.Payors(r.Context(), m.ClientID)
	if err != nil {
		return nil, err
	}
	taxed, err := s.treatmentField(r, f, m.Treatment, "", "In place of the rate and sentence below; a payor’s own goes before it")
	if err != nil {
		return nil, err
	}
	var choices []string
	for _, p := range payors {
		choices = append(choices, string(p.ID), p.Name)
	}
	if typed == nil {
		typed = map[string]string{"tax_rate": m.TaxRate.String(), "opened_on": format.DateKey(m.OpenedOn)}
		if m.ClosedOn != nil {
			typed["closed_on"] = format.DateKey(*m.ClosedOn)
		}
	}
	form := &partial.Form{Action: r.Path(), Version: m.Version, Submit: "Save matter", Cancel: href.Matters(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "client_id", Label: "Client", Kind: partial.Select, Options: partial.Options(string(m.ClientID), string(m.ClientID), s.clientName(r, m.ClientID))},
			{Name: "payor_id", Label: "Payor", Kind: partial.Select, Options: partial.Options(string(m.PayorID), choices...), Required: true},
			{Name: "number", Label: "Number", Value: m.Number, Required: true, Max: 20},
			{Name: "name", Label: "Name", Value: m.Name, Required: true, Max: 255},
			{Name: "practice_group", Label: "Practice group", Value: m.PracticeGroup, Max: 60},
			{Name: "label", Label: "Level", Kind: partial.Select, Options: partial.Options(strconv.Itoa(int(m.Label)), "0", "Standard", "1", "Confidential", "2", "Restricted", "3", "Sealed"), Hint: "Who may know of the matter at all"},
			{Name: "task_set", Label: "Task codes", Kind: partial.Select, Options: partial.Options(m.TaskSet, "", "None", "litigation", "Litigation", "project", "Project", "counseling", "Counseling", "bankruptcy", "Bankruptcy")},
			{Name: "client_matter", Label: "Client's own number", Value: m.ClientMatter, Max: 20},
			{Name: "adverse_parties", Label: "Adverse parties", Kind: partial.Area, Rows: 3, Value: strings.Join(m.Adverse, "\n"), Wide: true, Hint: "Who stands against the client, one a line, as written in the file"},
			{Name: "related_parties", Label: "Related parties", Kind: partial.Area, Rows: 3, Value: strings.Join(m.Related, "\n"), Wide: true, Hint: "Who stands beside the client, one a line: parents, guarantors, insurers. No other firm is shown either"},
			{Name: "currency", Label: "Currency", Value: string(m.Currency), Required: true, Max: 3},
			taxed,
			{Name: "tax_rate", Label: "Tax on fees", Kind: partial.Decimal, Value: typed["tax_rate"], Hint: "As a share: 0.2 is 20 percent"},
			{Name: "tax_note", Label: "Sentence about tax", Value: m.TaxNote, Max: 300, Wide: true, Hint: "Such as a reverse-charge note; printed on the invoice"},
			{Name: "opened_on", Label: "Opened on", Kind: partial.Date, Value: typed["opened_on"], Required: true},
			{Name: "closed_on", Label: "Closed on", Kind: partial.Date, Value: typed["closed_on"], Hint: "Empty while the matter is open"},
		}}
	for i, x := range form.Fields {
		form.Fields[i].Group = matterGroups[x.Name]
	}
	v := PlainView{Head: layout.Head{Title: titled(m.Name, "New matter"), Crumbs: []partial.Link{{Text: "Matters", Href: href.Matters(f.FirmID)}}}, Sections: []Section{formOrFacts(f, rbac.MatterEdit, "Matter", form)}}
	if m.ID != "" {
		v.Links = matterLinks(f, m)
	}
	return Plain(f.Chrome, v), nil
}

// namesIn are the lines of a field; the service drops the empty ones.
func namesIn(field string) []string {
	return strings.Split(strings.ReplaceAll(field, "\r\n", "\n"), "\n")
}

// matterGroups is the heading that each field stands under.
var matterGroups = map[string]string{
	"client_id": "Whose it is", "payor_id": "Whose it is", "number": "The matter", "name": "The matter", "practice_group": "The matter", "label": "The matter",
	"adverse_parties": "Other parties", "related_parties": "Other parties",
	"task_set": "Codes and e-billing", "client_matter": "Codes and e-billing", "currency": "Money and tax", "treatment_id": "Money and tax", "tax_rate": "Money and tax", "tax_note": "Money and tax",
	"opened_on": "Dates", "closed_on": "Dates",
}

// matterLinks lead to what hangs on a matter, for who may see it.
func matterLinks(f frame, m matter.Matter) (out []partial.Link) {
	if f.May(rbac.ClientRead) {
		out = append(out, partial.Link{Text: "Client", Href: href.Client(f.FirmID, m.ClientID)})
	}
	if f.May(rbac.PayorRead) && m.PayorID != "" {
		out = append(out, partial.Link{Text: "Payor", Href: href.PayorOf(f.FirmID, m.PayorID)})
	}
	if f.May(rbac.EntryRead) {
		out = append(out, partial.Link{Text: "Time and costs", Href: href.Query(href.Entries(f.FirmID), "matter", string(m.ID))})
	}
	if f.May(rbac.ArrangementRead) {
		out = append(out, partial.Link{Text: "Fee arrangements", Href: href.Query(href.Arrangements(f.FirmID), "matter", string(m.ID))})
	}
	if f.May(rbac.RecoveryRead) {
		out = append(out, partial.Link{Text: "Recoveries", Href: href.MatterRecoveries(f.FirmID, m.ID)})
	}
	return out
}

func (s *Site) clientName(r *httpd.Request, id ident.ClientID) string {
	c, err := s.Matters.Client(r.Context(), id)
	if err != nil {
		return ""
	}
	return c.Name
}
