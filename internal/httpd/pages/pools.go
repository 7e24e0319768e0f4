package pages

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountPools adds how the bureau splits its work among its people, and one's own duty.
func (s *Site) MountPools(srv *httpd.Server) {
	get(srv, href.Pools, rbac.SignedIn, ofTeam(s.pools))
	for path, do := range map[string]func(r *httpd.Request) (httpd.Reply, error){
		href.Pools: s.makePool, href.Pools + "/{id}": s.changePool, href.Seats: s.seat, href.TeamDuty: s.teamDuty, href.Weights: s.weights,
	} {
		fill(srv, path, rbac.SignedIn, ofTeam(do), formOfTeam(s.poolsPage))
	}
	post(srv, href.Pools+"/{id}/end", rbac.SignedIn, ofTeam(s.endPool))
	get(srv, href.Duty, rbac.SignedIn, ofQueue(s.duty))
	fill(srv, href.Duty, rbac.SignedIn, ofQueue(s.setDuty), formOfQueue(s.dutyPage))
}

// formOfTeam is a form's page as ofTeam is a page.
func formOfTeam(show shower) shower {
	return func(r *httpd.Request, failed error) (templ.Component, error) {
		if err := teamIsThere(r); err != nil {
			return nil, err
		}
		return show(r, failed)
	}
}

// PoolsView is the pools and who claims through which.
type PoolsView struct {
	Board   *team.Board
	Weights map[string]int
	Mine    []firm.Card // firms whose work the reader may give to a pool
	Edit    bool
	Change  ident.PoolID // the one that the form changes; "" makes a new one
	Me      ident.PersonID
	Zone    *time.Location
	CSRF    string
	Typed   typedForm
}

func (s *Site) pools(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.poolsPage(r, nil)
	return httpd.Show(page), err
}

func (s *Site) poolsPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Pools", "team")
	if err != nil {
		return nil, err
	}
	b, err := s.Team.Board(r.Context())
	if err != nil {
		return nil, err
	}
	l, err := s.Work.Layout(r.Context())
	if err != nil {
		return nil, err
	}
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return nil, err
	}
	v := PoolsView{Board: b, Weights: l.Weights, Edit: f.Standing.Anywhere(rbac.PoolEdit), Change: ident.PoolID(r.Query("pool")), Me: r.Person(), Zone: f.Zone, CSRF: f.CSRF, Typed: typedForm{r.Values(), r.Path(), failed}}
	for _, c := range cards {
		if c.Kind != "bureau" && f.Standing.In(c.ID, rbac.PoolEdit) {
			v.Mine = append(v.Mine, c)
		}
	}
	for _, p := range b.Pools {
		if r.Path() == href.Pools+"/"+string(p.ID) {
			v.Change = p.ID // its form came back
		}
	}
	return Plain(f.Chrome, v.page()), nil
}

func (v PoolsView) page() PlainView {
	p := PlainView{Head: layout.Head{Title: "Pools", Crumbs: []partial.Link{{Text: "Team board", Href: href.Team}}},
		Lede:     "Each person claims through one pool. It takes the work of some or all firms and types; nobody sees more through it than their access gives. What no pool takes stands on the team board.",
		Sections: []Section{{ID: "pools", Title: "Pools", Note: "those that take work of your firms", Table: v.table()}, {ID: "people", Title: "Who claims through which", Table: v.people()}}}
	if !v.Edit {
		return p
	}
	p.Sections = append(p.Sections, v.form())
	if len(v.Board.People) > 0 && len(v.Board.Pools) > 0 {
		p.Sections = append(p.Sections, Section{ID: "seat", Title: "Move somebody", Form: v.seatForm()}, Section{ID: "duty", Title: "Set somebody away", Form: v.dutyForm()})
	}
	return withSection(p, Section{ID: "weights", Title: "What work weighs", Note: "towards the limit of what one person may hold", Form: v.weightForm()})
}

func withSection(p PlainView, s Section) PlainView {
	p.Sections = append(p.Sections, s)
	return p
}

