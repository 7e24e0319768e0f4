package api

import (
	"context"

	"github.com/docketry/docketry/internal/find"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

type finder interface {
	Find(ctx context.Context, firms []ident.FirmID, typed string) ([]find.Hit, bool, error)
}

type firmsOf interface {
	Firms(ctx context.Context, p rbac.Permission) ([]ident.FirmID, error)
}

// Found is one thing that was found.
type Found struct {
	Kind find.Kind    `json:"kind" class:"C1" enum:"matter,invoice,prebill,client,payor"`
	Firm ident.FirmID `json:"firm_id" class:"C1"`
	ID   string       `json:"id" class:"C1"`
	Name string       `json:"name,omitempty" class:"C2"`
	Of   string       `json:"of,omitempty" class:"C2" doc:"client or matter it belongs to"`
}

// FoundList is what was found, whole numbers first.
type FoundList struct {
	Items []Found `json:"items" class:"C1"`
	More  bool    `json:"more" class:"C1" doc:"there are others; type more of it"`
}

// Find mounts the search over what one may see.
func Find(s *httpd.Server, v finder, g firmsOf) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/find", Needs: rbac.SignedIn, Summary: "Matters, invoices, pre-bills, clients and payors by number or name"},
		func(ctx context.Context, in *struct {
			Q string `query:"q" maxLength:"80"`
		}) (*One[FoundList], error) {
			firms, err := g.Firms(ctx, rbac.MatterRead)
			if err != nil {
				return nil, err
			}
			hits, more, err := v.Find(ctx, firms, in.Q)
			out := FoundList{Items: make([]Found, len(hits)), More: more}
			for i, h := range hits {
				out.Items[i] = Found{h.Kind, h.Firm, h.ID, h.Name, h.Of}
			}
			return one(out, err)
		})
}
