package pages

import (
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
	"github.com/docketry/docketry/internal/matter"
)

// arrangementForm is what is typed in the form, by field.
type arrangementForm map[string]string

// arrangementFields are the names of the form's fields.
var arrangementFields = []string{"place", "from", "currency", "kind", "fixed_per", "fixed_prices", "fixed_shadow", "blended_rate", "others_rate", "cap_per", "cap_limits", "cap_soft", "volume_tiers", "volume_on", "discount", "discount_on", "discount_days",
	"unit_prices", "unit_others", "unit_shadow", "floor", "target", "fee_per", "fee_amount", "fee_hours", "fee_tasks", "fee_work", "fee_shadow", "collar_target", "collar_band", "collar_client", "success_amount", "success_uplift", "success_limit", "holdback", "holdback_until", "share_settlement", "share_trial", "share_appeal", "share_of", "share_shadow", "split"}

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
		f, err := s.frame(r, "New arrangement", "arrangements")
		if err != nil {
			return httpd.Reply{}, err
		}
		payors, err := s.payorsAt(r, f, v.Place)
		if err != nil {
			return httpd.Reply{}, err
		}
		form = formOfTerms(v.Terms)
		form["place"], form["split"] = arrangedPlace(v.Place), splitText(v.Terms, payors)
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
	n, err := s.readArrangement(r, form)
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
	payors, err := s.payorsOf(r, form)
	if err != nil {
		return httpd.Reply{}, err
	}
	t, err := form.terms()
	if err == nil {
		err = form.split(&t, payors)
	}
	if err == nil {
		err = t.Validate()
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementAgain(r, err) })
	}
	page, err := s.arrangementFormPage(r, form, &t, nil)
	return httpd.Show(page), err
}

// payorsOf are the payors of whom the form is for.
func (s *Site) payorsOf(r *httpd.Request, form arrangementForm) ([]matter.Payor, error) {
	f, err := s.frame(r, "New arrangement", "arrangements")
	if err != nil {
		return nil, err
	}
	return s.payorsAt(r, f, form.place())
}

// readArrangement turns what was typed into an agreement.
func (s *Site) readArrangement(r *httpd.Request, form arrangementForm) (arrangement.Agreement, error) {
	payors, err := s.payorsOf(r, form)
	if err != nil {
		return arrangement.Agreement{}, err
	}
	return form.read(payors)
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
	v := arrangementFormView(f.FirmID, partial.Options(form["place"], choices...), form, example, failed)
	payors, err := s.payorsAt(r, f, form.place())
	if err != nil {
		return nil, err
	}
	if len(payors) > 0 {
		facts := make([]partial.Fact, len(payors))
		for i, p := range payors {
			facts[i] = partial.Fact{Name: p.Name, Value: p.Country}
		}
		v.Sections = append(v.Sections, Section{Title: "Payors of this client", Note: "To split its bills among", Facts: facts})
	}
	return Plain(f.Chrome, v), nil
}

