package capture

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// Price is what an entry of time is worth, and by what.
type Price struct {
	Rate     money.Fixed4   `json:"rate_e4"`
	Standard money.Fixed4   `json:"standard_rate_e4"`
	Source   string         `json:"source"`
	Level    rate.Level     `json:"level"` // 0 for one from before versions were kept
	RateID   ident.RateID   `json:"rate_id,omitempty"`
	Card     int64          `json:"card_version"`
	Minor    int64          `json:"amount_minor"`
	Currency money.Currency `json:"currency"`

	Converted exchange.Conversion `json:"converted,omitzero"` // of the rate
}

// Price is what the entry is worth now.
func (e *Entry) Price() Price {
	return Price{e.Rate, e.Standard, e.RateSource, e.RateLevel, e.RateID, e.CardVersion, e.AmountMinor, e.Currency, e.Converted}
}

// Given tells whether the rate came with the entry, and not from the register.
func (p Price) Given() bool { return p.Source == rate.LevelLine.String() }

func (e *Entry) take(p Price) {
	e.Rate, e.Standard, e.RateSource, e.RateLevel, e.RateID, e.CardVersion = p.Rate, p.Standard, p.Source, p.Level, p.RateID, p.Card
	e.AmountMinor, e.Currency, e.Converted = p.Minor, p.Currency, p.Converted
}

// Former is a price that an entry had before, or has: Seq 0 is the one it came in with.
type Former struct {
	Seq int
	Price
	At time.Time       // when it got it
	By ident.Repricing // the run; "" of the first
}

// Reprice gives entries of time that are on no invoice other prices, by a repricing run.
// The prices before stay readable. Amendments that stand are made again on the new price;
// of one whose cut rate is more than the new one the rest is. It returns the entries where
// such a rate fell away. The caller has locked the entries and decided; the lines of drafts
// are its own to change.
func Reprice(tx *db.Tx, a *authz.Access, run ident.Repricing, list []Entry, prices []Price) (fell []ident.EntryID, err error) {
	m, err := loadMasters(tx, a)
	if err != nil {
		return nil, err
	}
	if err := insertPrices(tx, run, list, prices, m.rounding); err != nil {
		return nil, err
	}
	p := plan{}
	for i := range list {
		e := &list[i]
		facts := m.matterByID(e.MatterID)
		if facts == nil {
			return nil, ErrNotFound
		}
		cut, err := amendAgain(tx, e, prices[i], m.rounding)
		if err != nil {
			return nil, err
		}
		if cut {
			fell = append(fell, e.ID)
		}
		if e.Status != StatusOpen {
			continue // what is on a bill is judged there
		}
		l, ok, err := m.landing(e)
		if err != nil {
			return nil, err
		}
		if ok {
			p.entries, p.facts = append(p.entries, *e), append(p.facts, l)
		}
	}
	if len(p.entries) == 0 {
		return fell, nil
	}
	_, err = checkEntries(tx, &p, m.today, true)
	return fell, err
}

// insertPrices writes the new prices down, and the first ones where that was not needed
// yet, and moves the entries to them.
func insertPrices(tx *db.Tx, run ident.Repricing, list []Entry, prices []Price, rounding money.Rounding) error {
	var ids, sources, currencies []string
	var rateIDs []*string
	var rates, standards, minors, levels, cards []int64
	var digits []int
	var x conversions
	for i := range list {
		p := prices[i]
		x.add(p.Converted)
		ids, sources, currencies, rateIDs = append(ids, string(list[i].ID)), append(sources, p.Source), append(currencies, string(p.Currency)), append(rateIDs, orNull(p.RateID))
		rates, standards, minors = append(rates, int64(p.Rate)), append(standards, int64(p.Standard)), append(minors, p.Minor)
		levels, cards, digits = append(levels, int64(p.Level)), append(cards, p.Card), append(digits, p.Currency.Exponent())
	}
	err := tx.Exec(`INSERT INTO entry_price (firm_id, entry_id, seq, rate_e4, rate_source, standard_rate_e4, amount_minor, minor_digits, rounding, currency, rate_id, rate_level, card_version, priced_at, `+convertedNames+`)
		SELECT firm_id, id, 0, rate_e4, rate_source, standard_rate_e4, amount_minor, minor_digits, rounding, currency, rate_id, rate_level, card_version, created_at, `+convertedNames+`
		FROM entry WHERE firm_id = ? AND id = ANY (?::uuid[]) AND price_seq = 0`, tx.Scope.Firm, arr(ids)).Error
	if err != nil {
		return fmt.Errorf("keep first prices for run %s: %w", run, err)
	}
	err = tx.Exec(`INSERT INTO entry_price (firm_id, entry_id, seq, repricing_id, priced_at, rounding, rate_e4, rate_source, standard_rate_e4, amount_minor, minor_digits, currency, rate_id, rate_level, card_version, `+convertedNames+`)
		SELECT e.firm_id, e.id, e.price_seq + 1, ?, ?, ?, x.rate, x.source, x.standard, x.minor, x.digits, x.currency, x.rate_id, x.level, x.card, x.source_price, x.source_currency, x.exchange, x.exchange_rate, x.exchange_on, x.exchange_version
		FROM unnest(?::uuid[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::smallint[], ?::text[], ?::uuid[], ?::smallint[], ?::bigint[], `+convertedArrays+`)
			AS x(id, rate, source, standard, minor, digits, currency, rate_id, level, card, source_price, source_currency, exchange, exchange_rate, exchange_on, exchange_version)
		JOIN entry e ON e.firm_id = ? AND e.id = x.id`, run, tx.Now, rounding, arr(ids), arr(rates), arr(sources), arr(standards), arr(minors), arr(digits), arr(currencies),
		arr(rateIDs), arr(levels), arr(cards), arr(x.prices), arr(x.currencies), arr(x.ids), arr(x.rates), arr(x.days), arr(x.versions), tx.Scope.Firm).Error
	if err != nil {
		return fmt.Errorf("write prices of run %s: %w", run, err)
	}
	res := tx.Exec(`UPDATE entry e SET price_seq = p.seq, rate_e4 = p.rate_e4, rate_source = p.rate_source, standard_rate_e4 = p.standard_rate_e4, amount_minor = p.amount_minor,
			minor_digits = p.minor_digits, rounding = p.rounding, currency = p.currency, rate_id = p.rate_id, rate_level = p.rate_level, card_version = p.card_version,
			source_price_e4 = p.source_price_e4, source_currency = p.source_currency, exchange_id = p.exchange_id, exchange_e8 = p.exchange_e8, exchange_on = p.exchange_on, exchange_version = p.exchange_version, version = e.version + 1
		FROM entry_price p WHERE p.firm_id = ? AND p.repricing_id = ? AND e.firm_id = p.firm_id AND e.id = p.entry_id AND p.seq = e.price_seq + 1`, tx.Scope.Firm, run)
	if res.Error != nil {
		return fmt.Errorf("reprice entries by run %s: %w", run, res.Error)
	}
	if res.RowsAffected != int64(len(list)) {
		return ErrEntryTaken
	}
	return nil
}

