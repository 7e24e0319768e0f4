package pages

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/rbac"
)

// MountCodes adds the published codes, and what clients lay down about them.
func (s *Site) MountCodes(srv *httpd.Server) {
	get(srv, "/firms/{firm}/codes", rbac.ClientRead, s.codes)
	show(srv, "/firms/{firm}/client-codes/new", rbac.ClientEdit, s.newClientCode)
	fill(srv, "/firms/{firm}/client-codes/new", rbac.ClientEdit, s.layCode, s.newClientCode)
	show(srv, "/firms/{firm}/client-codes/{id}", rbac.ClientRead, of(s.clientCodePage))
	fill(srv, "/firms/{firm}/client-codes/{id}/end", rbac.ClientEdit, s.endClientCode, of(s.clientCodePage))
	post(srv, "/firms/{firm}/client-codes/{id}/withdraw", rbac.ClientEdit, s.withdrawClientCode)
}

// usedDays is how far back the page counts entries that have a code.
const usedDays = 90

// codeSets are the published sets and their names, as a choice has them.
var codeSets = []string{utbms.Litigation, "Litigation", utbms.EDiscovery, "eDiscovery", utbms.Project, "Project", utbms.Counseling, "Counselling", utbms.Bankruptcy, "Bankruptcy",
	utbms.Activity, "Activities", utbms.Expense, "Expenses"}

func setWords(set string) string {
	if i := slices.Index(codeSets, set); i >= 0 {
		return codeSets[i+1]
	}
	return setWords(utbms.Activity) // its additions
}

// codeFilter is what the address narrows the page to.
type codeFilter struct {
	Set, Level, Words string
	Client            ident.ClientID
}

func (c *codeFilter) takes(set, kode, name string) bool {
	return (c.Set == "" || setWords(set) == setWords(c.Set)) && has(kode+" "+name, c.Words)
}

// codesShown is all that the page of codes shows.
type codesShown struct {
	filter   codeFilter
	clients  []matter.Client
	rules    []code.Rule
	hidden   bool             // what clients lay down is above the reader's class
	used     map[string]int64 // entries by code; nil where the reader may see none
	from, to time.Time        // work dates of used
	dates    []guideCode
	register []guideKeeper
	keepers  []matter.Timekeeper
}

// guideCode is a code with dates in signed guidelines, guideKeeper a timekeeper in their register.
type (
	guideCode struct {
		guideline.CodeDates
		guide guideline.Guide
		whose string
	}
	guideKeeper struct {
		guideline.Registered
		guide guideline.Guide
		whose string
	}
)

func (s *Site) codes(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Codes", "codes")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	var x codesShown
	var sets []string
	for i := 0; i < len(codeSets); i += 2 {
		sets = append(sets, codeSets[i])
	}
	x.filter = codeFilter{Set: q.one("set", "is no set of codes", "codes of all sets are shown", sets...), Level: q.one("level", "is no level", "both levels are shown", "leaf", "heading"), Words: q.text("q")}
	if x.filter.Client, err = idOrNone[ident.ClientID](q.text("client")); err != nil {
		return httpd.Reply{}, err
	}
	if x.clients, err = s.Matters.Clients(r.Context()); err != nil {
		return httpd.Reply{}, err
	}
	x.rules, err = s.Codes.List(r.Context(), x.filter.Client)
	if x.hidden = errors.Is(err, authz.ErrForbidden); err != nil && !x.hidden {
		return httpd.Reply{}, err
	}
	if err := s.countCodes(r, f, &x); err != nil {
		return httpd.Reply{}, err
	}
	if err := s.guideCodes(r, f, &x); err != nil {
		return httpd.Reply{}, err
	}
	return q.plain(f, codesView(f, &x)), nil
}

// countCodes counts where the reader may open what is counted.
func (s *Site) countCodes(r *httpd.Request, f frame, x *codesShown) error {
	if !f.May(rbac.EntryRead) {
		return nil
	}
	now := s.Clock.Now().In(f.Zone)
	x.to = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	x.from = x.to.AddDate(0, 0, -usedDays)
	var err error
	x.used, err = s.Capture.CodeUse(r.Context(), capture.Filter{Client: x.filter.Client, From: x.from, To: x.to})
	return err
}

