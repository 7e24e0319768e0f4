package api

import (
	"context"

	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

type firms interface {
	Mine(ctx context.Context) ([]firm.Card, error)
	All(ctx context.Context) ([]firm.Card, error)
	Create(ctx context.Context, n firm.New) (firm.Firm, error)
	Get(ctx context.Context) (firm.Firm, error)
	Edit(ctx context.Context, version int, d firm.Details) (firm.Firm, error)
	EditBank(ctx context.Context, version int, b firm.Bank) (firm.Firm, error)
	Numberings(ctx context.Context) ([]firm.Numbering, error)
	SetPattern(ctx context.Context, s firm.Series, version int, pattern string) error
}

// FirmCard is a firm in a list.
type FirmCard struct {
	ID   ident.FirmID `json:"id" class:"C1"`
	Kind firm.Kind    `json:"kind" class:"C1" enum:"firm,bureau"`
	Code string       `json:"code" class:"C1"`
	Name string       `json:"name" class:"C1"`
	Slot int          `json:"slot" class:"C1" doc:"its colour and shape on pages"`
	TZ   string       `json:"tz" class:"C1"`
}

func toCard(c firm.Card) FirmCard { return FirmCard{c.ID, c.Kind, c.Code, c.Name, c.Slot, c.TZ} }

// Firm is one tenant.
type Firm struct {
	FirmCard
	Status   string         `json:"status" class:"C1"`
	Currency money.Currency `json:"currency" class:"C1"`
	Address  string         `json:"address,omitempty" class:"C2"`
	Country  string         `json:"country" class:"C1"`
	TaxID    string         `json:"tax_id,omitempty" class:"C2"`
	ReplyTo  string         `json:"reply_to,omitempty" class:"C2"`
	Rounding money.Rounding `json:"rounding" class:"C1"`
	Bank     *Bank          `json:"bank,omitempty" class:"C2"`
	Version  int            `json:"version" class:"C1"`
}

// Bank is where payors send the money.
type Bank struct {
	Name    string `json:"name" maxLength:"60"`
	Account string `json:"account" maxLength:"60" doc:"IBAN without blanks, or an account number"`
	Code    string `json:"code" maxLength:"60" doc:"BIC, routing number or sort code"`
}

func toFirm(f firm.Firm) Firm {
	out := Firm{FirmCard: FirmCard{f.ID, f.Kind, f.Code, f.Name, f.Slot, f.TZ}, Status: f.Status, Currency: f.Currency, Address: f.Address,
		Country: f.Country, TaxID: f.TaxID, ReplyTo: f.ReplyTo, Rounding: f.Rounding, Version: f.Version}
	if f.Bank != (firm.Bank{}) {
		out.Bank = &Bank{f.Bank.Name, f.Bank.Account, f.Bank.Code}
	}
	return out
}

// Numbering is one series of numbers.
type Numbering struct {
	Series  firm.Series `json:"series" class:"C1"`
	Pattern string      `json:"pattern" class:"C1"`
	Next    int64       `json:"next" class:"C1" doc:"for information; the number is given at issue"`
	Version int         `json:"version" class:"C1"`
}

// FirmChange is a change of the firm's own row.
type FirmChange struct {
	InFirm
	httpd.IfMatch
}

// Firms mounts the tenants.
func Firms(s *httpd.Server, v firms) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms", Needs: rbac.SignedIn, Summary: "Firms in which you hold a grant; all of them for the bureau's administrators"},
		func(ctx context.Context, in *struct {
			All bool `query:"all"`
		}) (*Many[FirmCard], error) {
			read := v.Mine
			if in.All {
				read = v.All
			}
			list, err := read(ctx)
			return many(list, err, toCard)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms", Needs: rbac.FirmCreate, Summary: "Open a firm with its first administrator", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			Body struct {
				Code     string         `json:"code" maxLength:"3"`
				Name     string         `json:"name" maxLength:"120"`
				TZ       string         `json:"tz" maxLength:"64"`
				Currency money.Currency `json:"currency"`
				Address  string         `json:"address" maxLength:"500"`
				Country  string         `json:"country" maxLength:"2"`
				TaxID    string         `json:"tax_id,omitempty" maxLength:"40"`
				Pattern  string         `json:"invoice_pattern,omitempty" maxLength:"40"`
				Admin    Invitee        `json:"admin"`
			}
		}) (*One[FirmCard], error) {
			b := in.Body
			f, err := v.Create(ctx, firm.New{Code: b.Code, Name: b.Name, TZ: b.TZ, Currency: b.Currency, Address: b.Address, Country: b.Country, TaxID: b.TaxID,
				InvoicePattern: b.Pattern, Admin: firm.Admin{Name: b.Admin.Name, Email: b.Admin.Email}})
			return one(toFirm(f).FirmCard, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}", Needs: rbac.FirmRead, Summary: "The firm as it stands on its invoices"},
		func(ctx context.Context, _ *InFirm) (*One[Firm], error) {
			f, err := v.Get(ctx)
			return versioned(toFirm(f), f.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}", Needs: rbac.FirmEdit, Summary: "Change name, address, tax number, reply address, rounding"},
		func(ctx context.Context, in *struct {
			FirmChange
			Body struct {
				Name     string         `json:"name" maxLength:"120"`
				Address  string         `json:"address" maxLength:"500"`
				Country  string         `json:"country" maxLength:"2"`
				TaxID    string         `json:"tax_id" maxLength:"40"`
				ReplyTo  string         `json:"reply_to" maxLength:"254"`
				Rounding money.Rounding `json:"rounding" enum:"half_up,half_even"`
			}
		}) (*One[Firm], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			b := in.Body
			f, err := v.Edit(ctx, version, firm.Details{Name: b.Name, Address: b.Address, Country: b.Country, TaxID: b.TaxID, ReplyTo: b.ReplyTo, Rounding: b.Rounding})
			return versioned(toFirm(f), f.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/bank", Needs: rbac.FirmBank, Summary: "Change where payors send the money"},
		func(ctx context.Context, in *struct {
			FirmChange
			Body Bank
		}) (*One[Firm], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			f, err := v.EditBank(ctx, version, firm.Bank{Name: in.Body.Name, Account: in.Body.Account, Code: in.Body.Code})
			return versioned(toFirm(f), f.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/numbering", Needs: rbac.FirmRead, Summary: "How invoices and credit notes are numbered"},
		func(ctx context.Context, _ *InFirm) (*Many[Numbering], error) {
			list, err := v.Numberings(ctx)
			return many(list, err, func(n firm.Numbering) Numbering { return Numbering{n.Series, n.Pattern, n.Next, n.Version} })
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/numbering/{id}", Needs: rbac.FirmEdit, Summary: "Change how the numbers of a series are written", Status: 204},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Pattern string `json:"pattern" maxLength:"40"`
			}
		}) (*Empty, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			return done(v.SetPattern(ctx, firm.Series(in.ID), version, in.Body.Pattern))
		})
}