func (v PoolsView) table() *partial.Table {
	t := &partial.Table{Caption: "Pools", Columns: []partial.Column{{Head: "Pool"}, {Head: "Firms"}, {Head: "Work"}, {Head: "May hold", Right: true}, {Head: "On duty", Right: true, NoWrap: true}, {Head: "Way", Minor: true}, {Head: "Acts", Hidden: true}},
		Empty: partial.Empty{Icon: "users", Title: "There is one pool for everybody", Text: "Everybody claims any work that their access covers. Make a pool to split the work."}}
	for _, p := range v.Board.Pools {
		h := v.Board.HealthOf(p.ID)
		lead := "led by " + p.Lead.Name
		switch {
		case p.Default:
			lead = "for whoever is in no other"
		case p.Lead.Name == "":
			lead = "without a lead"
		}
		way := "people ask for the next item"
		if p.Push {
			way = "work is offered"
		}
		name, end := partial.Cell{Text: p.Name, Sub: lead, Key: true}, partial.Txt("")
		if v.Edit && !p.Closed {
			name = partial.Named(p.Name, href.Query(href.Pools, "pool", string(p.ID))+"#pool", lead)
		}
		if v.Edit && !p.Default && !p.Closed {
			end = partial.Node(partial.PostButton(v.CSRF, partial.Button{Text: "End", Action: href.Act(href.Pools+"/"+string(p.ID), "end"), Class: "sm danger"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{name, partial.Txt(v.firmWords(p)), partial.Txt(typeWords(p.Types)), partial.Txt(strconv.Itoa(p.Limit)),
			partial.Txt(strconv.Itoa(h.OnDuty) + " of " + strconv.Itoa(h.People)), partial.Txt(way), end}})
	}
	return t
}

// firmWords are the firms of a pool that the reader is told of.
func (v PoolsView) firmWords(p worklist.Pool) string {
	if p.EveryFirm {
		return "Every firm"
	}
	var codes []string
	for _, f := range v.Board.Firms {
		if slices.Contains(p.Firms, f.ID) {
			codes = append(codes, f.Code)
		}
	}
	if p.Others {
		codes = append(codes, "others")
	}
	return strings.Join(codes, ", ")
}

func typeWords(types []string) string {
	if len(types) == 0 {
		return "Every type"
	}
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = workName(t)
	}
	return strings.Join(words, ", ")
}

func (v PoolsView) people() *partial.Table {
	t := &partial.Table{Caption: "Who claims through which pool", Columns: []partial.Column{{Head: "Person"}, {Head: "Pool"}, {Head: "May hold", Right: true}, {Head: "Duty"}, {Head: "Acts", Hidden: true}},
		Empty: partial.Empty{Icon: "users", Title: "Nobody works for these firms", Text: "A person appears with their first access that includes working on items."}}
	for _, p := range v.Board.People {
		duty, act := partial.Txt("On duty"), partial.Txt("")
		button := partial.Button{Text: "Set away", Action: href.TeamDuty, Class: "sm", Hidden: []partial.Hidden{{Name: "person", Value: string(p.ID)}, {Name: "away", Value: "yes"}}}
		if !p.Away.Since.IsZero() {
			duty = partial.Cell{Text: awayWords(p.Away, v.Zone), Sub: awayBy(p.Away), Tone: partial.Warn}
			button.Text, button.Hidden[1].Value = "Back on duty", "no"
		}
		if v.Edit && p.Pool != "" {
			act = partial.Node(partial.PostButton(v.CSRF, button))
		}
		limit := p.Limit
		if limit == 0 {
			limit = worklist.MaxHeld
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: p.Name, Key: true}, partial.Txt(v.poolName(p.Pool)), partial.Txt(strconv.Itoa(limit)), duty, act}})
	}
	return t
}

func (v PoolsView) poolName(id ident.PoolID) string {
	for _, p := range v.Board.Pools {
		if p.ID == id {
			return p.Name
		}
	}
	if len(v.Board.Pools) == 0 {
		return "everybody's"
	}
	return "one that takes no work of your firms"
}

