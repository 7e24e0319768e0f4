package pages

import (
	"fmt"
	"net/url"
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
	"github.com/docketry/docketry/internal/undertaking"
	"github.com/docketry/docketry/rbac"
)

// MountUndertakings adds the undertakings that a person gives, and those that a firm or
// the bureau asks for.
func (s *Site) MountUndertakings(srv *httpd.Server) {
	show(srv, href.MyUndertakings, rbac.SignedIn, s.myUndertakingsPage)
	fill(srv, href.MyUndertakings, rbac.SignedIn, s.giveUndertaking, s.myUndertakingsPage)
	show(srv, "/firms/{firm}/undertakings", rbac.UndertakingRead, s.undertakingsPage)
	fill(srv, "/firms/{firm}/undertakings", rbac.UndertakingPublish, s.publishUndertaking, s.undertakingsPage)
	fill(srv, "/firms/{firm}/undertakings/required", rbac.UndertakingPublish, s.requireUndertaking, s.undertakingsPage)
}

func (s *Site) myUndertakingsPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Undertakings", "")
	if err != nil {
		return nil, err
	}
	list, err := s.Undertakings.Mine(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, myUndertakingsView(f, list, r.Form("firm"), failed, s.Clock.Now())), nil
}

func myUndertakingsView(f frame, list []undertaking.Mine, asked string, failed error, now time.Time) PlainView {
	v := PlainView{Head: layout.Head{Title: "Undertakings of confidentiality", Crumbs: []partial.Link{{Text: "Your account", Href: href.Me}}}, Lede: "Nothing is asked of you."}
	open, waits := 0, 0
	for i, m := range list {
		if !m.Word.Current {
			open++
		}
		if m.Waits != nil && !now.Before(*m.Waits) {
			waits++
		}
		v.Sections = append(v.Sections, mineSection(f, m, i, asked, failed, now))
	}
	switch {
	case waits > 0:
		v.Lede = "A firm lets you look once you have given what it asks for. Read it, and give it below; your access then works at once."
	case open > 0:
		v.Lede = "Read what is asked of you and give it below."
	case len(list) > 0:
		v.Lede = "You have given everything that is asked of you."
	}
	return v
}

func mineSection(f frame, m undertaking.Mine, i int, asked string, failed error, now time.Time) Section {
	title := "To the bureau"
	if m.FirmName != "" {
		title = "To " + m.FirmName
	}
	sec := Section{ID: "text-" + strconv.Itoa(i+1), Title: title, Note: fmt.Sprintf("version %d, %s", m.Text.Version, format.Date(m.Text.PublishedAt.In(f.Zone))), Body: Prose(paragraphs(m.Text.Body))}
	switch {
	case m.Word.Current:
		sec.Facts = []partial.Fact{{Name: "You gave it", Value: format.Moment(m.Word.At.In(f.Zone))}}
		return sec
	case m.Word.Version > 0:
		sec.Facts = []partial.Fact{{Name: "You gave", Value: fmt.Sprintf("version %d, %s", m.Word.Version, format.Date(m.Word.At.In(f.Zone)))}}
	}
	if m.Waits != nil {
		words := "since it was asked for"
		if now.Before(*m.Waits) {
			words = "from " + format.Moment(m.Waits.In(f.Zone))
		} else if m.Word.Version > 0 {
			words = "since " + format.Moment(m.Waits.In(f.Zone))
		}
		sec.Facts = append(sec.Facts, partial.Fact{Name: "Your access waits for it", Value: words})
	}
	sec.Form = &partial.Form{ID: "u" + strconv.Itoa(i+1), Action: href.MyUndertakings, Submit: "Give this undertaking", Side: i > 0, Note: "Your second factor is asked for again. It stays on record with the text, the time and this session.",
		Kept:   url.Values{"firm": {string(m.Text.Firm)}, "version": {strconv.Itoa(m.Text.Version)}, "sum": {m.Text.SHA256}},
		Fields: []partial.Field{{Name: "read", Label: "I have read it and give this undertaking", Kind: partial.Check, Value: "", Wide: true}}}
	if failed != nil && asked == string(m.Text.Firm) {
		sec.Form.Faults, sec.Form.Problem = partial.FaultsOf(failed), problemIn(failed)
	}
	return sec
}

func paragraphs(body string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(body, "\r", ""), func(c rune) bool { return c == '\n' })
}

func (s *Site) giveUndertaking(r *httpd.Request) (httpd.Reply, error) {
	err := error(undertaking.ErrInvalid.On(fault.Field{Path: "read", Code: "read_missing", Message: "tick this once you have read the text"}))
	if r.Form("read") != "" {
		err = s.giveRead(r)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.myUndertakingsPage(r, err) })
	}
	return httpd.Go(href.MyUndertakings, "Given. It is on record."), nil
}

