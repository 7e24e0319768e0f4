package rate

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
)

// full has one rate of each kind, in the order of resolution, all for the question asked.
var full = []Rate{
	{MatterID: "m", TimekeeperID: "t", Level: LevelMatterTimekeeper},
	{MatterID: "m", Task: "L110", Level: LevelMatterCode},
	{MatterID: "m", Activity: "A103", Level: LevelMatterCode},
	{MatterID: "m", Class: "ASSOC", Level: LevelMatterTitle},
	{MatterID: "m", Level: LevelMatter},
	{ClientID: "c", TimekeeperID: "t", Level: LevelClientTimekeeper},
	{ClientID: "c", Class: "ASSOC", Level: LevelClientTitle},
	{GroupID: "g", Class: "ASSOC", Level: LevelGroupTitle},
	{Office: "Albany", Class: "ASSOC", Level: LevelPlaceTitle},
	{Practice: "Litigation", Class: "ASSOC", Level: LevelPlaceTitle},
	{TimekeeperID: "t", Level: LevelTimekeeper},
	{Class: "ASSOC", Level: LevelTitle},
}

var asked = Question{Matter: "m", Client: "c", Practice: "Litigation", Timekeeper: "t", Class: "ASSOC", Task: "L110", Activity: "A103", Currency: "USD"}

// TestElevenLevelsInTheirOrder takes the winner away, again and again.
func TestElevenLevelsInTheirOrder(t *testing.T) {
	t.Parallel()
	r := Register{Members: []matter.Member{{GroupID: "g", ClientID: "c", From: on("2026-01-01")}}, Offices: map[ident.TimekeeperID]string{"t": "Albany"}}
	for i, x := range full {
		x.ID, x.Rate, x.Currency, x.From = ident.RateID(rune('a'+i)), money.Fixed4(1000+i), "USD", on("2026-01-01")
		r.Rates = append(r.Rates, x)
	}
	q := asked
	q.On = on("2026-10-05")
	for i := range full {
		left := r
		left.Rates = r.Rates[i:]
		a, err := NewCard(left).Resolve(q)
		if err != nil || a.Rate != money.Fixed4(1000+i) || a.Level != full[i].Level || a.ID != left.Rates[0].ID || a.Source == "" || len(a.Source) > 60 {
			t.Errorf("without the first %d: %+v, %v", i, a, err)
		}
		want := money.Fixed4(1010)
		if i == 11 {
			want = 1011
		}
		if a.Standard != want {
			t.Errorf("without the first %d the standard rate is %d, want %d", i, a.Standard, want)
		}
		steps := NewCard(left).Explain(q)
		for k, s := range steps {
			if s.Level != full[k].Level || (s.Rate != nil) != (k >= i) || s.Wins != (k == i) {
				t.Errorf("without the first %d, step %d: %+v", i, k, s)
			}
		}
	}
}

// TestAGroupHoldsOnItsDays: the work date decides in which group a client was.
func TestAGroupHoldsOnItsDays(t *testing.T) {
	t.Parallel()
	card := NewCard(Register{
		Rates:   []Rate{{GroupID: "g", Class: "ASSOC", Rate: 1, Currency: "USD", From: on("2025-01-01")}, {GroupID: "h", Class: "ASSOC", Rate: 2, Currency: "USD", From: on("2025-01-01")}},
		Members: []matter.Member{{GroupID: "g", ClientID: "c", From: on("2026-01-01"), Until: until("2026-04-01")}, {GroupID: "h", ClientID: "c", From: on("2026-05-01")}},
	})
	for day, want := range map[string]money.Fixed4{"2025-12-31": 0, "2026-01-01": 1, "2026-03-31": 1, "2026-04-01": 0, "2026-05-01": 2} {
		a, err := card.Resolve(Question{Client: "c", Class: "ASSOC", Currency: "USD", On: on(day)})
		if a.Rate != want || (want == 0) != errors.Is(err, ErrNoRate) {
			t.Errorf("%s: %+v, %v, want %d", day, a, err, want)
		}
	}
}