// guideCodes are what guidelines that are signed say of codes and of timekeepers.
func (s *Site) guideCodes(r *httpd.Request, f frame, x *codesShown) error {
	if !f.May(rbac.GuideRead) {
		return nil
	}
	all, err := s.Guidelines.Guides(r.Context())
	if errors.Is(err, authz.ErrForbidden) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := s.names(r)
	if err != nil {
		return err
	}
	payors, err := s.Matters.Payors(r.Context(), "")
	if err != nil {
		return err
	}
	for _, g := range all {
		whose, client := "The firm", g.Client
		switch {
		case g.Client != "":
			whose = n.clients[g.Client]
		case g.Group != "":
			whose = n.groups[g.Group]
		case g.Matter != "":
			whose = n.matters[g.Matter]
		case g.Payor != "":
			i := slices.IndexFunc(payors, func(p matter.Payor) bool { return p.ID == g.Payor })
			if i < 0 {
				continue
			}
			whose, client = payors[i].Name, payors[i].ClientID
		}
		if g.Status != guideline.GuideSigned || x.filter.Client != "" && client != x.filter.Client {
			continue
		}
		for _, d := range g.Body.CodeDates {
			x.dates = append(x.dates, guideCode{d, g, whose})
		}
		for _, k := range g.Body.Register {
			x.register = append(x.register, guideKeeper{k, g, whose})
		}
	}
	if len(x.register) > 0 && f.May(rbac.TimekeeperRead) {
		x.keepers, err = s.Matters.Timekeepers(r.Context())
	}
	return err
}

func codesView(f frame, x *codesShown) PlainView {
	v := PlainView{Head: layout.Head{Title: "Codes"}, Lede: "The published sets, and what each client lays down beside them. A code stands on a line only if no other is below it."}
	who := []string{"", "all clients"}
	for _, c := range x.clients {
		who = append(who, string(c.ID), c.Name)
	}
	fields := []partial.Field{
		{Name: "q", Label: "Code or words", Value: x.filter.Words, Max: 60},
		{Name: "set", Label: "Set", Kind: partial.Select, Options: partial.Options(x.filter.Set, append([]string{"", "all sets"}, codeSets...)...)},
		{Name: "level", Label: "Level", Kind: partial.Select, Options: partial.Options(x.filter.Level, "", "both", "leaf", "for lines", "heading", "headings")},
		{Name: "client", Label: "Client", Kind: partial.Select, Options: partial.Options(string(x.filter.Client), who...)},
	}
	v.Sections = append(v.Sections, Section{Title: "Narrow it", Body: LookFilter(href.Codes(f.FirmID), fields)})
	if x.hidden {
		v.Sections = append(v.Sections, Section{ID: "clients", Title: "What clients lay down", Text: "It is above what your access shows."})
	} else {
		v.Sections = append(v.Sections, Section{ID: "clients", Title: "What clients lay down", Note: "their own codes, those they do not take, and their names for published ones", Table: clientCodeTable(f, x)})
		if f.May(rbac.ClientEdit) {
			v.Main = &partial.Link{Text: "New code of a client", Href: href.Query(href.New(href.ClientCodes(f.FirmID)), "client", string(x.filter.Client))}
		}
	}
	if f.May(rbac.GuideRead) {
		v.Sections = append(v.Sections, Section{ID: "dates", Title: "Codes with dates in guidelines", Note: "of signed versions", Table: codeDateTable(f, x)},
			Section{ID: "classifications", Title: "Timekeepers as clients know them", Note: "the registers of signed guidelines", Table: registerTable(f, x)})
	}
	v.Sections = append(v.Sections, Section{ID: "codes", Title: "Published codes", Table: publishedTable(f, x)})
	return v
}

// usedCell is how many entries have a code, with the list of them.
func usedCell(f frame, x *codesShown, kode string, client ident.ClientID) partial.Cell {
	n := x.used[kode]
	if n == 0 {
		return partial.Txt("0")
	}
	return partial.Cell{Text: format.Count(int(n)), Href: href.Query(href.Entries(f.FirmID), "code", kode, "client", string(client), "from", dateKey(x.from), "to", dateKey(x.to))}
}