// awayWords say until when somebody is away, "" on duty.
func awayWords(a worklist.Away, zone *time.Location) string {
	switch {
	case a.Since.IsZero():
		return ""
	case a.Until.IsZero():
		return "Away since " + format.Moment(a.Since.In(zone)) + "."
	default:
		return "Away until " + format.Moment(a.Until.In(zone)) + "."
	}
}

func awayBy(a worklist.Away) string {
	return map[worklist.AwayAs]string{worklist.AwaySelf: "by their own word", worklist.AwayLead: "set by a lead", worklist.AwayLapsed: "three offers in a row had no answer"}[a.As]
}

// form makes a pool, or changes the one of the address.
func (v PoolsView) form() Section {
	sec, here, p := Section{ID: "pool", Title: "Make a pool"}, href.Pools, worklist.Pool{EveryFirm: true, Limit: worklist.MaxHeld}
	for _, x := range v.Board.Pools {
		if x.ID == v.Change && !x.Closed {
			sec.Title, here, p = "Change "+x.Name, href.Pools+"/"+string(x.ID), x
		}
	}
	name, limit, types, every, push := p.Name, strconv.Itoa(p.Limit), p.Types, p.EveryFirm, p.Push
	firms := ident.Strings(p.Firms)
	if v.Typed.at == here && v.Typed.failed != nil {
		name, limit, types, firms = v.Typed.of(here, "name"), v.Typed.of(here, "limit"), v.Typed.values["types"], v.Typed.values["firm_ids"]
		every, push = v.Typed.of(here, "every_firm") != "", v.Typed.of(here, "push") != ""
	}
	ids, names := make([]string, len(v.Mine)), make([]string, len(v.Mine))
	for i, c := range v.Mine {
		ids[i], names[i] = string(c.ID), c.Name
	}
	kinds := make([]string, len(workTypes))
	for i, t := range workTypes {
		kinds[i] = workName(t)
	}
	form := &partial.Form{ID: "pool", Action: here, Version: p.Version, Submit: "Save pool", Fields: []partial.Field{
		{Name: "name", Label: "Name", Value: name, Required: true, Max: 60},
		{Name: "limit", Label: "One person may hold", Kind: partial.Decimal, Value: limit, Required: true, Hint: "1 to 20, by what work weighs"},
		{Name: "every_firm", Label: "It takes the work of every firm", Kind: partial.Check, Value: checked(every)},
		{Name: "firm_ids", Label: "Or of these firms", Kind: partial.Checks, Options: ticked(ids, names, firms), Wide: true, Hint: "Of yours; firms that you do not work for stay in it"},
		{Name: "types", Label: "Types of work", Kind: partial.Checks, Options: ticked(workTypes, kinds, types), Wide: true, Hint: "None ticked is every type"},
		{Name: "push", Label: "It offers its work, one item at a time for three minutes", Kind: partial.Check, Value: checked(push)}}}
	if p.ID != "" {
		form.Cancel = href.Pools
		if p.Lead.ID != v.Me {
			form.Fields = append(form.Fields, partial.Field{Name: "lead", Label: "I lead it from now on", Kind: partial.Check, Value: v.Typed.of(here, "lead")})
		}
	}
	sec.Form = v.Typed.back(form)
	return sec
}

func (v PoolsView) person(form, at string) partial.Field {
	pairs := []string{"", "choose"}
	for _, p := range v.Board.People {
		if p.Pool != "" {
			pairs = append(pairs, string(p.ID), p.Name)
		}
	}
	return partial.Field{Form: form, Name: "person_id", Label: "Who", Kind: partial.Select, Options: partial.Options(v.Typed.of(at, "person_id"), pairs...), Required: true}
}

func (v PoolsView) seatForm() *partial.Form {
	pairs := []string{"", "choose"}
	for _, p := range v.Board.Pools {
		pairs = append(pairs, string(p.ID), p.Name)
	}
	return v.Typed.back(&partial.Form{ID: "seat", Action: href.Seats, Submit: "Move", Side: true, Note: "What they hold stays theirs.", Fields: []partial.Field{v.person("seat", href.Seats),
		{Form: "seat", Name: "pool_id", Label: "Pool", Kind: partial.Select, Options: partial.Options(v.Typed.of(href.Seats, "pool_id"), pairs...), Required: true},
		{Form: "seat", Name: "limit", Label: "They may hold", Kind: partial.Decimal, Value: v.Typed.of(href.Seats, "limit"), Hint: "1 to 20; empty for the pool's"}}})
}

