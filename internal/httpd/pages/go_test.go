package pages

import (
	"github.com/docketry/docketry/internal/httpd/pages/href"
)

func goFixtures(s story) []fixture {
	hvl, brw := firmOf("HVL"), firmOf("BRW")
	v := GoView{Typed: "pelham", Firm: hvl.ID, More: true, Hits: []GoHit{
		{Icon: "dispute", Name: "00417-0032 Pelham v. Cobalt Rail: breach of carriage agreement", Of: "Pelham Freight Lines", Kind: "matter", Href: "/prebill", Firm: &hvl},
		{Icon: "money", Name: "HV-20948", Of: "Pelham Freight Lines, Pelham v. Cobalt Rail", Kind: "invoice", Href: "/invoice", Firm: &hvl},
		{Icon: "users", Name: "0031 Pelham Holdings", Kind: "client", Href: "/list", Firm: &brw},
		{Icon: "queue", Name: "My queue", Kind: "page", Href: "/queue"},
	}}
	c := s.specialist("Search or go to", "", "HVL")
	return []fixture{{name: "go-page", page: GoPage(c, v), at: href.Go}, {name: "go-nothing", page: GoPage(c, GoView{Typed: "zzz"})}}
}