// usedColumn is there for who may open entries.
func usedColumn(x *codesShown, columns []partial.Column) []partial.Column {
	if x.used == nil {
		return columns
	}
	return append(columns, partial.Column{Head: "Entries, 90 days", Right: true})
}

func publishedTable(f frame, x *codesShown) *partial.Table {
	t := &partial.Table{Caption: "Published codes, by set", Keys: true, Columns: usedColumn(x, []partial.Column{{Head: "Code", NoWrap: true}, {Head: "Name", Wide: true}, {Head: "Set"}, {Head: "Level"}, {Head: "Below", Minor: true}, {Head: "Valid", Minor: true}}),
		Empty: partial.Empty{Icon: "id", Title: "No such code", Text: "Other words, another set or the other level may find it."}}
	for _, c := range utbms.All() {
		if !x.filter.takes(c.Set, c.Code, c.Name) || x.filter.Level == "leaf" && c.Heading || x.filter.Level == "heading" && !c.Heading {
			continue
		}
		level := "for lines"
		if c.Heading {
			level = "heading"
		}
		cells := []partial.Cell{{Text: c.Code, Code: true, Key: true}, partial.Txt(c.Name), partial.Txt(setWords(c.Set)), partial.Txt(level), {Text: c.Parent, Code: true}, partial.Txt("always")}
		if x.used != nil {
			cells = append(cells, usedCell(f, x, c.Code, x.filter.Client))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: cells})
	}
	return t
}

func clientCodeTable(f frame, x *codesShown) *partial.Table {
	t := &partial.Table{Caption: "What clients lay down about codes", Keys: true, Columns: []partial.Column{{Head: "Code", NoWrap: true}, {Head: "Client"}, {Head: "What holds", Wide: true}, {Head: "Set", Minor: true}, {Head: "Valid"}, {Head: "Client’s word", Minor: true}, {Head: "Entered", Minor: true}},
		Empty: partial.Empty{Icon: "id", Title: "Nothing laid down here", Text: "Enter a client’s own code, or one that it does not take, when the client says so."}}
	for i := range x.rules {
		r := &x.rules[i]
		if !x.filter.takes(r.Set, r.Code, r.Words()) || x.filter.Level == "heading" {
			continue
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: r.Code, Href: href.ClientCode(f.FirmID, r.ID), Code: true, Key: true}, partial.Txt(r.ClientName), partial.Txt(format.Capital(r.Words())), partial.Txt(setWords(r.Set)),
			partial.Txt(r.Span()), partial.Txt(orNone(r.Reference)), {Text: format.Date(r.At.In(f.Zone)), Sub: r.By}}})
	}
	return t
}

func codeDateTable(f frame, x *codesShown) *partial.Table {
	t := &partial.Table{Caption: "Codes with dates in guidelines", Columns: []partial.Column{{Head: "Code", NoWrap: true}, {Head: "Whose"}, {Head: "Valid"}, {Head: "From"}},
		Empty: partial.Empty{Icon: "flag", Title: "No guidelines give dates to codes", Text: "A client’s document is entered under billing guidelines."}}
	for _, d := range x.dates {
		c, _ := utbms.Lookup(d.Code)
		if !x.filter.takes(c.Set, d.Code, c.Name) {
			continue
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: utbms.Clean(d.Code), Code: true, Key: true}, partial.Txt(d.whose), partial.Txt(spanText(d.From, d.Until)), guideCell(f, d.guide, "COD-09")}})
	}
	return t
}

// guideCell leads to the guidelines that say something, with the clause.
func guideCell(f frame, g guideline.Guide, rule string) partial.Cell {
	return partial.Cell{Text: titled(g.Body.Name, "Guidelines"), Href: href.Guide(f.FirmID, g.ID), Sub: g.Body.Clauses[rule]}
}

