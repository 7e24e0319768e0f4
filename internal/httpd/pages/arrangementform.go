package pages

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// arrangementForm is what is typed in the form, by field.
type arrangementForm map[string]string

// arrangementFields are the names of the form's fields.
var arrangementFields = []string{"place", "from", "currency", "kind", "fixed_per", "fixed_prices", "fixed_shadow", "blended_rate", "others_rate", "cap_per", "cap_limits", "cap_soft", "volume_tiers", "volume_on", "discount", "discount_on"}

func (s *Site) newArrangement(r *httpd.Request) (httpd.Reply, error) {
	form := arrangementForm{"kind": string(arrangement.KindHourly)}
	if from := r.Query("from"); from != "" {
		id, err := ident.Parse[ident.ArrangementID](from)
		if err != nil {
			return httpd.Reply{}, err
		}
		v, err := s.Arrangements.Get(r.Context(), id)
		if err != nil {
			return httpd.Reply{}, err
		}
		form = formOfTerms(v.Terms)
		form["place"] = arrangedPlace(v.Place)
	}
	if m, err := ident.Parse[ident.MatterID](r.Query("matter")); err == nil {
		found, err := s.Matters.Matter(r.Context(), m)
		if err != nil {
			return httpd.Reply{}, err
		}
		form["place"], form["currency"] = arrangedPlace(arrangement.Place{Matter: m}), string(found.Currency)
	}
	page, err := s.arrangementFormPage(r, form, nil, nil)
	return httpd.Show(page), err
}

func (s *Site) agreeArrangement(r *httpd.Request) (httpd.Reply, error) {
	form := typedArrangement(r)
	if r.Form("step") == "try" {
		return s.tryArrangement(r, form)
	}
	var v arrangement.Version
	n, err := form.read()
	if err == nil {
		v, err = s.Arrangements.Agree(r.Context(), n)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementAgain(r, err) })
	}
	return httpd.Go(href.Arrangement(r.Firm(), v.ID), "Agreed: work from "+format.Date(v.From)+" goes by it. Open pre-bills follow when they are next changed or handed on."), nil
}

// tryArrangement shows what the terms make of a month's work. Nothing is kept.
func (s *Site) tryArrangement(r *httpd.Request, form arrangementForm) (httpd.Reply, error) {
	t, err := form.terms()
	if err == nil {
		err = t.Validate()
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementAgain(r, err) })
	}
	page, err := s.arrangementFormPage(r, form, &t, nil)
	return httpd.Show(page), err
}

func typedArrangement(r *httpd.Request) arrangementForm {
	form := arrangementForm{}
	for _, name := range arrangementFields {
		form[name] = r.Form(name)
	}
	return form
}

// arrangementAgain is the form as it was typed, with what it was refused for.
func (s *Site) arrangementAgain(r *httpd.Request, failed error) (templ.Component, error) {
	return s.arrangementFormPage(r, typedArrangement(r), nil, failed)
}

func arrangedPlace(p arrangement.Place) string {
	if p.Matter != "" {
		return "matter:" + string(p.Matter)
	}
	return "client:" + string(p.Client)
}

func (s *Site) arrangementFormPage(r *httpd.Request, form arrangementForm, example *arrangement.Terms, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New arrangement", "arrangements")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	if _, typed := form["from"]; !typed {
		form["from"] = format.DateKey(s.today(f))
	}
	if form["currency"] == "" {
		firm, err := s.Firms.Get(r.Context())
		if err != nil {
			return nil, err
		}
		form["currency"] = string(firm.Currency)
	}
	choices := []string{"", "choose"}
	for _, list := range []struct {
		kind, label string
		pairs       []string
	}{{"matter", "Matter ", n.order.matters}, {"client", "Client ", n.order.clients}} {
		for i := 0; i+1 < len(list.pairs); i += 2 {
			choices = append(choices, list.kind+":"+list.pairs[i], list.label+list.pairs[i+1])
		}
	}
	return Plain(f.Chrome, arrangementFormView(f.FirmID, partial.Options(form["place"], choices...), form, example, failed)), nil
}