// TestI17_CompiledCardReadsLikeTheElevenLevels holds the compiled card against a plain
// reading of LEGAL-BILLING 8: for each level in turn, every row that it could be.
func TestI17_CompiledCardReadsLikeTheElevenLevels(t *testing.T) {
	t.Parallel()
	hits, misses := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r := drawRegister(t)
		card := NewCard(r)
		for range 8 {
			q := Question{
				Matter: ident.MatterID(pick(t, "m1", "m2")), Client: ident.ClientID(pick(t, "c1", "c2")), Practice: pick(t, "", "Litigation", "Tax"),
				Timekeeper: ident.TimekeeperID(pick(t, "t1", "t2")), Class: pick(t, "ASSOC", "PARTNR"), Task: pick(t, "", "L110", "L120"), Activity: pick(t, "", "A103", "L110"),
				Currency: money.Currency(pick(t, "USD", "EUR")), On: drawDay(t),
			}
			got, err := card.Resolve(q)
			want, standard := naive(r, q)
			if want == nil {
				misses++
				if !errors.Is(err, ErrNoRate) {
					t.Fatalf("%+v = %+v, %v; want no rate of\n%+v", q, got, err, r)
				}
				continue
			}
			hits++
			if standard == nil {
				standard = want
			}
			if err != nil || got.ID != want.ID || got.Rate != want.Rate || got.Level != want.Level || got.Standard != standard.Rate {
				t.Fatalf("%+v = %+v, %v; want %+v, standard %+v of\n%+v", q, got, err, want, standard, r)
			}
			var won []ident.RateID
			for _, s := range card.Explain(q) {
				if s.Wins {
					won = append(won, s.Rate.ID)
				}
			}
			if !slices.Equal(won, []ident.RateID{want.ID}) {
				t.Fatalf("explained by %v, want %s", won, want.ID)
			}
		}
	})
	if hits == 0 || misses == 0 {
		t.Errorf("%d questions had a rate and %d none: the draw tells nothing", hits, misses)
	}
}

func pick(t *rapid.T, of ...string) string { return rapid.SampledFrom(of).Draw(t, "pick") }

func drawDay(t *rapid.T) time.Time {
	return on("2026-01-01").AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "day"))
}