func registerTable(f frame, x *codesShown) *partial.Table {
	t := &partial.Table{Caption: "Timekeepers as clients know them", Columns: []partial.Column{{Head: "Timekeeper"}, {Head: "At the firm"}, {Head: "Whose register"}, {Head: "There"}, {Head: "Valid"}, {Head: "From"}},
		Empty: partial.Empty{Icon: "cap", Title: "No client has a register of timekeepers here", Text: "It is a parameter of billing guidelines: who may bill, since when, and as what."}}
	for _, k := range x.register {
		name, class := k.Timekeeper, "not shown"
		if f.May(rbac.TimekeeperRead) {
			class = "nobody has this code"
		}
		for _, p := range x.keepers {
			if strings.EqualFold(p.Code, k.Timekeeper) {
				name, class = p.Name, classification(p.Class)
			}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: name, Sub: k.Timekeeper, Key: true}, partial.Txt(class), partial.Txt(k.whose), partial.Txt(titled(classification(k.Class), "as at the firm")), partial.Txt(spanText(k.From, k.Until)), guideCell(f, k.guide, "RAT-05")}})
	}
	return t
}

// classification is one with its name.
func classification(class string) string {
	if c, ok := utbms.Class(class); ok {
		return c.Code + ", " + c.Name
	}
	return class
}

// spanText says of days of guidelines when something holds.
func spanText(from, until string) string {
	switch {
	case from == "" && until == "":
		return "always"
	case from == "":
		return "to " + dayWords(until)
	case until == "":
		return "from " + dayWords(from)
	default:
		return dayWords(from) + " to " + dayWords(until)
	}
}

// newClientCode is the form for something that a client lays down.
func (s *Site) newClientCode(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New code of a client", "codes")
	if err != nil {
		return nil, err
	}
	clients, err := s.Matters.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	typed := func(name string) string { return r.Form(name) }
	if failed == nil {
		typed = func(name string) string {
			if name == "client_id" {
				return r.Query("client")
			}
			return ""
		}
	}
	return Plain(f.Chrome, newClientCodeView(f, clients, typed, failed)), nil
}

func newClientCodeView(f frame, clients []matter.Client, typed func(name string) string, failed error) PlainView {
	who := []string{"", "choose"}
	for _, c := range clients {
		if c.Status == "active" {
			who = append(who, string(c.ID), c.Name)
		}
	}
	form := &partial.Form{Action: href.New(href.ClientCodes(f.FirmID)), Submit: "Save", Cancel: href.Codes(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "client_id", Label: "Client", Kind: partial.Select, Options: partial.Options(typed("client_id"), who...), Required: true},
		{Name: "kind", Label: "What it lays down", Kind: partial.Select, Options: partial.Options(titled(typed("kind"), string(code.Own)), string(code.Own), "A code of its own", string(code.Banned), "A published code that it does not take", string(code.Renamed), "Its name for a published code"), Required: true},
		{Name: "code", Label: "Code", Value: typed("code"), Required: true, Max: 20, Hint: "Such as L110, or the client’s own"},
		{Name: "set", Label: "Set", Kind: partial.Select, Options: partial.Options(typed("set"), append([]string{"", "that of the published code"}, codeSets...)...), Hint: "Needed for a code of its own"},
		{Name: "parent", Label: "Below", Value: typed("parent"), Max: 20, Hint: "Of a code of its own: a published heading such as L300, in whose phase it counts"},
		{Name: "name", Label: "Name", Value: typed("name"), Max: 80, Hint: "Empty for a code that is not taken"},
		{Name: "instead", Label: "Use instead", Value: typed("instead"), Max: 20, Hint: "Of a code that is not taken; findings offer it"},
		{Name: "from", Label: "First work date", Kind: partial.Date, Value: typed("from"), Required: true},
		{Name: "until", Label: "Last work date", Kind: partial.Date, Value: typed("until"), Hint: "Empty while open"},
		{Name: "reference", Label: "Client’s word", Value: typed("reference"), Max: 200, Wide: true, Hint: "Such as a letter of a day"},
	}}
	return PlainView{Head: layout.Head{Title: "New code of a client", Crumbs: []partial.Link{{Text: "Codes", Href: href.Codes(f.FirmID)}}}, Lede: "Lines are judged by it when they are checked next; on a day one thing holds of a client’s code.",
		Sections: []Section{{Title: "What the client lays down", Form: form}}}
}

