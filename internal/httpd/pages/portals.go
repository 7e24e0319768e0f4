package pages

import (
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
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/rbac"
)

// MountPortals adds the receivers of e-bills: the list, and what each wants.
func (s *Site) MountPortals(srv *httpd.Server) {
	get(srv, "/firms/{firm}/portals", rbac.PortalRead, s.portals)
	get(srv, "/firms/{firm}/portals/new", rbac.PortalEdit, s.portal)
	fill(srv, "/firms/{firm}/portals/new", rbac.PortalEdit, s.savePortal, s.portalPage)
	get(srv, "/firms/{firm}/portals/{id}", rbac.PortalRead, s.portal)
	fill(srv, "/firms/{firm}/portals/{id}", rbac.PortalEdit, s.savePortal, s.portalPage)
	show(srv, "/firms/{firm}/portals/{id}/connector", rbac.PortalRead, s.connectorPage)
	fill(srv, "/firms/{firm}/portals/{id}/connector", rbac.ConnectorEdit, s.saveConnector, s.connectorPage)
	post(srv, "/firms/{firm}/portals/{id}/connector/try", rbac.ConnectorEdit, s.tryConnector)
	post(srv, "/firms/{firm}/portals/{id}/connector/remove", rbac.ConnectorEdit, s.removeConnector)
}

var portalFormats = []string{
	string(portal.FormatFlat), "LEDES 1998B, with tax 98BI V2", string(portal.Format1998B), "LEDES 1998B only", string(portal.Format98BIV2), "LEDES 98BI V2 only",
	string(portal.FormatXML21), "LEDES XML 2.1", string(portal.FormatXML22), "LEDES XML 2.2",
}

func (s *Site) portals(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Receivers", "portals")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Portals.List(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Receivers of e-bills", Keys: true, Columns: []partial.Column{{Head: "Receiver"}, {Head: "Reads"}, {Head: "Appeal within", Minor: true}, {Head: "Payors", Right: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "transfer", Title: "No receivers yet", Text: "A receiver is a client's system that takes e-bills. What it wants of a file is entered once, for every payor that uses it."}}
	for _, p := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(p.Name, href.Portal(f.FirmID, p.ID), ""), partial.Txt(choice(string(p.Format), portalFormats)), partial.Txt(daysOrNone(p.AppealDays)), partial.Txt(strconv.Itoa(p.Payors)), partial.Txt(p.Status),
		}})
	}
	v := PlainView{Head: layout.Head{Title: "Receivers"}, Lede: "What each client’s system wants of an e-bill. A payor names the one it is served through; its files follow this from then on.", Sections: []Section{{Title: "All receivers", Table: t}}}
	if f.May(rbac.PortalEdit) {
		v.Main = &partial.Link{Text: "New receiver", Href: href.New(href.Portals(f.FirmID))}
		t.Empty.Links = []partial.Link{*v.Main}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func daysOrNone(n int) string {
	if n == 0 {
		return "none"
	}
	return format.Counted(n, "day", "days")
}

func (s *Site) portal(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.portalPage(r, nil)
	return httpd.Show(page), err
}

func (s *Site) savePortal(r *httpd.Request) (httpd.Reply, error) {
	p, err := typedPortal(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	saved, err := s.Portals.Save(r.Context(), p)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.portalPage(r, err) })
	}
	return httpd.Go(href.Portal(r.Firm(), saved.ID), "Receiver saved. Files made before stay as they are."), nil
}

func typedPortal(r *httpd.Request) (portal.Profile, error) {
	id, err := optionalID[ident.PortalID](r)
	p := portal.Profile{ID: id, Name: r.Form("name"), Status: r.Form("status"), Version: r.FormInt("version")}
	p.Settings = portal.Settings{
		Format: portal.Format(r.Form("format")), Encoding: portal.Encoding(r.Form("encoding")), FileName: r.Form("file_name"), Extension: r.Form("extension"), NarrativeLimit: r.FormInt("narrative_limit"),
		Country: r.Form("country"), Names: r.Form("names"), TaskSets: r.FormList("task_sets"), ExpenseTask: r.Form("expense_task") == "yes", Residual: ledes.Residual(r.Form("residual")),
		ToleranceMinor: int64(r.FormInt("tolerance_minor")), NumberForm: r.Form("number_form"), Resubmit: portal.Resubmit(r.Form("resubmit")),
		AppealDays: r.FormInt("appeal_days"), DisputeDays: r.FormInt("dispute_days"), LateDays: r.FormInt("late_days"), Route: portal.Route(r.Form("route")),
	}
	return p, err
}

// portalPage is one receiver, or the form for a new one, with what was refused.
func (s *Site) portalPage(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := optionalID[ident.PortalID](r)
	if err != nil {
		return nil, err
	}
	p := portal.Profile{Settings: portal.Standard(), Status: "active"}
	if id != "" {
		if p, err = s.Portals.Get(r.Context(), id); err != nil {
			return nil, err
		}
	}
	f, err := s.frame(r, titled(p.Name, "New receiver"), "portals")
	if err != nil {
		return nil, err
	}
	title := titled(p.Name, "New receiver")
	version := p.Version
	number := func(_ string, n int) string { return strconv.Itoa(n) }
	if failed != nil {
		if p, err = typedPortal(r); err != nil {
			return nil, err
		}
		number = func(name string, _ int) string { return r.Form(name) }
	}
	action := href.New(href.Portals(f.FirmID))
	if id != "" {
		action = href.Portal(f.FirmID, id)
	}
	form := &partial.Form{Action: action, Version: version, Submit: "Save receiver", Cancel: href.Portals(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: portalFields(p, number)}
	v := PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "Receivers", Href: href.Portals(f.FirmID)}}}, Sections: []Section{formOrFacts(f, rbac.PortalEdit, "What it wants", form)}}
	if id != "" {
		v.Links = append(v.Links, partial.Link{Text: "Its connection", Href: href.Connector(f.FirmID, id)})
	}
	if id != "" && f.May(rbac.PayorRead) {
		v.Links = append(v.Links, partial.Link{Text: format.Counted(p.Payors, "payor uses it", "payors use it"), Href: href.Payors(f.FirmID)})
	}
	return Plain(f.Chrome, v), nil
}

