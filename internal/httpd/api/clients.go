package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

type clients interface {
	Clients(ctx context.Context) ([]matter.Client, error)
	Client(ctx context.Context, id ident.ClientID) (matter.Client, error)
	SaveClient(ctx context.Context, c matter.Client) (matter.Client, error)
}

// Client is a customer of the firm.
type Client struct {
	ID      ident.ClientID     `json:"id" class:"C1"`
	Number  string             `json:"number,omitempty" class:"C2"`
	Name    string             `json:"name,omitempty" class:"C2"`
	Taxes   *ident.TreatmentID `json:"treatment_id,omitempty" class:"C1" doc:"its tax treatment, where payor and matter have none"`
	Status  string             `json:"status" class:"C1" enum:"active,closed"`
	Version int                `json:"version" class:"C1"`
}

func toClient(c matter.Client) Client {
	return Client{c.ID, c.Number, c.Name, c.Treatment, c.Status, c.Version}
}

type clientBody struct {
	Number string             `json:"number" maxLength:"20"`
	Name   string             `json:"name" maxLength:"120"`
	Taxes  *ident.TreatmentID `json:"treatment_id,omitempty" doc:"left out: as it was; empty: none"`
	Status string             `json:"status,omitempty" enum:"active,closed"`
}

// Clients mounts the firm's customers.
func Clients(s *httpd.Server, v clients) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/clients", Needs: rbac.ClientRead, Summary: "Clients, by number"},
		func(ctx context.Context, _ *InFirm) (*Many[Client], error) {
			list, err := v.Clients(ctx)
			return many(list, err, toClient)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/clients/{id}", Needs: rbac.ClientRead, Summary: "One client"},
		func(ctx context.Context, in *ByID) (*One[Client], error) {
			id, err := idOf[ident.ClientID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Client(ctx, id)
			return versioned(toClient(c), c.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/clients", Needs: rbac.ClientEdit, Summary: "Enter a client", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body clientBody
		}) (*One[Client], error) {
			c, err := v.SaveClient(ctx, matter.Client{Number: in.Body.Number, Name: in.Body.Name, Treatment: in.Body.Taxes, Status: in.Body.Status})
			return versioned(toClient(c), c.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/clients/{id}", Needs: rbac.ClientEdit, Summary: "Change a client"},
		func(ctx context.Context, in *struct {
			Changing
			Body clientBody
		}) (*One[Client], error) {
			id, version, err := changing[ident.ClientID](in.Changing)
			if err != nil {
				return nil, err
			}
			c, err := v.SaveClient(ctx, matter.Client{ID: id, Number: in.Body.Number, Name: in.Body.Name, Treatment: in.Body.Taxes, Status: in.Body.Status, Version: version})
			return versioned(toClient(c), c.Version, err)
		})
}
