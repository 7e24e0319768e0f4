package pages

import (
	"bytes"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
)

func queueFixtures(s story) []fixture {
	c := s.specialist("My queue", "queue", "")
	empty := QueueView{
		Tabs: []partial.Tab{{Text: "All mine", Href: href.Queue, Current: true}}, AllFirms: href.Queue, Now: s.now, CanClaim: true,
		Empty: partial.Empty{Icon: "check", Title: "You are clear", Text: "Nothing waits for you at the firms that granted you access."},
	}
	offered, away := s.queue(), s.queue()
	away.Away = "Away until Tue 1 Dec, 09:00."
	offered.CSRF = "token"
	offered.Offer = &QueueOffer{Row: offered.Rows[1], Until: s.now.Add(worklist.OfferFor), Accept: partial.Button{Text: "Accept", Action: "/firms/1/items/1/take"}, Decline: partial.Button{Text: "Decline", Action: "/firms/1/items/1/decline", Class: "quiet"}}
	return []fixture{{name: "queue", page: Queue(c, s.queue())}, {name: "queue-empty", page: Queue(c, empty)}, {name: "queue-offer", page: Queue(c, offered)}, {name: "queue-away", page: Queue(c, away)}}
}

func (s story) queue() QueueView {
	type row struct {
		left, target, used time.Duration
		held               bool
		code, work, matter string
		client, number     string
		cents              int64
		label              partial.Label
		state              string
	}
	const h, m = time.Hour, time.Minute
	rows := []row{
		{-41 * m, 8 * h, 9 * h, false, "PEN", "Dispute response", "Rao trust litigation", "Harbourline Trustees", "00931-0004", 621000, 2, "Credit note drafted"},
		{22 * m, 8 * h, 458 * m, false, "HVL", "Time-entry review", "Carrier liability, Savannah fire", "Pelham Freight", "00417-0032", 1755930, 1, "4 findings open"},
		{38 * m, 8 * h, 442 * m, false, "ASH", "LEDES rejection", "Patent licence dispute", "Corvid Semiconductors", "22018-0007", 4893050, 1, "Portal: task code not on matter"},
		{92 * m, 8 * h, 388 * m, false, "BRW", "Pre-bill changes", "Port concession, regulatory", "Mareel Terminals", "B-3341", 2741500, 0, "Partner sent back with 3 notes"},
		{115 * m, 8 * h, 370 * m, false, "BRW", "Pre-bill changes", "Vessel arrest, MV Tansy", "Mareel Terminals", "B-3352", 1187000, 0, "Partner sent back with 1 note"},
		{245 * m, 10 * h, 348 * m, false, "DUN", "Time-entry review", "", "", "70125-0002", 13248000, 3, ""},
		{270 * m, 10 * h, 330 * m, false, "HVL", "Expense receipts", "Product recall", "Orrin Home Appliances", "00388-0011", 291437, 0, "2 of 9 receipts missing"},
		{0, 8 * h, 175 * m, true, "HVL", "Time-entry review", "Employment claims, Q3", "Tallis Hotels", "00402-0005", 2106600, 1, ""},
		{325 * m, 10 * h, 275 * m, false, "FER", "Final invoice check", "Export licence review", "Adeline Optics", "FO-0912", 1822500, 1, "All 31 checks passed"},
		{345 * m, 10 * h, 255 * m, false, "GRE", "Time-entry review", "Tidal lagoon planning appeal", "Severn Reach", "GT-2207", 6431025, 0, "Not started"},
		{6 * h, 10 * h, 4 * h, false, "KES", "Rate exception", "Blended rate ends 30 Nov", "Pinnace Leasing", "K-1180", 0, 0, "Not started"},
		{32 * h, 24 * h, 6 * h, false, "MAR", "Import review", "", "", "", 0, 0, "204 lines landed, 3 refused"},
	}
	v := QueueView{
		Tabs: []partial.Tab{
			{Text: "All mine", Href: href.Queue, Count: 46, Current: true}, {Text: "Due today", Href: "/queue?view=today", Count: 18}, {Text: "Over", Href: "/queue?view=over", Count: 1},
			{Text: "Waiting on firm", Href: "/queue?view=waiting", Count: 11}, {Text: "Leased to me", Href: "/queue?view=mine", Count: 2},
		},
		AllFirms: href.Queue, Total: 46, Over: 1, Hour: 2, Now: s.now, CanClaim: true, ToRead: []partial.Link{{Text: "Hollis & Vane LLP", Href: href.Requirements(id[ident.FirmID](1))}}, Save: href.Views,
		Bulk:  []QueueBulk{{"Assign", worklist.ManyAssign, "a"}, {"Ask firm", worklist.ManyAsk, "m"}, {"More", "", ""}},
		Pager: partial.Pager{Shown: "12 of 46 shown, soonest deadline first", Next: "/queue?after=x"},
	}
	for _, code := range []string{"HVL", "ASH", "BRW", "CAS", "DUN", "FER", "GRE", "KES", "MAR", "PEN"} {
		v.Firms = append(v.Firms, QueueFirm{Firm: firmOf(code), Count: 3 + len(v.Firms)%4, Href: "/queue?firm=" + code})
	}
	for i, r := range rows {
		q := QueueRow{
			Firm: firmOf(r.code), ID: id[ident.WorkItemID](i + 1), Work: r.work, Matter: r.matter, Client: r.client, Number: r.number, Label: r.label, State: r.state, Current: i == 1,
			Clock: partial.Clock{Due: s.now.Add(r.left), Now: s.now, Target: r.target, Used: r.used, Paused: r.held},
		}
		if r.held {
			q.Clock.Due = time.Time{}
			q.Chip = &partial.Chip{Icon: "comment", Text: "Asked D. Osei, 3 Nov"}
		}
		if r.label == partial.Sealed {
			q.Chip = &partial.Chip{Tone: partial.Line, Icon: "key", Text: "Named people only"}
		}
		if r.cents != 0 {
			q.Amount = usdp(r.cents)
		}
		v.Rows = append(v.Rows, q)
	}
	v.Peek = &QueuePeek{Row: v.Rows[1], Lines: "October 2026, 12 entries, 2 expenses", Clock: "8 business hours, due 11:04 EST. Paused 1 h 40 m while the firm answered.", Facts: []partial.Fact{
		{Name: "Why it is first", Value: "Ends soonest of what is not yet over"}, {Name: "Open findings", Value: "4 of 7"}, {Name: "Recorded value", Value: "$17,559.30"},
	}}
	return v
}

