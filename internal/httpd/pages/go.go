package pages

import (
	"strings"

	"github.com/docketry/docketry/internal/find"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// GoView is what was typed and where it leads.
type GoView struct {
	Typed string
	Firm  ident.FirmID // where the person is, "" across firms
	Hits  []GoHit
	More  bool
}

// GoHit is one place to go to.
type GoHit struct {
	Icon, Name, Of, Kind, Href string
	Firm                       *partial.Firm // nil for pages
}

func (v GoView) heading() string {
	if v.Typed == "" {
		return "Pages"
	}
	return "Found"
}

// MountGo adds "search or go to".
func (s *Site) MountGo(srv *httpd.Server) { get(srv, href.Go, rbac.SignedIn, s.goTo) }

func (s *Site) goTo(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Search or go to", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := GoView{Typed: r.Query("q")}
	firms, byID := []ident.FirmID{}, map[ident.FirmID]firm.Card{}
	for _, c := range cards {
		byID[c.ID] = c
		if c.Kind == "bureau" {
			continue
		}
		if string(c.ID) == r.Query("firm") { // the firm where one is comes first
			v.Firm, firms = c.ID, append([]ident.FirmID{c.ID}, firms...)
			continue
		}
		firms = append(firms, c.ID)
	}
	v.pages(f, cards)
	hits, more, err := s.Find.Find(r.Context(), firms, v.Typed)
	if err != nil {
		return httpd.Reply{}, err
	}
	v.More = more
	for _, h := range hits {
		c := byID[h.Firm]
		v.Hits = append(v.Hits, GoHit{Icon: foundIcon[h.Kind], Name: h.Name, Of: h.Of, Kind: foundWords[h.Kind], Href: foundAt(h), Firm: &partial.Firm{ID: c.ID, Code: c.Code, Name: c.Name, Slot: c.Slot}})
	}
	if len(hits) == 1 && hits[0].Same && r.Query("at") == "" {
		return httpd.Go(foundAt(hits[0]), ""), nil // its whole number: there is nothing to choose
	}
	return httpd.Show(GoPage(f.Chrome, v)), nil
}

// pages adds the pages and firms whose names hold what was typed; all pages of the
// place when nothing was.
func (v *GoView) pages(f frame, cards []firm.Card) {
	typed := strings.ToLower(strings.TrimSpace(v.Typed))
	f.FirmID = f.menuFirm(cards, f.Standing.OfBureau())
	if v.Firm != "" {
		f.FirmID = v.Firm
	}
	for _, n := range layout.Keep(layout.Menu(f.FirmID), f.allowed(f.Standing.OfBureau())) {
		if strings.Contains(strings.ToLower(n.Label), typed) {
			v.Hits = append(v.Hits, GoHit{Icon: n.Icon, Name: n.Label, Kind: "page", Href: n.Href})
		}
	}
	for _, c := range cards {
		if typed != "" && c.Kind != "bureau" && f.Standing.OfBureau() && (strings.HasPrefix(strings.ToLower(c.Code), typed) || strings.Contains(strings.ToLower(c.Name), typed)) {
			v.Hits = append(v.Hits, GoHit{Icon: "home", Name: c.Name, Kind: "firm", Href: href.Firm(c.ID), Firm: &partial.Firm{ID: c.ID, Code: c.Code, Name: c.Name, Slot: c.Slot}})
		}
	}
}

var foundIcon = map[find.Kind]string{find.Matter: "dispute", find.Invoice: "money", find.Prebill: "item", find.Client: "users", find.Payor: "id"}

var foundWords = map[find.Kind]string{find.Matter: "matter", find.Invoice: "invoice", find.Prebill: "pre-bill", find.Client: "client", find.Payor: "payor"}

func foundAt(h find.Hit) string {
	switch h.Kind {
	case find.Invoice:
		return href.Invoice(h.Firm, ident.InvoiceID(h.ID))
	case find.Prebill:
		return href.Prebill(h.Firm, ident.PrebillID(h.ID))
	case find.Client:
		return href.Client(h.Firm, ident.ClientID(h.ID))
	case find.Payor:
		return href.PayorOf(h.Firm, ident.PayorID(h.ID))
	default:
		return href.Matter(h.Firm, ident.MatterID(h.ID))
	}
}
