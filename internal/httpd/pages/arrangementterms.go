package pages

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
)

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
	form.contingency(&fs, &t)
	form.recurring(&fs, &t)
	if t.Kind == arrangement.KindEvergreen || form.any("floor", "target") {
		t.Evergreen = &arrangement.Evergreen{FloorMinor: form.amount(&fs, "floor", c), TargetMinor: form.amount(&fs, "target", c)}
	}
	if t.Kind == arrangement.KindTasks || form["unit_prices"] != "" {
		t.Tasks = &arrangement.Tasks{OthersHourly: form["unit_others"] == "hourly", Shadow: form["unit_shadow"] != "", Prices: form.unitPrices(&fs)}
	}
	if t.Kind == arrangement.KindCollar || form.any("collar_target", "collar_band", "collar_client") {
		t.Collar = &arrangement.Collar{TargetMinor: form.amount(&fs, "collar_target", c), Band: form.percent(&fs, "collar_band"), Client: form.percent(&fs, "collar_client")}
	}
	if form.any("success_amount", "success_uplift", "success_limit") {
		t.Success = &arrangement.Success{AmountMinor: form.amount(&fs, "success_amount", c), Uplift: form.percent(&fs, "success_uplift"), Limit: form.percent(&fs, "success_limit")}
	}
	if form.any("holdback", "holdback_until") {
		t.Holdback = &arrangement.Holdback{Share: form.percent(&fs, "holdback"), Condition: form["holdback_until"]}
	}
	if form["cap_per"] != "" || form["cap_limits"] != "" {
		t.Cap = &arrangement.Cap{Per: arrangement.Scope(form["cap_per"]), Soft: form["cap_soft"] != "", Limits: form.prices(&fs, "cap_limits", c)}
	}
	if form["volume_tiers"] != "" {
		t.Volume = &arrangement.Volume{Retroactive: form["volume_on"] == "retroactive", Tiers: form.tiers(&fs, c)}
	}
	if form["discount"] != "" {
		t.Discount = &arrangement.Discount{Rate: percentOf(&fs, "discount", form["discount"]), ByLine: form["discount_on"] == "line", PromptDays: form.promptDays(&fs)}
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

// shareFields are those of a contingent fee, by stage.
var shareFields = map[arrangement.Stage]string{arrangement.StageSettlement: "share_settlement", arrangement.StageTrial: "share_trial", arrangement.StageAppeal: "share_appeal"}

// contingency reads the shares of what comes in.
func (form arrangementForm) contingency(fs *fault.Fields, t *arrangement.Terms) {
	if t.Kind != arrangement.KindContingency && !form.any("share_settlement", "share_trial", "share_appeal") {
		return
	}
	t.Contingency = &arrangement.Contingency{NetCosts: form["share_of"] == "net", Shadow: form["share_shadow"] != ""}
	for _, x := range arrangement.Stages() {
		if form[shareFields[x]] != "" {
			t.Contingency.Shares = append(t.Contingency.Shares, arrangement.StageShare{Stage: x, Share: percentOf(fs, shareFields[x], form[shareFields[x]])})
		}
	}
}

// recurring reads the fee of a subscription or of a retainer.
func (form arrangementForm) recurring(fs *fault.Fields, t *arrangement.Terms) {
	per, shadow, work := arrangement.Scope(form["fee_per"]), form["fee_shadow"] != "", form["fee_work"] != ""
	switch {
	case t.Kind == arrangement.KindSubscription:
		t.Subscription = &arrangement.Subscription{Per: per, AmountMinor: form.amount(fs, "fee_amount", t.Currency), Hours: form.hours(fs, "fee_hours"), BeyondHourly: work, Shadow: shadow}
		for _, code := range strings.FieldsFunc(form["fee_tasks"], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' }) {
			t.Subscription.Tasks = append(t.Subscription.Tasks, strings.ToUpper(code))
		}
	case t.Kind == arrangement.KindGeneral:
		t.General = &arrangement.General{Per: per, AmountMinor: form.amount(fs, "fee_amount", t.Currency), HourlyWork: work, Shadow: shadow}
		for _, name := range []string{"fee_hours", "fee_tasks"} {
			if form[name] != "" {
				fs.Add(name, "fee_of_subscription", "only a subscription has this; leave it empty, or choose the subscription above")
			}
		}
	case form.any("fee_amount", "fee_hours", "fee_tasks"):
		fs.Add("fee_amount", "arrangement_term_foreign", "choose the subscription or the retainer fee above, or leave this empty")
	}
}

func (form arrangementForm) any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return form[name] != "" })
}

// amount reads an amount, 0 where none is typed.
func (form arrangementForm) amount(fs *fault.Fields, name string, c money.Currency) int64 {
	if form[name] == "" {
		return 0
	}
	a, err := money.ParseAmount(form[name], c)
	if err != nil {
		fs.Add(name, "amount_form", "%q is no amount in %s; write such as 6000.00", form[name], c)
	}
	return a.Minor
}

// percent reads a percentage, 0 where none is typed.
func (form arrangementForm) percent(fs *fault.Fields, name string) money.Fraction {
	if form[name] == "" {
		return 0
	}
	return percentOf(fs, name, form[name])
}

// hours reads a number of hours, 0 where none is typed.
func (form arrangementForm) hours(fs *fault.Fields, name string) money.Fixed4 {
	if form[name] == "" {
		return 0
	}
	v, err := money.ParseFixed4(form[name])
	if err != nil {
		fs.Add(name, "hours_form", "%q is no number of hours; write such as 12.5", form[name])
	}
	return v
}