func (v PoolsView) dutyForm() *partial.Form {
	return v.Typed.back(&partial.Form{ID: "duty", Action: href.TeamDuty, Submit: "Set away", Side: true, Note: "Nothing is given to them until they come back.", Kept: map[string][]string{"away": {"yes"}},
		Fields: append([]partial.Field{v.person("duty", href.TeamDuty)}, untilFields("duty", href.TeamDuty, v.Typed, v.Zone)...)})
}

// untilFields ask until when somebody is away.
func untilFields(form, at string, typed typedForm, zone *time.Location) []partial.Field {
	return []partial.Field{{Form: form, Name: "until", Label: "Until", Kind: partial.Date, Value: typed.of(at, "until"), Hint: "Empty until they come back"},
		{Form: form, Name: "hour", Label: "At", Kind: partial.Clocked, Value: typed.of(at, "hour"), Hint: "Empty is 9:00; in " + zone.String()}}
}

// untilTyped reads them.
func untilTyped(r *httpd.Request, zone *time.Location) (at time.Time, err error) {
	day, hour := r.Form("until"), r.Form("hour")
	if day == "" && hour == "" {
		return at, nil
	}
	if hour == "" {
		hour = "09:00"
	}
	if at, err = time.ParseInLocation("2006-01-02 15:04", day+" "+hour, zone); err != nil {
		return at, worklist.ErrSeat.On(fault.Field{Path: "until", Code: "away_until", Message: "this is not a day and a time", Fix: "enter the day as 2026-12-31 and the time as 13:30"})
	}
	return at, nil
}

func (v PoolsView) weightForm() *partial.Form {
	f := &partial.Form{ID: "weights", Action: href.Weights, Submit: "Save weights", Side: true, Note: "From the next claim; what is held stays."}
	for _, t := range workTypes {
		value := v.Typed.of(href.Weights, "weights."+t)
		if value == "" {
			value = strconv.Itoa(max(v.Weights[t], 1))
		}
		f.Fields = append(f.Fields, partial.Field{Form: "weights", Name: "weights." + t, Label: workName(t), Kind: partial.Decimal, Value: value, Required: true})
	}
	return v.Typed.back(f)
}

// poolTyped reads the form of a pool.
func poolTyped(r *httpd.Request) (worklist.PoolDraft, error) {
	d := worklist.PoolDraft{Name: r.Form("name"), EveryFirm: r.Form("every_firm") != "", Types: r.FormList("types"), Push: r.Form("push") != "", Version: max(r.FormInt("version"), 0)}
	for _, f := range r.FormList("firm_ids") {
		d.Firms = append(d.Firms, ident.FirmID(f))
	}
	if r.Form("lead") != "" {
		d.Lead = r.Person()
	}
	var err error
	d.Limit, err = wholeTyped(r, "limit")
	return d, err
}

// wholeTyped is a whole number of a field; nothing is 0.
func wholeTyped(r *httpd.Request, name string) (int, error) {
	text := strings.TrimSpace(r.Form(name))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, worklist.ErrPool.On(fault.Field{Path: name, Code: "number_whole", Message: "this is not a whole number from 1", Fix: "enter one such as 3"})
	}
	return n, nil
}

func (s *Site) makePool(r *httpd.Request) (httpd.Reply, error) {
	d, err := poolTyped(r)
	if err == nil {
		_, err = s.Work.MakePool(r.Context(), d)
	}
	return s.poolSaved(r, err, "Made. Move people to it next.")
}

func (s *Site) changePool(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PoolID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := poolTyped(r)
	if err == nil {
		_, err = s.Work.ChangePool(r.Context(), id, d)
	}
	return s.poolSaved(r, err, "Saved.")
}