func TestQueueRowShowsOnlyWhatIsGranted(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]QueueRow{
		"Carrier liability · Pelham":                           {Matter: "Carrier liability", Client: "Pelham", Number: "00417-0032"},
		"Sealed matter 70125-0002, client hidden until opened": {Matter: "Kelp Bay sale", Client: "Tallis", Number: "70125-0002", Label: partial.Sealed},
		"00417-0033": {Number: "00417-0033"},
		"Pelham":     {Client: "Pelham"},
		"Recall":     {Matter: "Recall"},
	} {
		if got := r.what(); got != want {
			t.Errorf("what = %q, want %q", got, want)
		}
	}
}

func TestQueueHead(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	v := s.queue()
	if v.at() != "46 items at 10 firms" || v.when() != "Wed 4 Nov 2026, 10:42 EST" || v.over() != "1 over" {
		t.Errorf("%q %q %q", v.at(), v.when(), v.over())
	}
	one := QueueFirm{Firm: firmOf("HVL"), Count: 1}
	if one.words() != " item, Hollis & Vane LLP" {
		t.Errorf("words %q", one.words())
	}
}

// BenchmarkQueuePage renders 100 rows (DOCUMENTS 9).
func BenchmarkQueuePage(b *testing.B) {
	s := newStory(b)
	c, v := s.specialist("My queue", "queue", ""), s.queue()
	for len(v.Rows) < 100 {
		v.Rows = append(v.Rows, v.Rows[len(v.Rows)%12])
	}
	var buf bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buf.Reset()
		if err := Queue(c, v).Render(b.Context(), &buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(buf.Len()), "bytes/page")
}
