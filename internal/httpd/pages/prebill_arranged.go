package pages

import (
	"net/url"
	"strconv"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// PrebillPart is what one version of an arrangement makes of the work that goes by it.
type PrebillPart struct {
	Title  string   // with the first day of the version: a bill may have several
	Words  []string // what is agreed
	Href   string   // the version, for who may read it
	Held   string   // what is held back on the matter, "" where nothing is by it
	Closes string   // the closing statement of the bill, "" where it has none by it
	Came   string   // what came in on the matter, "" without a contingent fee
	Facts  []partial.Fact
	Prices []PrebillPrice
	Units  *partial.Form // puts units of the price list on the bill, nil where none can be
	Warns  []string
}

// PrebillPrice is a price, a fee or a settlement, and the button that puts it on the bill or takes it off.
type PrebillPrice struct {
	Text, State string
	Amount      money.Amount
	Act         *partial.Button
}

func partsOf(f frame, p prebill.View) (list []PrebillPart) {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: p.Currency}) }
	for _, x := range p.Parts {
		part := PrebillPart{Title: "Work by the hour", Words: []string{"Nothing is agreed for these days"}}
		if id := x.Version.ID; id != "" {
			part.Title, part.Words = "Fee arrangement from "+format.Date(x.Version.From), arrangementWords(x.Version.Terms)
			if f.May(rbac.ArrangementRead) {
				part.Href = href.Arrangement(f.FirmID, id)
			}
		}
		part.Facts = []partial.Fact{{Name: format.Counted(x.Lines, "line", "lines") + " worked", Value: in(x.WorkedMinor)}, {Name: "Fees by it", Value: in(x.FeesMinor)}}
		if x.HeldMinor > 0 {
			part.Facts = append(part.Facts, partial.Fact{Name: "Of them held back until " + x.Version.Terms.Holdback.Condition, Value: in(x.HeldMinor)})
		}
		if x.Version.Terms.Holdback != nil && f.May(rbac.ArrangementRead) {
			part.Held = heldHref(f.FirmID, p.MatterID)
		}
		if x.Version.Terms.Contingency != nil {
			if f.May(rbac.RecoveryRead) {
				part.Came = href.MatterRecoveries(f.FirmID, p.MatterID)
			}
			if p.Closing != nil {
				part.Closes = href.Closing(f.FirmID, p.ID)
				part.Facts = append(part.Facts, partial.Fact{Name: "The client's part of what came in", Value: in(p.Closing.ClientMinor)})
			}
		}
		if x.Unsigned {
			part.Warns = append(part.Warns, "The bill waits for the signed writing of this arrangement.")
		}
		if d := x.Version.Terms.Discount; d != nil && d.PromptDays > 0 && p.Prompt.Minor > 0 {
			part.Facts = append(part.Facts, partial.Fact{Name: "Off when paid within " + format.Counted(p.Prompt.Days, "day", "days"), Value: in(p.Prompt.Minor)})
		}
		switch {
		case x.OverMinor > 0:
			part.Facts = append(part.Facts, partial.Fact{Name: "Above the value of the work so far", Value: in(x.OverMinor)})
		case x.OverMinor < 0:
			part.Facts = append(part.Facts, partial.Fact{Name: "Below the value of the work so far", Value: in(-x.OverMinor)})
		}
		if x.CreditMinor > 0 {
			part.Warns = append(part.Warns, "For earlier bills "+in(x.CreditMinor)+" more is due to the client than this bill can take off.")
		}
		for _, w := range x.Warnings {
			part.Warns = append(part.Warns, sentence(w.Message))
		}
		prices, billed := recent(x.Prices)
		for _, price := range prices {
			if price.Unit == 0 || price.Here {
				part.Prices = append(part.Prices, priceOf(f, p, x.Version.ID, price))
			}
		}
		part.Units = unitsForm(f, p, x)
		if billed > 0 {
			part.Words = append(part.Words, format.Counted(billed, "earlier period is", "earlier periods are")+" billed")
		}
		list = append(list, part)
	}
	return list
}

// billedShown is how many periods that are billed a bill shows, the last ones.
const billedShown = 2

// recent leaves out periods that were billed long before, and counts them.
func recent(list []prebill.PriceState) (shown []prebill.PriceState, billed int) {
	old := func(x prebill.PriceState) bool {
		_, period := arrangement.PeriodName(x.Code)
		return period && x.Billed
	}
	for _, x := range list {
		if old(x) {
			billed++
		}
	}
	billed = max(billed-billedShown, 0)
	left := billed
	for _, x := range list {
		if left > 0 && old(x) {
			left--
			continue
		}
		shown = append(shown, x)
	}
	return shown, billed
}