// poolSaved leads back to the pools, or shows them with what was refused.
func (s *Site) poolSaved(r *httpd.Request, err error, done string) (httpd.Reply, error) {
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.poolsPage(r, err) })
	}
	return httpd.Go(href.Pools, done), nil
}

func (s *Site) endPool(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PoolID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.poolSaved(r, s.Work.EndPool(r.Context(), id), "Ended. Its people claim through the pool for everybody.")
}

func (s *Site) seat(r *httpd.Request) (httpd.Reply, error) {
	limit, err := wholeTyped(r, "limit")
	if err == nil {
		err = s.Work.SetSeat(r.Context(), ident.PersonID(r.Form("person_id")), worklist.SeatDraft{Pool: ident.PoolID(r.Form("pool_id")), Limit: limit})
	}
	return s.poolSaved(r, err, "Moved.")
}

func (s *Site) teamDuty(r *httpd.Request) (httpd.Reply, error) {
	who := titled(r.Form("person_id"), r.Form("person"))
	until, err := untilTyped(r, time.UTC)
	if err == nil {
		err = s.Work.SetDutyOf(r.Context(), ident.PersonID(who), r.Form("away") == "yes", until)
	}
	return s.poolSaved(r, err, "Saved.")
}

func (s *Site) weights(r *httpd.Request) (httpd.Reply, error) {
	weights := map[string]int{}
	var fs fault.Fields
	for _, t := range workTypes {
		n, err := wholeTyped(r, "weights."+t)
		if err != nil {
			fs.Add("weights."+t, "number_whole", "this is not a whole number from 1")
		}
		if n > 0 {
			weights[t] = n
		}
	}
	err := fs.Err(worklist.ErrWeight)
	if err == nil {
		err = s.Work.SetWeights(r.Context(), weights)
	}
	return s.poolSaved(r, err, "Saved.")
}

func (s *Site) duty(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.dutyPage(r, nil)
	return httpd.Show(page), err
}

// dutyPage tells whether the reader is on duty, and lets them say otherwise.
func (s *Site) dutyPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Duty", "queue")
	if err != nil {
		return nil, err
	}
	seat, err := s.Work.Duty(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, dutyView(f, seat, typedForm{r.Values(), r.Path(), failed})), nil
}

func dutyView(f frame, seat worklist.Seat, typed typedForm) PlainView {
	v := PlainView{Head: layout.Head{Title: "Duty", Crumbs: []partial.Link{{Text: "My queue", Href: href.Queue}}}, Lede: "While you are away nothing is given or offered to you, and a firm's answer does not wait for you. What you hold stays yours."}
	if !seat.Away.Since.IsZero() {
		v.Sections = []Section{{Title: awayWords(seat.Away, f.Zone), Text: sentence(awayMine(seat.Away)), Acts: []partial.Button{{Text: "Back on duty", Action: href.Duty, Class: "primary", Hidden: []partial.Hidden{{Name: "away", Value: "no"}}}}}}
		return v
	}
	v.Sections = []Section{{Title: "You are on duty", Form: typed.back(&partial.Form{ID: "duty", Action: href.Duty, Submit: "Set me away", Kept: map[string][]string{"away": {"yes"}}, Fields: untilFields("duty", href.Duty, typed, f.Zone)})}}
	return v
}

func awayMine(a worklist.Away) string {
	return map[worklist.AwayAs]string{worklist.AwaySelf: "by your own word", worklist.AwayLead: "a lead set you away", worklist.AwayLapsed: "you did not answer three offers in a row"}[a.As]
}

func (s *Site) setDuty(r *httpd.Request) (httpd.Reply, error) {
	away := r.Form("away") == "yes"
	until, err := untilTyped(r, time.UTC)
	if err == nil {
		err = s.Work.SetDuty(r.Context(), away, until)
	}
	switch {
	case err != nil:
		return again(err, func() (templ.Component, error) { return s.dutyPage(r, err) })
	case away:
		return httpd.Go(href.Queue, "You are set away."), nil
	default:
		return httpd.Go(href.Queue, "You are on duty."), nil
	}
}
