package exchange

import (
	"slices"
	"sync"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/money"
)

// Book answers what a firm's tables say as of one version, a year of a pair read at a time: what
// is entered meanwhile is not in it. It lives as long as its transaction; many may ask at once.
type Book struct {
	version int64
	load    func(p Pair, year int, version int64) ([]Rate, error)

	mu    sync.Mutex
	years map[yearOf][]Rate // by day
}

type yearOf struct {
	Pair
	year int
}

// BookOf is the tables of the transaction's firm as they stand.
func BookOf(tx *db.Tx) (*Book, error) {
	v, err := version(tx)
	load := func(p Pair, year int, version int64) ([]Rate, error) { return ofYear(tx, p, year, version) }
	return &Book{version: v, load: load, years: map[yearOf][]Rate{}}, err
}

// Fixed is a book of rates at hand, for a card that was not read from a database.
func Fixed(version int64, rates ...Rate) *Book {
	load := func(p Pair, year int, version int64) (list []Rate, err error) {
		for _, r := range rates {
			if r.Pair == p && r.On.Year() == year && r.Version <= version {
				list = append(list, r)
			}
		}
		return newest(list), nil
	}
	return &Book{version: version, load: load, years: map[yearOf][]Rate{}}
}

// newest leaves of each day the last state, by day.
func newest(list []Rate) []Rate {
	slices.SortFunc(list, func(a, b Rate) int {
		if c := a.On.Compare(b.On); c != 0 {
			return c
		}
		return b.N - a.N
	})
	return slices.CompactFunc(list, func(a, b Rate) bool { return a.On.Equal(b.On) })
}

// Version is that of the tables; 0 while nothing was entered.
func (b *Book) Version() int64 { return b.version }

// On is the rate for a day: of that day, or the latest at most MaxAge days before.
// ErrNoExchange, with pair and day, when there is none.
func (b *Book) On(p Pair, day time.Time) (Rate, error) {
	first := day.AddDate(0, 0, -MaxAge)
	for year := day.Year(); year >= first.Year(); year-- {
		list, err := b.year(p, year)
		if err != nil {
			return Rate{}, err
		}
		after, found := slices.BinarySearchFunc(list, day, func(r Rate, on time.Time) int { return r.On.Compare(on) })
		if found {
			return list[after], nil
		}
		if after > 0 {
			if r := list[after-1]; !r.On.Before(first) {
				return r, nil
			}
			break
		}
	}
	return Rate{}, Missing(p, day)
}

func (b *Book) year(p Pair, year int) ([]Rate, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := yearOf{p, year}
	list, known := b.years[k]
	if known {
		return list, nil
	}
	list, err := b.load(p, year, b.version)
	if err == nil {
		b.years[k] = list
	}
	return list, err
}

// Convert is a price of one unit on a day in another currency, with how it came about.
// ErrNoExchange without a rate, and an overflow of package money.
func (b *Book) Convert(price money.Fixed4, p Pair, day time.Time) (money.Fixed4, Conversion, error) {
	r, err := b.On(p, day)
	if err != nil {
		return 0, Conversion{}, err
	}
	out, err := r.Rate.Of(price)
	return out, Conversion{r.ID, p.From, price, r.Rate, r.On.Format(time.DateOnly), b.version}, err
}
