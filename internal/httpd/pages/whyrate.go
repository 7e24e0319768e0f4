package pages

import (
	"strconv"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// whyRate lists the levels of the register in order, as they read today for the work
// date, beside what was kept.
func whyRate(f frame, n masterNames, w capture.WhyRate) Section {
	given := w.Source == rate.LevelLine.String()
	t := &partial.Table{Caption: "Levels of the rate register, in the order in which they are asked",
		Columns: []partial.Column{{Head: "Level", Right: true}, {Head: "A rate for"}, {Head: "Rate", Right: true}, {Head: "Which"}, {Head: "Used"}}}
	first := partial.Row{Cells: []partial.Cell{partial.Txt("1"), {Text: format.Capital(rate.LevelLine.String()), Key: true}, partial.Txt("none"), partial.Txt(""), partial.Txt("")}}
	if given {
		first.Cells[2], first.Cells[4] = partial.Txt(format.Rate(w.Rate, w.Currency)), partial.Txt("Used")
	}
	t.Rows = append(t.Rows, first)
	for _, s := range w.Steps {
		found, which, used := "none", "", ""
		if s.Rate != nil {
			what, who := n.rateFor(*s.Rate)
			found, which, used = format.Rate(s.Rate.Rate, s.Rate.Currency), what+", "+who+", from "+format.Date(s.Rate.From), "Not needed"
			if s.Wins && !given {
				used = "Used"
			}
			if s.Wins && w.Moved() {
				used = "Would be used now"
			}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(strconv.Itoa(int(s.Level))), {Text: format.Capital(s.Words), Key: true}, partial.Txt(found), partial.Txt(which), partial.Txt(used)}})
	}
	text := "The first level that has a rate for the work date decides."
	if w.Converted.Is() {
		text += " The rate is " + w.Converted.Words() + ", version " + strconv.FormatInt(w.Converted.Version, 10) + " of the exchange rates, which is " + format.Rate(w.Rate, w.Currency) + "."
	}
	switch {
	case w.Moved() && w.Now == nil && w.Unpriced != "":
		text += " By now it would get no rate: " + w.Unpriced + ". The entry keeps the price it was given."
	case w.Moved() && w.Now == nil:
		text += " The register has no rate for this work by now; the entry keeps the price it was given."
	case w.Moved():
		text += " The register has changed since: it would give " + format.Rate(w.Now.Rate, w.Currency) + " by now, and the entry keeps the " + format.Rate(w.Rate, w.Currency) + " it was given by " + w.Source + "." + convertedNow(w)
	}
	return Section{ID: "rate", Title: "Why this rate", Text: text, Facts: pricedBy(f, w), Table: t}
}

// convertedNow says how the rate of today is converted.
func convertedNow(w capture.WhyRate) string {
	if !w.Now.Conversion.Is() {
		return ""
	}
	return " By now it is " + w.Now.Conversion.Words() + "."
}

// pricedBy is what was kept when the entry was priced.
func pricedBy(f frame, w capture.WhyRate) []partial.Fact {
	by := partial.Fact{Name: "Priced by", Value: w.Source}
	card := partial.Fact{Name: "State of the register", Value: "not kept: it was priced before versions were"}
	if w.Level != 0 {
		by.Value = "Level " + strconv.Itoa(int(w.Level)) + ", " + w.Source
		card.Value = "version " + strconv.FormatInt(w.Version, 10)
		if w.Today != w.Version {
			card.Value += "; it is version " + strconv.FormatInt(w.Today, 10) + " today"
		}
	}
	if w.ID != "" {
		by.Href = href.Rate(f.FirmID, w.ID)
	}
	facts := []partial.Fact{by, {Name: "Rate", Value: format.Rate(w.Rate, w.Currency)}, {Name: "Standard rate", Value: format.Rate(w.Standard, w.Currency)}, card}
	if w.Converted.Is() {
		facts = append(facts, partial.Fact{Name: "Converted", Value: w.Converted.Words(), Href: href.Exchange(f.FirmID, w.Converted.ID)})
	}
	for _, p := range w.Prices {
		name := "Repriced"
		if p.Seq == 0 {
			name = "Came in at"
		}
		x := partial.Fact{Name: name, Value: format.Money(money.Amount{Minor: p.Minor, Currency: p.Currency}) + ", " + format.Rate(p.Rate, p.Currency) + " by " + p.Source + fromCurrency(p.Price) + ", " + format.Date(p.At.In(f.Zone))}
		if p.By != "" {
			x.Href = href.Repricing(f.FirmID, p.By)
		}
		facts = append(facts, x)
	}
	return facts
}

// fromCurrency says how a price was converted.
func fromCurrency(p capture.Price) string {
	if !p.Converted.Is() {
		return ""
	}
	return " (" + p.Converted.Words() + ")"
}