func portalFields(p portal.Profile, number func(name string, n int) string) []partial.Field {
	const file, content, after = "The file", "What stands in it", "After it is sent"
	var sets []partial.Option
	for _, set := range portal.TaskSets() {
		sets = append(sets, partial.Option{Value: set, Label: format.Capital(strings.ReplaceAll(set, "ediscovery", "e-discovery")), Selected: slices.Contains(p.TaskSets, set)})
	}
	expenseTask := ""
	if p.ExpenseTask {
		expenseTask = "yes"
	}
	return []partial.Field{
		{Name: "name", Label: "Name", Value: p.Name, Required: true, Max: 80, Group: file},
		{Name: "format", Label: "Reads", Kind: partial.Select, Options: partial.Options(string(p.Format), portalFormats...), Group: file},
		{Name: "encoding", Label: "Characters", Kind: partial.Select, Options: partial.Options(string(p.Encoding), string(portal.ASCII), "ASCII", string(portal.UTF8), "UTF-8"), Group: file, Hint: "Flat files are ASCII; XML in ASCII spells other letters as references"},
		{Name: "extension", Label: "File ends in", Kind: partial.Select, Options: partial.Options(p.Extension, "txt", ".txt", "led", ".led", "ledes", ".ledes", "xml", ".xml"), Group: file},
		{Name: "file_name", Label: "File name", Value: p.FileName, Required: true, Max: 80, Group: file, Hint: "Fields: {number} {client} {matter} {date} {version}"},
		{Name: "route", Label: "Goes by", Kind: partial.Select, Options: partial.Options(string(p.Route), string(portal.RouteDownload), "Download; a person uploads it there", string(portal.RouteConnector), "By itself, through its connection"), Group: file},
		{Name: "narrative_limit", Label: "Longest narrative", Kind: partial.Decimal, Value: number("narrative_limit", p.NarrativeLimit), Required: true, Group: content, Hint: "Characters; 0 is the format’s own limit. Nothing is cut: what is too long is named"},
		{Name: "country", Label: "Countries", Kind: partial.Select, Options: partial.Options(p.Country, portal.CountryAlpha3, "Three letters, GBR", portal.CountryAlpha2, "Two letters, GB"), Group: content},
		{Name: "names", Label: "Names", Kind: partial.Select, Options: partial.Options(p.Names, portal.SurnameFirst, "Vane, Rosa", portal.FirstSurname, "Rosa Vane"), Group: content},
		{Name: "number_form", Label: "Invoice number", Kind: partial.Select, Options: partial.Options(p.NumberForm, portal.NumberPrinted, "As printed", portal.NumberAlphanumeric, "Letters and digits only"), Group: content},
		{Name: "residual", Label: "Cents that hours × rate leaves over", Kind: partial.Select, Options: partial.Options(string(p.Residual), string(ledes.Adjust4), "Exactly, in the adjustment", string(ledes.Tolerate), "Nowhere: it takes rounded totals", string(ledes.Rate), "In the rate"), Group: content},
		{Name: "tolerance_minor", Label: "Tolerance on a line", Kind: partial.Decimal, Value: number("tolerance_minor", int(p.ToleranceMinor)), Required: true, Group: content, Hint: "In the smallest coin; 0 is none"},
		{Name: "task_sets", Label: "Code sets it reads", Kind: partial.Checks, Options: sets, Wide: true, Group: content, Hint: "None ticked is any"},
		{Name: "expense_task", Label: "An expense may carry a task code", Kind: partial.Check, Value: expenseTask, Wide: true, Group: content},
		{Name: "resubmit", Label: "When it is sent again", Kind: partial.Select, Options: partial.Options(string(p.Resubmit), string(portal.ResubmitSame), "The same number, linked", string(portal.ResubmitSuffixA), "The number with A", string(portal.ResubmitSuffixR), "The number with R"), Group: after},
		{Name: "appeal_days", Label: "Days to appeal", Kind: partial.Decimal, Value: number("appeal_days", p.AppealDays), Required: true, Group: after, Hint: "Calendar days after its answer; 0 is no appeal"},
		{Name: "dispute_days", Label: "Days to answer a dispute", Kind: partial.Decimal, Value: number("dispute_days", p.DisputeDays), Required: true, Group: after, Hint: "After them it counts as rejected; 0 is never"},
		{Name: "late_days", Label: "Days until a bill is late", Kind: partial.Decimal, Value: number("late_days", p.LateDays), Required: true, Group: after, Hint: "After the billed period; 0 is never"},
		{Name: "status", Label: "State", Kind: partial.Select, Options: partial.Options(p.Status, "active", "Active", "closed", "Closed"), Group: after, Hint: "A closed one takes no new payor"},
	}
}