// kindNames are the main arrangements that bills are worked out by, as the form has them.
var kindNames = map[arrangement.Kind]string{
	arrangement.KindHourly: "By the hour, at the rate of each line", arrangement.KindFixed: "Fixed price", arrangement.KindBlended: "A blended rate", arrangement.KindNoCharge: "No charge",
	arrangement.KindCollar: "By the hour, with a collar around a target", arrangement.KindSubscription: "A subscription", arrangement.KindGeneral: "A retainer fee for being available",
	arrangement.KindTasks: "By a price list, for each task or unit", arrangement.KindSecurity: "By the hour, with a security retainer in trust", arrangement.KindAdvance: "By the hour, with an advance in trust",
	arrangement.KindEvergreen: "By the hour, with an evergreen retainer in trust", arrangement.KindContingency: "A share of what comes in: a contingent fee",
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
		{Group: "Price list", Name: "unit_others", Label: "Time of tasks without a price", Kind: partial.Select, Options: choice("unit_others", "refused", "is refused: the bill waits for a price", "hourly", "is charged by the hour")},
		{Group: "Price list", Name: "unit_shadow", Label: "The invoice shows the hours and their value", Kind: partial.Check, Value: form["unit_shadow"]},
		{Group: "Price list", Name: "unit_prices", Label: "Prices for one unit", Kind: partial.Area, Rows: 3, Value: form["unit_prices"], Wide: true, Hint: "L330 = 1250.50, one in a line: a phase, a task, or a code of your own. Time of those tasks is in their prices. Somebody puts units on a bill"},
		{Group: "Contingent fee", Name: "share_settlement", Label: "Percent by settlement", Kind: partial.Decimal, Value: form["share_settlement"], Hint: "Such as 33.3333; empty where none is agreed"},
		{Group: "Contingent fee", Name: "share_trial", Label: "Percent at trial", Kind: partial.Decimal, Value: form["share_trial"]},
		{Group: "Contingent fee", Name: "share_appeal", Label: "Percent on appeal", Kind: partial.Decimal, Value: form["share_appeal"]},
		{Group: "Contingent fee", Name: "share_of", Label: "Of", Kind: partial.Select, Options: choice("share_of", "gross", "all that comes in", "net", "what is left of it after costs"), Hint: "Costs are charged once either way. The signed writing is kept with the arrangement once it is agreed"},
		{Group: "Contingent fee", Name: "share_shadow", Label: "The invoice shows the hours and their value", Kind: partial.Check, Value: form["share_shadow"]},
		{Group: "Blended rate", Name: "blended_rate", Label: "Rate an hour", Kind: partial.Decimal, Value: form["blended_rate"], Hint: "In place of all rates"},
		{Group: "Blended rate", Name: "others_rate", Label: "Rate of who is no lawyer", Kind: partial.Decimal, Value: form["others_rate"], Hint: "Empty: the same"},
		{Group: "Subscription or retainer fee", Name: "fee_per", Label: "A fee for", Kind: partial.Select, Options: choice("fee_per", "month", "each month", "quarter", "each quarter", "year", "each year")},
		{Group: "Subscription or retainer fee", Name: "fee_amount", Label: "Fee", Kind: partial.Decimal, Value: form["fee_amount"], Hint: "In whole, also for a period that is not whole"},
		{Group: "Subscription or retainer fee", Name: "fee_hours", Label: "Hours in it", Kind: partial.Decimal, Value: form["fee_hours"], Hint: "Of a subscription; empty for any number"},
		{Group: "Subscription or retainer fee", Name: "fee_tasks", Label: "Tasks in it", Value: form["fee_tasks"], Hint: "Of a subscription: C100, C300; empty for all work"},
		{Group: "Subscription or retainer fee", Name: "fee_work", Label: "Work that is not in it is charged by the hour", Kind: partial.Check, Value: form["fee_work"]},
		{Group: "Subscription or retainer fee", Name: "fee_shadow", Label: "The invoice shows the hours and their value", Kind: partial.Check, Value: form["fee_shadow"]},
		{Group: "Evergreen retainer", Name: "floor", Label: "Floor", Kind: partial.Decimal, Value: form["floor"], Hint: "Below it the client is asked to fill it again"},
		{Group: "Evergreen retainer", Name: "target", Label: "Target", Kind: partial.Decimal, Value: form["target"], Hint: "What it is filled to"},
		{Group: "Collar", Name: "collar_target", Label: "Target", Kind: partial.Decimal, Value: form["collar_target"], Hint: "Fees of all work under the collar"},
		{Group: "Collar", Name: "collar_band", Label: "Band, percent", Kind: partial.Decimal, Value: form["collar_band"], Hint: "Such as 10: within it nothing changes"},
		{Group: "Collar", Name: "collar_client", Label: "The client's share of what is beyond, percent", Kind: partial.Decimal, Value: form["collar_client"], Hint: "Such as 50: borne above the band, saved below it"},
		{Group: "Cap", Name: "cap_per", Label: "Fees are capped", Kind: partial.Select, Options: choice("cap_per", "", "not at all", "matter", "for the matter", "phase", "by phase", "year", "by year of the work")},
		{Group: "Cap", Name: "cap_soft", Label: "Only warns", Kind: partial.Check, Value: form["cap_soft"]},
		{Group: "Cap", Name: "cap_limits", Label: "Limits", Kind: partial.Area, Rows: 3, Value: form["cap_limits"], Wide: true, Hint: "50000.00 for the matter, or for each phase or year; L300 = 20000.00 for one. All fees billed on the matter so far count"},
		{Group: "Volume discount", Name: "volume_tiers", Label: "Tiers", Kind: partial.Area, Rows: 3, Value: form["volume_tiers"], Wide: true, Hint: "Fees of the client's year above = percent, one in a line: 100000 = 5. Costs and tax do not count"},
		{Group: "Volume discount", Name: "volume_on", Label: "A tier's discount is on", Kind: partial.Select, Options: choice("volume_on", "marginal", "the fees above it", "retroactive", "all fees of the year")},
		{Group: "Discount", Name: "discount", Label: "Percent off the fees", Kind: partial.Decimal, Value: form["discount"], Hint: "Such as 10; empty for none"},
		{Group: "Discount", Name: "discount_on", Label: "Taken off", Kind: partial.Select, Options: choice("discount_on", "invoice", "the invoice, as one adjustment", "line", "each line", "prompt", "only what is paid promptly")},
		{Group: "Discount", Name: "discount_days", Label: "Paid within, days", Kind: partial.Decimal, Value: form["discount_days"], Hint: "For what is paid promptly: days from the invoice's date. The invoice states the day and the amount"},
		{Group: "Success fee", Name: "success_amount", Label: "Amount", Kind: partial.Decimal, Value: form["success_amount"], Hint: "Somebody puts it on a bill when the outcome is there"},
		{Group: "Success fee", Name: "success_uplift", Label: "Percent of the matter's fees", Kind: partial.Decimal, Value: form["success_uplift"], Hint: "On top of the amount, or alone"},
		{Group: "Success fee", Name: "success_limit", Label: "At most, percent of those fees", Kind: partial.Decimal, Value: form["success_limit"], Hint: "As where law sets a limit"},
		{Group: "Holdback", Name: "holdback", Label: "Percent of the fees held back", Kind: partial.Decimal, Value: form["holdback"], Hint: "A line of its own below the fees; the firm releases it to a later bill"},
		{Group: "Holdback", Name: "holdback_until", Label: "Until", Value: form["holdback_until"], Max: 150, Wide: true, Hint: "As the invoice says it: the appeal is decided"},
	}
	split := splitField
	split.Value = form["split"]
	fields = append(fields, split)
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
func (form arrangementForm) read(payors []matter.Payor) (n arrangement.Agreement, err error) {
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
	} else if err := form.split(&n.Terms, payors); err != nil {
		fs = append(fs, partial.FaultsOf(err)...)
	}
	return n, fs.Err(arrangement.ErrTerms)
}