// kindNames are the main arrangements that bills are worked out by, as the form has them.
var kindNames = map[arrangement.Kind]string{
	arrangement.KindHourly: "By the hour, at the rate of each line", arrangement.KindFixed: "Fixed price", arrangement.KindBlended: "A blended rate", arrangement.KindNoCharge: "No charge",
}

func arrangementFormView(firm ident.FirmID, places []partial.Option, form arrangementForm, example *arrangement.Terms, failed error) PlainView {
	var kinds []string
	for _, k := range arrangement.AppliedKinds() {
		kinds = append(kinds, string(k), kindNames[k])
	}
	choice := func(name string, pairs ...string) []partial.Option { return partial.Options(form[name], pairs...) }
	fields := []partial.Field{
		{Group: "For whom", Name: "place", Label: "For", Kind: partial.Select, Options: places, Required: true, Hint: "A client's holds for its matters without one of their own"},
		{Group: "For whom", Name: "from", Label: "Work from", Kind: partial.Date, Value: form["from"], Required: true, Hint: "Work dates decide, not the date of the bill"},
		{Group: "For whom", Name: "currency", Label: "Currency", Value: form["currency"], Required: true, Max: 3, Hint: "As the matter is billed"},
		{Group: "For whom", Name: "kind", Label: "Work is charged", Kind: partial.Select, Options: choice("kind", kinds...)},
		{Group: "Fixed price", Name: "fixed_per", Label: "A price for", Kind: partial.Select, Options: choice("fixed_per", "matter", "the matter", "phase", "each phase", "task", "each task")},
		{Group: "Fixed price", Name: "fixed_shadow", Label: "The invoice shows the hours and their value", Kind: partial.Check, Value: form["fixed_shadow"]},
		{Group: "Fixed price", Name: "fixed_prices", Label: "Prices", Kind: partial.Area, Rows: 3, Value: form["fixed_prices"], Wide: true, Hint: "6000.00 for the matter; L300 = 2000.00 for a phase or task, one in a line. Time without a price is not charged"},
		{Group: "Blended rate", Name: "blended_rate", Label: "Rate an hour", Kind: partial.Decimal, Value: form["blended_rate"], Hint: "In place of all rates"},
		{Group: "Blended rate", Name: "others_rate", Label: "Rate of who is no lawyer", Kind: partial.Decimal, Value: form["others_rate"], Hint: "Empty: the same"},
		{Group: "Cap", Name: "cap_per", Label: "Fees are capped", Kind: partial.Select, Options: choice("cap_per", "", "not at all", "matter", "for the matter", "phase", "by phase", "year", "by year of the work")},
		{Group: "Cap", Name: "cap_soft", Label: "Only warns", Kind: partial.Check, Value: form["cap_soft"]},
		{Group: "Cap", Name: "cap_limits", Label: "Limits", Kind: partial.Area, Rows: 3, Value: form["cap_limits"], Wide: true, Hint: "50000.00 for the matter, or for each phase or year; L300 = 20000.00 for one. All fees billed on the matter so far count"},
		{Group: "Volume discount", Name: "volume_tiers", Label: "Tiers", Kind: partial.Area, Rows: 3, Value: form["volume_tiers"], Wide: true, Hint: "Fees of the client's year above = percent, one in a line: 100000 = 5. Costs and tax do not count"},
		{Group: "Volume discount", Name: "volume_on", Label: "A tier's discount is on", Kind: partial.Select, Options: choice("volume_on", "marginal", "the fees above it", "retroactive", "all fees of the year")},
		{Group: "Discount", Name: "discount", Label: "Percent off the fees", Kind: partial.Decimal, Value: form["discount"], Hint: "Such as 10; empty for none"},
		{Group: "Discount", Name: "discount_on", Label: "Taken off", Kind: partial.Select, Options: choice("discount_on", "invoice", "the invoice, as one adjustment", "line", "each line")},
	}
	sheet := &partial.Form{Action: href.New(href.Arrangements(firm)), Submit: "Agree", Try: "Show an example", Cancel: href.Arrangements(firm), Note: "It holds at once for bills that are not approved", Faults: arrangementFaults(failed), Problem: problemIn(failed), Fields: fields}
	v := PlainView{Head: layout.Head{Title: "New arrangement", Crumbs: []partial.Link{{Text: "Fee arrangements", Href: href.Arrangements(firm)}}},
		Lede: "What the client agreed to pay from a day on. Cap, volume discount and discount come after one another, in this order."}
	if example != nil {
		v.Sections = append(v.Sections, exampleSection(*example))
	}
	v.Sections = append(v.Sections, Section{Title: "Terms", Form: sheet})
	return v
}

