package api

import (
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// WhyRate is where the rate of a time entry comes from.
type WhyRate struct {
	Source       string         `json:"rate_source,omitempty" class:"C2" doc:"kept when it was priced"`
	Rate         string         `json:"rate,omitempty" class:"C2" doc:"likewise; decimal text"`
	Standard     string         `json:"standard_rate,omitempty" class:"C2" doc:"likewise"`
	Level        int            `json:"rate_level,omitempty" class:"C2" doc:"likewise; missing when it was priced before versions were kept"`
	ID           ident.RateID   `json:"rate_id,omitempty" class:"C1" doc:"likewise, the row of the register; missing where the rate was given with the entry"`
	Version      *int64         `json:"card_version,omitempty" class:"C1" doc:"likewise, of the register: it goes up with every change of what rates are resolved by"`
	Today        int64          `json:"card_version_now" class:"C1" doc:"of the register by now"`
	Currency     money.Currency `json:"currency" class:"C1"`
	Converted    *Conversion    `json:"converted,omitempty" doc:"kept when it was priced: how the rate came out of another currency"`
	Now          string         `json:"rate_now,omitempty" class:"C2" doc:"what the register would give by now; empty when it has none"`
	NowConverted *Conversion    `json:"converted_now,omitempty" doc:"how the rate that the register would give by now does"`
	Unpriced     string         `json:"unpriced_now,omitempty" class:"C2" doc:"why the register gives none by now"`
	Moved        bool           `json:"moved" class:"C1" doc:"the register would give another rate by now than was kept"`
	Levels       []RateLevel    `json:"levels" class:"C1"`
	Prices       []FormerPrice  `json:"prices,omitempty" class:"C1" doc:"each that it has had, the present one last; missing when no repricing run has changed it"`
}

// FormerPrice is a price that an entry had, or has.
type FormerPrice struct {
	Price
	At  time.Time       `json:"at" class:"C1"`
	Run ident.Repricing `json:"repricing_id,omitempty" class:"C1" doc:"missing for the one it came in with"`
}

// RateLevel is one question of the register, in the order in which they are asked.
type RateLevel struct {
	Level    int            `json:"level" class:"C1"`
	Name     string         `json:"level_name" class:"C1"`
	ID       ident.RateID   `json:"rate_id,omitempty" class:"C1" doc:"empty where the register has none for the day"`
	Rate     string         `json:"rate,omitempty" class:"C2" doc:"in the currency of its row"`
	Currency money.Currency `json:"currency,omitempty" class:"C1" doc:"of the row; where it is another than the work's, the rate is converted"`
	Wins     bool           `json:"wins" class:"C1"`
}

// keptVersion is the version that an entry was priced by, nil where none was kept.
func keptVersion(l rate.Level, v int64) *int64 {
	if l == 0 {
		return nil
	}
	return &v
}

func toWhyRate(w capture.WhyRate) WhyRate {
	out := WhyRate{Source: w.Source, Rate: decimal(w.Rate), Standard: decimal(w.Standard), Level: int(w.Level), ID: w.ID, Version: keptVersion(w.Level, w.Version), Today: w.Today, Currency: w.Currency, Converted: toConversion(w.Converted), Unpriced: w.Unpriced, Moved: w.Moved(), Levels: make([]RateLevel, len(w.Steps))}
	if w.Now != nil {
		out.Now, out.NowConverted = decimal(w.Now.Rate), toConversion(w.Now.Conversion)
	}
	for _, p := range w.Prices {
		out.Prices = append(out.Prices, FormerPrice{toPrice(p.Price), p.At.UTC(), p.By})
	}
	for i, s := range w.Steps {
		out.Levels[i] = RateLevel{Level: int(s.Level), Name: s.Words, Wins: s.Wins}
		if s.Rate != nil {
			out.Levels[i].ID, out.Levels[i].Rate, out.Levels[i].Currency = s.Rate.ID, decimal(s.Rate.Rate), s.Rate.Currency
		}
	}
	return out
}