func (s *Site) layCode(r *httpd.Request) (httpd.Reply, error) {
	x := code.Rule{Kind: code.Kind(r.Form("kind")), Set: r.Form("set"), Code: r.Form("code"), Parent: r.Form("parent"), Name: r.Form("name"), Instead: r.Form("instead"), Reference: r.Form("reference")}
	var err error
	if x.Client, err = idOrNone[ident.ClientID](r.Form("client_id")); err != nil {
		return httpd.Reply{}, err
	}
	var fs fault.Fields
	if from := dayTyped(r, &fs, "from"); from != nil {
		x.From = *from
	}
	x.Until = dayTyped(r, &fs, "until")
	var made code.Rule
	if err = fs.Err(code.ErrInvalid); err == nil {
		made, err = s.Codes.Lay(r.Context(), x)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newClientCode(r, err) })
	}
	return httpd.Go(href.ClientCode(r.Firm(), made.ID), "Saved. Lines are judged by it when they are checked next."), nil
}

func (s *Site) clientCodePage(r *httpd.Request, id ident.ClientCode, failed error) (templ.Component, error) {
	x, err := s.Codes.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, x.Code+" of "+x.ClientName, "codes")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, clientCodeView(f, &x, typedForm{r.Values(), r.Path(), failed})), nil
}

func clientCodeView(f frame, x *code.Rule, typed typedForm) PlainView {
	v := PlainView{Head: layout.Head{Title: x.Code + ", " + x.ClientName, Crumbs: []partial.Link{{Text: "Codes", Href: href.Codes(f.FirmID)}}}, Meta: []string{x.Words(), setWords(x.Set), x.Span()}}
	facts := []partial.Fact{{Name: "Client", Value: x.ClientName, Href: href.Client(f.FirmID, x.Client)}, {Name: "What holds", Value: format.Capital(x.Words())}, {Name: "Set", Value: setWords(x.Set)}}
	if x.Kind == code.Own {
		facts = append(facts, partial.Fact{Name: "Below", Value: orNone(x.Parent)})
	}
	facts = append(facts, partial.Fact{Name: "Work dates", Value: x.Span()}, partial.Fact{Name: "Client’s word", Value: orNone(x.Reference)}, partial.Fact{Name: "Entered", Value: format.Moment(x.At.In(f.Zone)) + " by " + x.By})
	v.Sections = []Section{{Title: "What the client lays down", Facts: facts}}
	if f.May(rbac.EntryRead) {
		v.Links = append(v.Links, partial.Link{Text: "Entries with this code", Href: href.Query(href.Entries(f.FirmID), "code", x.Code, "client", string(x.Client))})
	}
	if x.Withdrawn != nil {
		v.Lede = "Withdrawn on " + format.Date(x.Withdrawn.In(f.Zone)) + ": it never held."
		return v
	}
	if f.May(rbac.ClientEdit) {
		action := href.Act(href.ClientCode(f.FirmID, x.ID), "end")
		last := keptDay(x.Until)
		if typed.failed != nil && typed.at == action {
			last = typed.values.Get("until")
		}
		v.Sections = append(v.Sections, Section{Title: "Its last day", Form: typed.back(&partial.Form{ID: "end", Action: action, Version: x.Version, Submit: "Save last day", Side: true,
			Fields: []partial.Field{{Form: "end", Name: "until", Label: "Last work date", Kind: partial.Date, Value: last, Required: true}}})})
		v.Acts = []partial.Button{{Text: "Withdraw", Action: href.Act(href.ClientCode(f.FirmID, x.ID), "withdraw"), Version: x.Version, Class: "danger"}}
	}
	return v
}

func (s *Site) endClientCode(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ClientCode](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	var fs fault.Fields
	var last time.Time
	if until := dayTyped(r, &fs, "until"); until != nil {
		last = *until
	}
	if err = fs.Err(code.ErrInvalid); err == nil {
		_, err = s.Codes.End(r.Context(), id, r.FormInt("version"), last)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.clientCodePage(r, id, err) })
	}
	return httpd.Go(href.ClientCode(r.Firm(), id), "Saved."), nil
}

func (s *Site) withdrawClientCode(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ClientCode](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Codes.Withdraw(r.Context(), id, r.FormInt("version")); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.ClientCode(r.Firm(), id), "Withdrawn. It never held."), nil
}