// read turns what was typed into an agreement. It returns ErrTerms with every field that
// cannot be read.
func (form arrangementForm) read() (n arrangement.Agreement, err error) {
	var fs fault.Fields
	if p, err := placeOf(form["place"]); err == nil && p.Payor == "" && (p.Client != "" || p.Matter != "") {
		n.Place = arrangement.Place{Client: p.Client, Matter: p.Matter}
	} else {
		fs.Add("place", "arrangement_place", "choose a matter or a client")
	}
	if n.From, err = time.Parse(time.DateOnly, form["from"]); err != nil {
		fs.Add("from", "date_form", "enter the day as 2026-10-31")
	}
	if n.Terms, err = form.terms(); err != nil {
		fs = append(fs, partial.FaultsOf(err)...)
	}
	return n, fs.Err(arrangement.ErrTerms)
}

// terms reads what is agreed.
func (form arrangementForm) terms() (t arrangement.Terms, err error) {
	var fs fault.Fields
	c, err := money.ParseCurrency(form["currency"])
	if err != nil {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
		return t, fs.Err(arrangement.ErrTerms)
	}
	t = arrangement.Terms{Kind: arrangement.Kind(form["kind"]), Currency: c}
	if t.Kind == arrangement.KindFixed || form["fixed_prices"] != "" {
		t.Fixed = &arrangement.Fixed{Per: arrangement.Scope(form["fixed_per"]), Shadow: form["fixed_shadow"] != "", Prices: form.prices(&fs, "fixed_prices", c)}
	}
	if t.Kind == arrangement.KindBlended || form["blended_rate"] != "" || form["others_rate"] != "" {
		t.Blended = &arrangement.Blended{Rate: form.rate(&fs, "blended_rate"), OthersRate: form.rate(&fs, "others_rate")}
	}
	if form["cap_per"] != "" || form["cap_limits"] != "" {
		t.Cap = &arrangement.Cap{Per: arrangement.Scope(form["cap_per"]), Soft: form["cap_soft"] != "", Limits: form.prices(&fs, "cap_limits", c)}
	}
	if form["volume_tiers"] != "" {
		t.Volume = &arrangement.Volume{Retroactive: form["volume_on"] == "retroactive", Tiers: form.tiers(&fs, c)}
	}
	if form["discount"] != "" {
		t.Discount = &arrangement.Discount{Rate: percentOf(&fs, "discount", form["discount"]), ByLine: form["discount_on"] == "line"}
	}
	return t, fs.Err(arrangement.ErrTerms)
}

func (form arrangementForm) rate(fs *fault.Fields, name string) money.Fixed4 {
	if form[name] == "" {
		return 0
	}
	v, err := money.ParseFixed4(form[name])
	if err != nil {
		fs.Add(name, "rate_form", "enter a rate such as 350.00")
	}
	return v
}

// prices reads "L300 = 2000.00", or an amount alone.
func (form arrangementForm) prices(fs *fault.Fields, name string, c money.Currency) (list []arrangement.Price) {
	for _, l := range textLines(form[name]) {
		code, amount, coded := strings.Cut(l, "=")
		if !coded {
			code, amount = "", l
		}
		a, err := money.ParseAmount(strings.TrimSpace(amount), c)
		if err != nil || coded && strings.TrimSpace(code) == "" {
			fs.Add(name, "price_form", "%q is no amount in %s; write 6000.00, or L300 = 2000.00", l, c)
			continue
		}
		list = append(list, arrangement.Price{Code: strings.ToUpper(strings.TrimSpace(code)), AmountMinor: a.Minor})
	}
	return list
}