func priceOf(f frame, p prebill.View, of ident.ArrangementID, x prebill.PriceState) PrebillPrice {
	out := PrebillPrice{Text: map[string]string{"": "For the matter", arrangement.CodeCollar: "Settlement of the collar", arrangement.CodeSuccess: "Success fee"}[x.Code], Amount: money.Amount{Minor: x.Minor, Currency: p.Currency}}
	if n, is := arrangement.IsRecovery(x.Code); is {
		out.Text = "Share of recovery " + strconv.Itoa(n) + ", " + format.Money(money.Amount{Minor: x.Gross, Currency: p.Currency})
	}
	if out.Text == "" {
		out.Text = sentenceStart(placeName(x.Code))
	}
	out.State = "not on this bill"
	act, text := "put", "Put on this bill"
	switch {
	case x.Billed:
		out.State = "billed before"
		if x.Where != "" {
			out.State += ", on " + x.Where
		}
		return out
	case x.Here:
		out.State, act, text = "on this bill", "take", "Take off"
		if x.Unit > 0 {
			out.State = x.Quantity.String() + " × " + format.Rate(x.Unit, p.Currency)
		}
		if x.At != nil {
			out.State += ", put by " + x.By + " on " + format.Moment(x.At.In(f.Zone))
		}
	case x.Where != "":
		out.State = "on " + x.Where
		return out
	case x.Why != "":
		out.State = "not on this bill: " + x.Why
		return out
	}
	if changes(f, p) {
		out.Act = &partial.Button{Text: text, Action: href.Prebill(f.FirmID, p.ID) + "/prices/" + act, Version: p.Version, Class: "sm", Hidden: []partial.Hidden{{Name: "arrangement", Value: string(of)}, {Name: "code", Value: x.Code}}}
	}
	return out
}

// unitsForm offers the units of a price list that are not on the bill yet, nil for none.
func unitsForm(f frame, p prebill.View, x prebill.Part) *partial.Form {
	pairs := []string{"", "choose"}
	for _, price := range x.Prices {
		if price.Unit > 0 && !price.Here {
			pairs = append(pairs, price.Code, placeName(price.Code)+", "+format.Rate(price.Unit, p.Currency)+" each")
		}
	}
	if len(pairs) == 2 || !changes(f, p) {
		return nil
	}
	return &partial.Form{ID: "u-" + string(x.Version.ID), Action: href.Prebill(f.FirmID, p.ID) + "/prices/put", Version: p.Version, Submit: "Put units on this bill", Side: true,
		Kept: url.Values{"arrangement": {string(x.Version.ID)}, "units": {"1"}}, Fields: []partial.Field{
			{Name: "code", Label: "Of the price list", Kind: partial.Select, Options: partial.Options("", pairs...), Required: true, Wide: true},
			{Name: "quantity", Label: "How many", Kind: partial.Decimal, Required: true, Hint: "Units that are done, such as 2"},
		}}
}

// unitsAgain has what was typed in the form for units when it was refused.
func (v *PrebillView) unitsAgain(r *httpd.Request, failed error) {
	for i := range v.Parts {
		if f := v.Parts[i].Units; f != nil && r.Form("units") != "" && f.Kept.Get("arrangement") == r.Form("arrangement") {
			f.Fields[1].Value, f.Faults = r.Form("quantity"), partial.FaultsOf(failed)
			for k := range f.Fields[0].Options {
				o := &f.Fields[0].Options[k]
				o.Selected = o.Value == r.Form("code")
			}
		}
	}
}

func (s *Site) putPrice(r *httpd.Request) (httpd.Reply, error) {
	of, err := ident.Parse[ident.ArrangementID](r.Form("arrangement"))
	if err != nil {
		return httpd.Reply{}, err
	}
	if r.Form("units") != "" {
		return s.decide(r, "The units are on the bill.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
			quantity, err := money.ParseFixed4(r.Form("quantity"))
			if err != nil {
				return prebill.Prebill{}, prebill.ErrInvalid.On(fault.Field{Path: "quantity", Code: "number_form", Message: "enter how many units, such as 2 or 1.5"})
			}
			return s.Prebills.PutUnits(r.Context(), id, version, of, r.Form("code"), quantity)
		})
	}
	return s.decide(r, "The price is on the bill.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.PutPrice(r.Context(), id, version, of, r.Form("code"))
	})
}

func (s *Site) takePrice(r *httpd.Request) (httpd.Reply, error) {
	of, err := ident.Parse[ident.ArrangementID](r.Form("arrangement"))
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.decide(r, "The price is off the bill; a later one can have it.", func(id ident.PrebillID, version int) (prebill.Prebill, error) {
		return s.Prebills.TakePrice(r.Context(), id, version, of, r.Form("code"))
	})
}