// Repriced is what the entry comes to at another price: its amendments that stand as they
// are made again on it, and those of which a part fell away. What stands on the entry
// stays, and a code that is no longer in use with it.
func (e *Entry) Repriced(p Price, rounding money.Rounding) (made amend.Edits, after amend.Work, cut amend.Edits) {
	bare := *e
	bare.Edits = nil
	bare.take(p)
	return e.Edits.Again(bare.Work(), amend.Terms{Currency: p.Currency, Rounding: rounding, Standing: true})
}

// amendAgain gives an entry its new price and makes the amendments that stand once more on
// it. The former ones stay in the history, as taken back. It tells whether a part of one
// fell away.
func amendAgain(tx *db.Tx, e *Entry, p Price, rounding money.Rounding) (fell bool, err error) {
	made, _, cut := e.Repriced(p, rounding)
	e.take(p)
	for i := range e.Edits {
		if d := &e.Edits[i]; d.UndoneAt == nil {
			if err := markAmendmentUndone(tx, d); err != nil {
				return false, err
			}
			d.UndoneAt, d.UndoneBy = &tx.Now, tx.Scope.Actor
		}
	}
	for _, d := range made {
		d.ID, d.Seq = ident.New[ident.EditID](tx.Now), len(e.Edits)+1
		if err := insertAmendment(tx, e.ID, &d); err != nil {
			return false, err
		}
		e.Edits = append(e.Edits, d)
	}
	return len(cut) > 0, nil
}

// ToReprice are entries by id, with their amendments, whatever their status. Who asks has
// decided already.
func ToReprice(tx *db.Tx, ids []ident.EntryID) ([]Entry, error) {
	list, err := ByIDs(tx, ids)
	if err != nil {
		return nil, err
	}
	return list, attachAmendments(tx, list)
}

// formerPrices are all that an entry has had, the first one first; none when it was never repriced.
func formerPrices(tx *db.Tx, id ident.EntryID) (list []Former, err error) {
	rows, err := tx.Raw(`SELECT seq, rate_e4, standard_rate_e4, rate_source, coalesce(rate_level, 0), coalesce(rate_id::text, ''), coalesce(card_version, 0), amount_minor, currency,
			priced_at, coalesce(repricing_id::text, ''), `+convertedColumns+` FROM entry_price e WHERE firm_id = ? AND entry_id = ? ORDER BY seq`, tx.Scope.Firm, id).Rows()
	if err != nil {
		return nil, fmt.Errorf("list prices of entry %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var f Former
		if err := rows.Scan(&f.Seq, &f.Rate, &f.Standard, &f.Source, &f.Level, &f.RateID, &f.Card, &f.Minor, &f.Currency, &f.At, &f.By, &f.Converted.Price, &f.Converted.From, &f.Converted.ID, &f.Converted.Rate, &f.Converted.On, &f.Converted.Version); err != nil {
			return nil, fmt.Errorf("read price of entry %s: %w", id, err)
		}
		list = append(list, f)
	}
	return list, rows.Err()
}