func (form arrangementForm) tiers(fs *fault.Fields, c money.Currency) (list []arrangement.Tier) {
	for _, l := range textLines(form["volume_tiers"]) {
		from, share, _ := strings.Cut(l, "=")
		a, err := money.ParseAmount(strings.TrimSpace(from), c)
		if err != nil {
			fs.Add("volume_tiers", "tier_form", "%q is no tier; write 100000 = 5", l)
			continue
		}
		list = append(list, arrangement.Tier{FromMinor: a.Minor, Rate: percentOf(fs, "volume_tiers", strings.TrimSuffix(strings.TrimSpace(share), "%"))})
	}
	return list
}

// percentOf reads "12.5" as a share; a percentage has at most four decimals.
func percentOf(fs *fault.Fields, name, text string) money.Fraction {
	v, err := money.ParseFraction(strings.TrimSpace(text))
	if err != nil || v%100 != 0 {
		fs.Add(name, "percent_form", "%q is no percentage; write such as 12.5", text)
		return 0
	}
	return v / 100
}

// formOfTerms is the form that gives the terms.
func formOfTerms(t arrangement.Terms) arrangementForm {
	form := arrangementForm{"currency": string(t.Currency), "kind": string(t.Kind)}
	prices := func(list []arrangement.Price) string {
		var lines []string
		for _, p := range list {
			text := money.Amount{Minor: p.AmountMinor, Currency: t.Currency}.Text()
			if p.Code != "" {
				text = p.Code + " = " + text
			}
			lines = append(lines, text)
		}
		return strings.Join(lines, "\n")
	}
	if f := t.Fixed; f != nil {
		form["fixed_per"], form["fixed_prices"], form["fixed_shadow"] = string(f.Per), prices(f.Prices), checked(f.Shadow)
	}
	if b := t.Blended; b != nil {
		form["blended_rate"] = b.Rate.Text(2)
		if b.OthersRate != 0 {
			form["others_rate"] = b.OthersRate.Text(2)
		}
	}
	if c := t.Cap; c != nil {
		form["cap_per"], form["cap_limits"], form["cap_soft"] = string(c.Per), prices(c.Limits), checked(c.Soft)
	}
	if v := t.Volume; v != nil {
		var lines []string
		for _, x := range v.Tiers {
			lines = append(lines, money.Amount{Minor: x.FromMinor, Currency: t.Currency}.Text()+" = "+(x.Rate*100).String())
		}
		form["volume_tiers"], form["volume_on"] = strings.Join(lines, "\n"), "marginal"
		if v.Retroactive {
			form["volume_on"] = "retroactive"
		}
	}
	if d := t.Discount; d != nil {
		form["discount"], form["discount_on"] = (d.Rate * 100).String(), "invoice"
		if d.ByLine {
			form["discount_on"] = "line"
		}
	}
	return form
}

// fieldOfTerm is the field of the form that a term of the rules stands in.
var fieldOfTerm = []struct{ term, field string }{
	{"fixed.per", "fixed_per"}, {"fixed", "fixed_prices"}, {"blended.others_rate", "others_rate"}, {"blended", "blended_rate"}, {"cap.per", "cap_per"}, {"cap", "cap_limits"},
	{"volume", "volume_tiers"}, {"discount", "discount"},
}

// arrangementFaults has complaints about terms at the fields that hold them.
func arrangementFaults(failed error) partial.Faults {
	found := slices.Clone(partial.FaultsOf(failed))
	for i, f := range found {
		for _, x := range fieldOfTerm {
			if f.Path == x.term || strings.HasPrefix(f.Path, x.term+".") {
				found[i].Path = x.field
				break
			}
		}
	}
	return found
}