func drawRegister(t *rapid.T) Register {
	r := Register{Offices: map[ident.TimekeeperID]string{"t1": pick(t, "Albany", "Boston"), "t2": pick(t, "", "Albany")}}
	for i := range rapid.IntRange(0, 60).Draw(t, "rates") {
		x := full[rapid.IntRange(0, len(full)-1).Draw(t, "kind")]
		x.ID, x.Rate, x.Currency = ident.RateID(rune(1000+i)), money.Fixed4(i+1), money.Currency(pick(t, "USD", "USD", "EUR"))
		x.From, x.Until = drawSpan(t)
		vary(t, &x)
		if !slices.ContainsFunc(r.Rates, func(y Rate) bool { return sameKey(x, y) && overlap(x.From, x.Until, y.From, y.Until) }) {
			r.Rates = append(r.Rates, x)
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		m := matter.Member{GroupID: ident.GroupID(pick(t, "g1", "g2")), ClientID: ident.ClientID(pick(t, "c1", "c2"))}
		m.From, m.Until = drawSpan(t)
		if !slices.ContainsFunc(r.Members, func(y matter.Member) bool {
			return m.ClientID == y.ClientID && overlap(m.From, m.Until, y.From, y.Until)
		}) {
			r.Members = append(r.Members, m)
		}
	}
	return r
}

func drawSpan(t *rapid.T) (time.Time, *time.Time) {
	from := drawDay(t)
	if rapid.Bool().Draw(t, "open") {
		return from, nil
	}
	end := from.AddDate(0, 0, rapid.IntRange(1, 20).Draw(t, "days"))
	return from, &end
}

// vary puts another name wherever the row has one.
func vary(t *rapid.T, x *Rate) {
	if x.MatterID != "" {
		x.MatterID = ident.MatterID(pick(t, "m1", "m2"))
	}
	if x.ClientID != "" {
		x.ClientID = ident.ClientID(pick(t, "c1", "c2"))
	}
	if x.GroupID != "" {
		x.GroupID = ident.GroupID(pick(t, "g1", "g2"))
	}
	if x.Office != "" {
		x.Office = pick(t, "Albany", "Boston")
	}
	if x.Practice != "" {
		x.Practice = pick(t, "Litigation", "Tax", "Albany")
	}
	if x.TimekeeperID != "" {
		x.TimekeeperID = ident.TimekeeperID(pick(t, "t1", "t2"))
	}
	if x.Class != "" {
		x.Class = pick(t, "ASSOC", "PARTNR")
	}
	if x.Task != "" {
		x.Task = pick(t, "L110", "L120")
	}
	if x.Activity != "" {
		x.Activity = pick(t, "A103", "L110")
	}
}

func sameKey(a, b Rate) bool {
	a.ID, a.Rate, a.From, a.Until = b.ID, b.Rate, b.From, b.Until
	return a == b
}

func overlap(from time.Time, until *time.Time, from2 time.Time, until2 *time.Time) bool {
	return (until2 == nil || from.Before(*until2)) && (until == nil || from2.Before(*until))
}

// naive reads the levels from 2 to 11 and on each every row.
func naive(r Register, q Question) (found, standard *Rate) {
	group := ident.GroupID("")
	for _, m := range r.Members {
		if m.ClientID == q.Client && !q.On.Before(m.From) && (m.Until == nil || q.On.Before(*m.Until)) {
			group = m.GroupID
		}
	}
	ofMatter := func(x Rate) bool { return x.MatterID == q.Matter }
	ofClient := func(x Rate) bool { return x.ClientID == q.Client }
	person := func(x Rate) bool { return x.TimekeeperID == q.Timekeeper }
	title := func(x Rate) bool { return x.Class == q.Class }
	firms := func(x Rate) bool {
		return x.MatterID == "" && x.ClientID == "" && x.GroupID == "" && x.Office == "" && x.Practice == ""
	}
	levels := [][]func(Rate) bool{
		{ofMatter, person},
		{ofMatter, func(x Rate) bool { return x.Task != "" && x.Task == q.Task }},
		{ofMatter, func(x Rate) bool { return x.Activity != "" && x.Activity == q.Activity }},
		{ofMatter, title},
		{ofMatter, func(x Rate) bool { return x.TimekeeperID == "" && x.Class == "" && x.Task == "" && x.Activity == "" }},
		{ofClient, person},
		{ofClient, title},
		{func(x Rate) bool { return x.GroupID != "" && x.GroupID == group }, title},
		{func(x Rate) bool { return x.Office != "" && x.Office == r.Offices[q.Timekeeper] }, title},
		{func(x Rate) bool { return x.Practice != "" && x.Practice == q.Practice }, title},
		{firms, person},
		{firms, title},
	}
	for n, conditions := range levels {
		for _, x := range r.Rates {
			if x.Currency != q.Currency || q.On.Before(x.From) || (x.Until != nil && !q.On.Before(*x.Until)) ||
				slices.ContainsFunc(conditions, func(holds func(Rate) bool) bool { return !holds(x) }) {
				continue
			}
			if found == nil {
				found = &x
			}
			if standard == nil && n >= 10 {
				standard = &x
			}
		}
	}
	return found, standard
}

func TestEachLevelSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	good := func(x Rate) Rate { x.Rate, x.Currency, x.From = 1, "USD", on("2026-01-01"); return x }
	for _, x := range full {
		if err := good(x).Validate(); err != nil {
			t.Errorf("%+v: %v", x, err)
		}
	}
	for name, x := range map[string]Rate{
		"nobody":                         {},
		"a matter and a client":          {MatterID: "m", ClientID: "c", Class: "ASSOC"},
		"a group and an office":          {GroupID: "g", Office: "Albany", Class: "ASSOC"},
		"a person and a title":           {TimekeeperID: "t", Class: "ASSOC"},
		"a task and an activity":         {MatterID: "m", Task: "L110", Activity: "A103"},
		"a task of no matter":            {Task: "L110"},
		"an activity of a client":        {ClientID: "c", Activity: "A103"},
		"a flat rate of a client":        {ClientID: "c"},
		"a person in a group":            {GroupID: "g", TimekeeperID: "t"},
		"an office without a title":      {Office: "Albany"},
		"a group for everybody":          {GroupID: "g"},
		"a title in words":               {Class: "Partner"},
		"a code in words":                {MatterID: "m", Task: "case work"},
		"an office with blanks around":   {Office: " Albany", Class: "ASSOC"},
		"a practice group without title": {Practice: "Tax", TimekeeperID: "t"},
	} {
		if err := good(x).Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