func (s *Site) giveRead(r *httpd.Request) error {
	var firm ident.FirmID
	if text := r.Form("firm"); text != "" {
		var err error
		if firm, err = ident.Parse[ident.FirmID](text); err != nil {
			return undertaking.ErrNotFound
		}
	}
	return s.Undertakings.Give(r.Context(), firm, r.FormInt("version"), r.Form("sum"))
}

// owed is how many firms wait for the person's word, for the pages where the bureau's
// people land.
func (s *Site) owed(r *httpd.Request, f frame) (int, error) {
	if !f.Standing.OfBureau() {
		return 0, nil
	}
	return s.Undertakings.Owed(r.Context())
}

func (s *Site) undertakingsPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Undertakings", "access")
	if err != nil {
		return nil, err
	}
	st, err := s.Undertakings.Standing(r.Context())
	if err != nil {
		return nil, err
	}
	list, err := s.Undertakings.States(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, undertakingsView(f, st, list, typedForm{r.Values(), r.Path(), failed}, s.Clock.Now())), nil
}

func undertakingsView(f frame, st undertaking.Standing, list []undertaking.State, typed typedForm, now time.Time) PlainView {
	home := f.Card.Kind == firm.KindBureau
	here := href.Undertakings(f.FirmID)
	v := PlainView{Head: layout.Head{Title: "Undertakings", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}}}
	mine, what := st.Own, "What your firm asks for besides"
	if home {
		mine, what = st.Bureau, "What the bureau's people give"
		v.Lede = "Everybody at the bureau gives it once per version. Firms see who of the people they let in gave it."
	} else {
		v.Lede = requiredSentence(st)
		v.Sections = append(v.Sections, requiredSection(f, st, here+"/required", typed))
	}
	v.Sections = append(v.Sections, Section{Title: "People of the billing bureau", Note: "with access, or for whom it is asked", Table: statesTable(f, list, st, now)})
	if home {
		v.Sections[0].Note = ""
	} else {
		v.Sections = append(v.Sections, Section{Title: "What they give to the bureau", Note: versionWords(f, st.Bureau), Body: Prose(paragraphs(st.Bureau.Body))})
	}
	if mine.Version > 0 {
		v.Sections = append(v.Sections, Section{Title: what, Note: versionWords(f, mine), Body: Prose(paragraphs(mine.Body))})
	}
	if f.May(rbac.UndertakingPublish) {
		v.Sections = append(v.Sections, publishSection(f, mine, typed, now))
	}
	return v
}

func versionWords(f frame, t undertaking.Text) string {
	words := fmt.Sprintf("version %d, %s", t.Version, format.Date(t.PublishedAt.In(f.Zone)))
	if t.PublishedBy != "" {
		words += ", " + t.PublishedBy
	}
	if t.FormerUntil != nil {
		words += "; earlier ones count until " + format.Moment(t.FormerUntil.In(f.Zone))
	}
	return words
}

func requiredSentence(st undertaking.Standing) string {
	switch {
	case st.Required && st.Waiting > 0:
		return "The bureau's people look only after they gave what is asked. " + format.Counted(st.Waiting, "person waits", "people wait") + "."
	case st.Required:
		return "The bureau's people look only after they gave what is asked. Everybody with access has."
	case st.Waiting > 0:
		return format.Counted(st.Waiting, "person", "people") + " with access lack an undertaking and can look all the same."
	default:
		return "Everybody with access gave what is asked."
	}
}

func requiredSection(f frame, st undertaking.Standing, action string, typed typedForm) Section {
	sec := Section{ID: "required", Title: "Look only after the undertaking is given", Text: "It is off. Turn it on, and the access of whoever has not given what is asked gives nothing until they do. Nothing else about it changes."}
	b := partial.Button{Text: "Turn on", Action: action, Hidden: []partial.Hidden{{Name: "required", Value: "yes"}}}
	if st.Required {
		sec.Text = "It is on. Whoever has not given what is asked sees a page that leads to it, and nothing of the firm."
		b.Text, b.Hidden = "Turn off", []partial.Hidden{{Name: "required", Value: "no"}}
	} else if st.Waiting > 0 {
		sec.Text += " " + format.Counted(st.Waiting, "person", "people") + " would stop at once."
	}
	if typed.at == action && typed.failed != nil {
		sec.Text = problemIn(typed.failed)
	}
	if f.May(rbac.UndertakingPublish) {
		sec.Acts = []partial.Button{b}
	}
	return sec
}