// promptDays are those of a discount on prompt payment, 0 of any other.
func (form arrangementForm) promptDays(fs *fault.Fields) int {
	prompt, text := form["discount_on"] == "prompt", form["discount_days"]
	days, err := strconv.Atoi(text)
	switch {
	case !prompt && text != "":
		fs.Add("discount_days", "days_foreign", "only a discount on what is paid promptly has days; leave this empty, or choose it above")
	case prompt && (err != nil || days < 1):
		fs.Add("discount_days", "days_form", "enter within how many days, such as 10")
		return 1
	case prompt:
		return days
	}
	return 0
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

// unitPrices reads "L330 = 1250.50".
func (form arrangementForm) unitPrices(fs *fault.Fields) (list []arrangement.UnitPrice) {
	for _, l := range textLines(form["unit_prices"]) {
		code, price, _ := strings.Cut(l, "=")
		v, err := money.ParseFixed4(strings.TrimSpace(price))
		if err != nil || strings.TrimSpace(code) == "" {
			fs.Add("unit_prices", "price_form", "%q is no price of a unit; write L330 = 1250.50", l)
			continue
		}
		list = append(list, arrangement.UnitPrice{Code: strings.ToUpper(strings.TrimSpace(code)), Price: v})
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
	if x := t.Tasks; x != nil {
		var lines []string
		for _, p := range x.Prices {
			lines = append(lines, p.Code+" = "+p.Price.Text(2))
		}
		form["unit_prices"], form["unit_others"], form["unit_shadow"] = strings.Join(lines, "\n"), "refused", checked(x.Shadow)
		if x.OthersHourly {
			form["unit_others"] = "hourly"
		}
	}
	if x := t.Contingency; x != nil {
		form["share_of"], form["share_shadow"] = "gross", checked(x.Shadow)
		if x.NetCosts {
			form["share_of"] = "net"
		}
		for _, s := range x.Shares {
			form[shareFields[s.Stage]] = (s.Share * 100).String()
		}
	}
	formOfFee(form, &t)
	if e := t.Evergreen; e != nil {
		form["floor"], form["target"] = money.Amount{Minor: e.FloorMinor, Currency: t.Currency}.Text(), money.Amount{Minor: e.TargetMinor, Currency: t.Currency}.Text()
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
		if d.PromptDays > 0 {
			form["discount_on"], form["discount_days"] = "prompt", strconv.Itoa(d.PromptDays)
		}
	}
	return form
}

// formOfFee writes what stands beside the work, or settles it.
func formOfFee(form arrangementForm, t *arrangement.Terms) {
	amount := func(minor int64) string {
		if minor == 0 {
			return ""
		}
		return money.Amount{Minor: minor, Currency: t.Currency}.Text()
	}
	percent := func(f money.Fraction) string {
		if f == 0 {
			return ""
		}
		return (f * 100).String()
	}
	if g := t.General; g != nil {
		form["fee_per"], form["fee_amount"], form["fee_work"], form["fee_shadow"] = string(g.Per), amount(g.AmountMinor), checked(g.HourlyWork), checked(g.Shadow)
	}
	if x := t.Subscription; x != nil {
		form["fee_per"], form["fee_amount"], form["fee_work"], form["fee_shadow"] = string(x.Per), amount(x.AmountMinor), checked(x.BeyondHourly), checked(x.Shadow)
		form["fee_tasks"] = strings.Join(x.Tasks, ", ")
		if x.Hours > 0 {
			form["fee_hours"] = x.Hours.Text(2)
		}
	}
	if x := t.Holdback; x != nil {
		form["holdback"], form["holdback_until"] = percent(x.Share), x.Condition
	}
	if x := t.Collar; x != nil {
		form["collar_target"], form["collar_band"], form["collar_client"] = amount(x.TargetMinor), (x.Band * 100).String(), (x.Client * 100).String()
	}
	if x := t.Success; x != nil {
		form["success_amount"], form["success_uplift"], form["success_limit"] = amount(x.AmountMinor), percent(x.Uplift), percent(x.Limit)
	}
}

// fieldOfTerm is the field of the form that a term of the rules stands in.
var fieldOfTerm = []struct{ term, field string }{
	{"split", "split"}, {"contingency", "share_settlement"}, {"evergreen.floor_minor", "floor"}, {"evergreen", "target"}, {"tasks", "unit_prices"}, {"fixed.per", "fixed_per"}, {"fixed", "fixed_prices"}, {"blended.others_rate", "others_rate"}, {"blended", "blended_rate"}, {"cap.per", "cap_per"}, {"cap", "cap_limits"},
	{"volume", "volume_tiers"}, {"discount.prompt_days", "discount_days"}, {"discount", "discount"}, {"general.per", "fee_per"}, {"general", "fee_amount"}, {"subscription.per", "fee_per"}, {"subscription.hours", "fee_hours"},
	{"subscription.tasks", "fee_tasks"}, {"subscription", "fee_amount"}, {"collar.band", "collar_band"}, {"collar.client", "collar_client"}, {"collar", "collar_target"},
	{"holdback.condition", "holdback_until"}, {"holdback", "holdback"}, {"success.uplift", "success_uplift"}, {"success.limit", "success_limit"}, {"success", "success_amount"},
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
