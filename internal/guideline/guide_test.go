package guideline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

func body(t *testing.T, text string) guideline.Body {
	t.Helper()
	b, err := guideline.ReadBody([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b
}

func signed(t *testing.T, p guideline.Place, number int, from time.Time, text string) guideline.Guide {
	t.Helper()
	return guideline.Guide{Place: p, Number: number, From: from, Status: guideline.GuideSigned, Body: body(t, text), Hash: strings.Repeat("0", number) + text}
}

// Parameters, severities, clauses and rules come from the deepest place that says
// something: payor, matter, client, group of clients, firm (engine rule 3).
func TestTheDeepestPlaceDecides(t *testing.T) {
	t.Parallel()
	firm, group, client, m, payor := guideline.Place{}, guideline.Place{Group: "g"}, guideline.Place{Client: "c"}, guideline.Place{Matter: "m"}, guideline.Place{Payor: "p"}
	g := guideline.NewGuides([]guideline.Guide{
		signed(t, firm, 1, day(1), `{"name":"House","increment":"0.25","day_block":"12","off":["TIM-20","TIM-21"],"restricted_terms":["synergy"],"manual":[{"clause":"1","text":"Look"}]}`),
		signed(t, group, 1, day(1), `{"name":"Group","day_block":"11","travel_day":"1.5","block":["TIM-20"]}`),
		signed(t, client, 1, day(1), `{"name":"Client","day_block":"10","clauses":{"TIM-02":"section 3"},"block":["TIM-20"]}`),
		signed(t, m, 1, day(1), `{"name":"Matter","meal_cap":"40","rules":[{"id":"MAT-01","name":"N","severity":"warn","when":"minutes > 60","message":"M.","fix":"F"}]}`),
		signed(t, payor, 1, day(1), `{"name":"Payor","day_block":"8","off":["TIM-20"],"rules":[{"id":"MAT-01","name":"N","severity":"block","when":"minutes > 30","message":"M.","fix":"F"}],"manual":[{"clause":"2","text":"And"}]}`),
	}, []matter.Member{{GroupID: "g", ClientID: "c", From: day(2)}, {GroupID: "g", ClientID: "k", From: day(5)}, {GroupID: "g", ClientID: "x", From: day(1), Until: until(5)}, {GroupID: "g", ClientID: "y", From: day(6)}}, day(5))
	for _, c := range []struct {
		name                  string
		payor, matter, client string
		dayBlock              int64
		meal                  int64
		off20, block20        bool
		source                string
		own                   guideline.Severity
		manual                int
	}{
		{"firm alone", "x", "x", "x", 120_000, 0, true, false, "House", "", 1},
		{"group of the client", "x", "x", "k", 110_000, 0, false, true, "Group", "", 1},
		{"client of a later day's group", "x", "x", "y", 120_000, 0, true, false, "House", "", 1},
		{"client", "x", "x", "c", 100_000, 0, false, true, "Client", "", 1},
		{"matter of the client", "x", "m", "c", 100_000, 400_000, false, true, "Client", guideline.Warn, 1},
		{"payor of all", "p", "m", "c", 80_000, 400_000, true, false, "Payor", guideline.Block, 2},
		{"no ids", "", "", "", 120_000, 0, true, false, "House", "", 1},
	} {
		p, err := g.For(ident.PayorID(c.payor), ident.MatterID(c.matter), ident.ClientID(c.client))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if int64(p.DayBlock) != c.dayBlock || int64(p.MealCap) != c.meal || p.Off["TIM-20"] != c.off20 || (p.Raise["TIM-20"] == guideline.Block) != c.block20 ||
			p.Sources["TIM-02"] != c.source || len(p.Manual) != c.manual || int64(p.Increment) != 2_500 || !p.Off["TIM-21"] || len(p.Restricted) != 1 {
			t.Errorf("%s: %+v", c.name, p)
		}
		if inGroup := c.client == "c" || c.client == "k"; (int64(p.TravelDay) == 15_000) != inGroup {
			t.Errorf("%s: travel of the group: %s", c.name, p.TravelDay)
		}
		if own := len(p.Own); own > 1 || (own == 1) != (c.own != "") || own == 1 && p.Own[0].Severity != c.own {
			t.Errorf("%s: own rules %+v", c.name, p.Own)
		}
	}
}

func until(d int) *time.Time { t := day(d); return &t }

// Of the versions of one place the latest that has begun is in force.
func TestTheLatestVersionThatHasBegunIsInForce(t *testing.T) {
	t.Parallel()
	list := []guideline.Guide{
		signed(t, guideline.Place{}, 1, day(1), `{"name":"V1","copied_dates":4}`), signed(t, guideline.Place{}, 2, day(10), `{"name":"V2","copied_dates":5}`),
		signed(t, guideline.Place{}, 3, day(10), `{"name":"V3","copied_dates":6}`),
	}
	list = append(list, guideline.Guide{Number: 4, From: day(1), Status: guideline.GuideEnded, Body: body(t, `{"name":"V4"}`)}, guideline.Guide{Number: 5, From: day(1), Status: guideline.GuideDraft, Body: body(t, `{"name":"V5"}`)})
	for at, want := range map[int]int{1: 4, 9: 4, 10: 6, 30: 6} {
		if p, err := guideline.NewGuides(list, nil, day(at)).For("", "", ""); err != nil || p.CopiedDates != want {
			t.Errorf("day %d: %d, %v, want %d", at, p.CopiedDates, err, want)
		}
	}
	if p, err := guideline.NewGuides(list, nil, day(1).AddDate(0, 0, -1)).For("", "", ""); err != nil || p.CopiedDates != 0 {
		t.Errorf("before any: %+v, %v", p, err)
	}
}

// A finding cites the document whose words it goes by.
func TestFindingCitesTheDocument(t *testing.T) {
	t.Parallel()
	g := guideline.NewGuides([]guideline.Guide{signed(t, guideline.Place{Client: "c"}, 1, day(1), `{"name":"Pelham policy v7","restricted_terms":["motion to compel"],"block":["NAR-08"],"clauses":{"NAR-08":"section 3.1"}}`)}, nil, day(5))
	p, err := g.For("", "", "c")
	if err != nil {
		t.Fatal(err)
	}
	c := around()
	c.Policy = p
	for _, f := range guideline.Check(clean(), c) {
		if f.Rule == "NAR-08" && strings.Contains(f.Message, "Pelham policy v7, rule NAR-08, section 3.1") && f.Severity == guideline.Block {
			return
		}
	}
	t.Errorf("%+v", guideline.Check(clean(), c))
}

func TestBodyIsRefusedWithEveryComplaint(t *testing.T) {
	t.Parallel()
	_, err := guideline.ReadBody([]byte(`{"name":"G","increment":"x","stale_warn_days":-1,"copied_dates":1,"off":["RAT-02","NO-01","TIM-20"],"block":["TIM-20"],"clauses":{"TIM-02":""},
		"manual":[{"clause":"","text":""}],"rules":[{"id":"TIM-01","name":"N","severity":"warn","when":"minutes >","message":"M","fix":"F"}]}`))
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	var got []string
	for _, x := range f.Fields {
		got = append(got, x.Path)
	}
	want := "clauses copied_dates increment manual.0.clause manual.0.text off off off rules.0.id rules.0.when stale_warn_days"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if _, err := guideline.ReadBody([]byte(`{"name":"G","increment":"-1"}`)); !errors.As(err, &f) || len(f.Fields) != 1 || !strings.Contains(f.Fields[0].Message, "below zero") {
		t.Errorf("below zero: %v", err)
	}
	if _, err := guideline.ReadBody([]byte(`{"name":"G","unheard_of":1}`)); !errors.Is(err, guideline.ErrPolicy) {
		t.Errorf("an unknown field: %v", err)
	}
}
