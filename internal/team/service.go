package team

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Service is what a lead looks at and does on the board.
type Service struct {
	db    *db.DB
	guard *authz.Guard
	sla   *sla.Service
	work  *worklist.Service
}

// New returns the service over d; guard decides, calendars are those of clocks, and items
// are given by work.
func New(d *db.DB, guard *authz.Guard, clocks *sla.Service, work *worklist.Service) *Service {
	return &Service{d, guard, clocks, work}
}

// Board is the board of the person of ctx now. It reads every open item that they may
// know of, a few hundred bytes each. ErrForbidden where they may see none.
func (s *Service) Board(ctx context.Context) (*Board, error) {
	firms, err := s.guard.Firms(ctx, rbac.TeamRead)
	if err != nil {
		return nil, err
	}
	if len(firms) == 0 {
		return nil, authz.ErrForbidden
	}
	l, err := s.work.Layout(ctx)
	if err != nil {
		return nil, err
	}
	b := &Board{At: s.db.Clock().Now().UTC().Truncate(time.Second)}
	people := map[ident.PersonID]*Person{}
	for _, firm := range firms {
		err := s.db.InFirm(scope.InFirm(ctx, firm), func(tx *db.Tx) error { return s.gather(tx, b, l, people) })
		if k := fault.KindOf(err); err != nil && (k == fault.NotFound || k == fault.Forbidden) {
			continue // what gave it has ended since, or does not include the queue
		}
		if err != nil {
			return nil, err
		}
	}
	b.Pools = l.Pools
	for _, p := range people {
		b.People = append(b.People, p.seated(l))
	}
	b.settle()
	return b, nil
}

// seated is a person with where they claim.
func (p Person) seated(l worklist.Layout) Person {
	if pool, told := l.Pool(p.ID); told {
		p.Pool = pool.ID
	}
	if p.Limit = l.Limit(p.ID); l.Away(p.ID) {
		p.Away = l.Seats[p.ID].Away
	}
	return p
}

// gather adds one firm to the board.
func (s *Service) gather(tx *db.Tx, b *Board, l worklist.Layout, people map[ident.PersonID]*Person) error {
	lead, err := s.guard.Require(tx, rbac.TeamRead)
	if err != nil {
		return err
	}
	queue, err := s.guard.Require(tx, rbac.QueueRead)
	if err != nil {
		return err
	}
	workers, err := s.guard.Holders(tx, rbac.ItemWork)
	if err != nil {
		return err
	}
	f, err := firmOf(tx, b.At)
	if err != nil {
		return err
	}
	f.Whole = lead.WholeFirm() && queue.WholeFirm()
	for _, a := range workers {
		f.Workers = append(f.Workers, a.Person)
	}
	stands, err := requirement.Of(tx, s.sla, []ident.FirmID{f.ID}, f.Workers...)
	if err != nil {
		return err
	}
	items, err := openItems(tx, []*authz.Access{lead, queue}, workers, stands, f, l, b.At)
	if err != nil {
		return err
	}
	if f.finished, err = finished(tx, []*authz.Access{lead, queue}, f.Workers, b.At); err != nil {
		return err
	}
	for _, minutes := range f.finished {
		f.FinishedMin += minutes
	}
	if err := s.measure(tx, &f, items, b.At); err != nil {
		return err
	}
	if err := meet(tx, &f, items, people); err != nil {
		return err
	}
	b.Firms, b.Items = append(b.Firms, f), append(b.Items, items...)
	return nil
}

// measure reads the firm's calendar in force: what is left of the day, what the last
// days had, and how long it is until each item is due. Without one, time is the clock's.
func (s *Service) measure(tx *db.Tx, f *Firm, items []Item, at time.Time) error {
	cal, ok, err := s.sla.BusinessCalendar(tx)
	if err != nil {
		return err
	}
	between := func(from, to time.Time) (int64, error) { return int64(to.Sub(from) / time.Second), nil }
	if f.Calendar = ok; ok {
		between = cal.Between
		if f.LeftS, err = between(at, f.DayEnd); err != nil {
			return err
		}
		if f.PaceS, err = between(at.AddDate(0, 0, -PaceDays), at); err != nil {
			return err
		}
	}
	for n := range items {
		if i := &items[n]; !i.DueAt.IsZero() && !i.DueAt.Before(at) {
			if i.LeftS, err = between(at, i.DueAt); err != nil {
				return err
			}
		}
	}
	return nil
}

// meet adds who works at the firm, as far as the lead may be told; the board keeps nobody else.
func meet(tx *db.Tx, f *Firm, items []Item, people map[ident.PersonID]*Person) error {
	known := map[ident.PersonID]bool{}
	if f.Whole {
		for _, who := range f.Workers {
			known[who] = true
		}
	}
	for _, i := range items {
		if i.Owner != "" {
			known[i.Owner] = true
		}
		for _, who := range i.known {
			known[who] = true
		}
	}
	f.Workers = slices.DeleteFunc(f.Workers, func(who ident.PersonID) bool { return !known[who] })
	names, err := worklist.NamesOf(tx, slices.Collect(maps.Keys(known)))
	if err != nil {
		return err
	}
	for who, name := range names {
		if people[who] == nil {
			people[who] = &Person{ID: who, Name: name}
		}
		if slices.Contains(f.Workers, who) {
			people[who].Firms = append(people[who].Firms, f.ID)
		}
	}
	return nil
}

// Items is one page of the list that q asks for, as the queue shows its rows, with the
// board that it was counted on. A person or a firm that the board does not show has none.
func (s *Service) Items(ctx context.Context, q Query, r page.Request) (p page.Page[worklist.Row], b *Board, err error) {
	if err := q.check(); err != nil {
		return p, nil, err
	}
	if b, err = s.Board(ctx); err != nil {
		return p, nil, err
	}
	items := b.In(q)
	if len(items) == 0 {
		return p, b, nil
	}
	picks := make([]worklist.Pick, len(items))
	for n, i := range items {
		picks[n] = worklist.Pick{Firm: i.Firm, Item: i.ID}
	}
	p, err = s.work.Queue(ctx, worklist.Query{Only: picks, Page: r})
	return p, b, err
}

// moveReason is what the item's thread says of a move.
const moveReason = "Moved on the team board: there was more to do than time left today."

// Move gives an item to a colleague, as worklist.Assign does and decides: the lead must be
// allowed to, the colleague must reach the item, and it must be as it was shown.
func (s *Service) Move(ctx context.Context, pick worklist.Pick, to ident.PersonID) error {
	out, err := s.work.ActOnMany(ctx, worklist.Many{Act: worklist.ManyAssign, Picks: []worklist.Pick{pick}, To: to, Text: moveReason})
	if err != nil {
		return err
	}
	return out[0].Err
}