func publishSection(f frame, mine undertaking.Text, typed typedForm, now time.Time) Section {
	here := href.Undertakings(f.FirmID)
	form := &partial.Form{Action: here, Submit: "Publish the text", Side: true, Note: "A version is never changed. Whoever gave an earlier one is asked again.",
		Kept:   url.Values{"after": {strconv.Itoa(mine.Version)}},
		Fields: []partial.Field{{Name: "body", Label: "Text", Kind: partial.Area, Rows: 12, Value: titled(typed.of(here, "body"), mine.Body), Required: true, Max: 20_000, Wide: true, Hint: "Empty lines begin a paragraph"}}}
	if mine.Version > 0 {
		form.Fields = append(form.Fields, partial.Field{Name: "former_until", Label: "Earlier versions count until the end of", Kind: partial.Date, Value: titled(typed.of(here, "former_until"), format.DateKey(now.In(f.Zone).AddDate(0, 0, 14))), Required: true, Hint: "At most 90 days from today"})
	}
	title := "Publish a new version"
	if mine.Version == 0 {
		title = "Ask for an undertaking of your own"
	}
	return Section{ID: "publish", Title: title, Form: typed.back(form)}
}

func statesTable(f frame, list []undertaking.State, st undertaking.Standing, now time.Time) *partial.Table {
	t := &partial.Table{Caption: "Undertakings", Columns: []partial.Column{{Head: "Who"}, {Head: "To the bureau"}}, Empty: partial.Empty{Icon: "key", Title: "Nobody"}}
	if st.Own.Version > 0 {
		t.Columns = append(t.Columns, partial.Column{Head: "To your firm"})
	}
	if f.Card.Kind != firm.KindBureau {
		t.Columns = append(t.Columns, partial.Column{Head: "Access"})
	}
	for _, s := range list {
		row := []partial.Cell{{Node: partial.Person(s.Name), Key: true}, wordCell(f, s.Bureau)}
		if st.Own.Version > 0 {
			row = append(row, wordCell(f, s.Firm))
		}
		if f.Card.Kind != firm.KindBureau {
			row = append(row, waitsCell(f, s.Waits, now))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: row})
	}
	return t
}

func wordCell(f frame, w undertaking.Word) partial.Cell {
	switch {
	case w.Version == 0:
		return partial.Cell{Node: partial.ChipMark(partial.Chip{Tone: partial.Warn, Icon: "hold", Text: "Not given"})}
	case w.Current:
		return partial.Cell{Text: "given " + format.Date(w.At.In(f.Zone)), Sub: "version " + strconv.Itoa(w.Version)}
	default:
		return partial.Cell{Text: "given " + format.Date(w.At.In(f.Zone)), Sub: "version " + strconv.Itoa(w.Version) + "; a newer one stands", Tone: partial.Warn}
	}
}

func waitsCell(f frame, waits *time.Time, now time.Time) partial.Cell {
	switch {
	case waits == nil:
		return partial.Txt("not held up")
	case now.Before(*waits):
		return partial.Cell{Text: "waits from " + format.Date(waits.In(f.Zone)), Tone: partial.Warn}
	default:
		return partial.Cell{Text: "gives nothing", Sub: "until it is given", Tone: partial.Bad}
	}
}

func (s *Site) publishUndertaking(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Undertakings", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	d := undertaking.Draft{Body: r.Form("body"), After: r.FormInt("after")}
	if text := r.Form("former_until"); text != "" {
		last, wrong := time.ParseInLocation(time.DateOnly, text, f.Zone)
		end := last.AddDate(0, 0, 1) // through the end of that day
		d.FormerUntil = &end
		if wrong != nil {
			err = undertaking.ErrInvalid.On(fault.Field{Path: "former_until", Code: "date_form", Message: "enter the last day as 2026-12-31"})
		}
	}
	if err == nil {
		_, err = s.Undertakings.Publish(r.Context(), d)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.undertakingsPage(r, err) })
	}
	return httpd.Go(href.Undertakings(r.Firm()), "Published. Whoever is asked finds it under their account."), nil
}

func (s *Site) requireUndertaking(r *httpd.Request) (httpd.Reply, error) {
	on := r.Form("required") == "yes"
	if err := s.Undertakings.Require(r.Context(), on); err != nil {
		return again(err, func() (templ.Component, error) { return s.undertakingsPage(r, err) })
	}
	said := "Off. Access works whether or not an undertaking was given."
	if on {
		said = "On. Whoever has not given what is asked looks at nothing until they do."
	}
	return httpd.Go(href.Undertakings(r.Firm()), said), nil
}
