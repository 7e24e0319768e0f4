package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

type payors interface {
	Payors(ctx context.Context, client ident.ClientID) ([]matter.Payor, error)
	Payor(ctx context.Context, id ident.PayorID) (matter.Payor, []matter.Contact, error)
	SavePayor(ctx context.Context, p matter.Payor) (matter.Payor, error)
	SaveContact(ctx context.Context, k matter.Contact) (matter.Contact, error)
	VerifyContact(ctx context.Context, id ident.ContactID, version int) (matter.Contact, error)
}

// Payor receives and pays invoices.
type Payor struct {
	ID        ident.PayorID      `json:"id" class:"C1"`
	Client    ident.ClientID     `json:"client_id" class:"C1"`
	Name      string             `json:"name,omitempty" class:"C2"`
	Address   string             `json:"address,omitempty" class:"C2"`
	Country   string             `json:"country,omitempty" class:"C2"`
	TaxID     string             `json:"tax_id,omitempty" class:"C2"`
	TermsDays int                `json:"terms_days" class:"C1"`
	Delivery  matter.Delivery    `json:"delivery" class:"C1" enum:"mail_link,mail_attachment,portal"`
	EBill     matter.EBill       `json:"ebill" class:"C1" enum:"ledes_flat,ledes_xml_21,ledes_xml_22" doc:"which e-bill is made of its invoices; a flat one is LEDES 1998B, or 98BI V2 where there is tax"`
	Portal    *ident.PortalID    `json:"portal_id,omitempty" class:"C1" doc:"the receiver it is served through; its format goes before ebill"`
	Taxes     *ident.TreatmentID `json:"treatment_id,omitempty" class:"C1" doc:"its tax treatment, before all others"`
	Status    string             `json:"status" class:"C1" enum:"active,closed"`
	Version   int                `json:"version" class:"C1"`
	Contacts  []Contact          `json:"contacts,omitempty"`
}

// Contact is an address of a payor.
type Contact struct {
	ID       ident.ContactID `json:"id" class:"C1"`
	Name     string          `json:"name,omitempty" class:"C2"`
	Email    string          `json:"email,omitempty" class:"C2"`
	Verified *time.Time      `json:"verified_at,omitempty" class:"C1" doc:"mail goes to verified contacts only"`
	Status   string          `json:"status" class:"C1" enum:"active,closed,bounced"`
	Version  int             `json:"version" class:"C1"`
}

func toContact(k matter.Contact) Contact {
	return Contact{k.ID, k.Name, k.Email, utc(k.VerifiedAt), k.Status, k.Version}
}

func toPayor(p matter.Payor) Payor {
	return Payor{ID: p.ID, Client: p.ClientID, Name: p.Name, Address: p.Address, Country: p.Country, TaxID: p.TaxID, TermsDays: p.TermsDays, Delivery: p.Delivery, EBill: p.EBill, Portal: p.Portal, Taxes: p.Treatment, Status: p.Status, Version: p.Version}
}

// PayorBody is what may be said of a payor.
type PayorBody struct {
	Name      string             `json:"name" maxLength:"120"`
	Address   string             `json:"address" maxLength:"500"`
	Country   string             `json:"country" maxLength:"2"`
	TaxID     string             `json:"tax_id,omitempty" maxLength:"40"`
	TermsDays int                `json:"terms_days" minimum:"0" maximum:"180"`
	Delivery  matter.Delivery    `json:"delivery" enum:"mail_link,mail_attachment,portal"`
	EBill     matter.EBill       `json:"ebill,omitempty" enum:"ledes_flat,ledes_xml_21,ledes_xml_22" doc:"left out: ledes_flat for a new payor, else as it was"`
	Portal    *ident.PortalID    `json:"portal_id,omitempty" doc:"the receiver it is served through; left out: as it was; empty: none"`
	Taxes     *ident.TreatmentID `json:"treatment_id,omitempty" doc:"its tax treatment; left out: as it was; empty: none"`
	Status    string             `json:"status,omitempty" enum:"active,closed"`
}

func (b PayorBody) to(p matter.Payor) matter.Payor {
	p.Name, p.Address, p.Country, p.TaxID, p.TermsDays, p.Delivery, p.EBill, p.Portal, p.Treatment, p.Status = b.Name, b.Address, b.Country, b.TaxID, b.TermsDays, b.Delivery, b.EBill, b.Portal, b.Taxes, b.Status
	return p
}

type contactBody struct {
	Name   string `json:"name" maxLength:"120"`
	Email  string `json:"email" maxLength:"254"`
	Status string `json:"status,omitempty" enum:"active,closed,bounced"`
}

// Payors mounts who receives and pays, with their contacts.
func Payors(s *httpd.Server, v payors) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/payors", Needs: rbac.PayorRead, Summary: "Payors, of one client or of all"},
		func(ctx context.Context, in *struct {
			InFirm
			Client string `query:"client_id"`
		}) (*Many[Payor], error) {
			client, err := optionalID[ident.ClientID](in.Client)
			if err != nil {
				return nil, err
			}
			list, err := v.Payors(ctx, client)
			return many(list, err, toPayor)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/payors/{id}", Needs: rbac.PayorRead, Summary: "One payor with its contacts"},
		func(ctx context.Context, in *ByID) (*One[Payor], error) {
			id, err := idOf[ident.PayorID](in.ID)
			if err != nil {
				return nil, err
			}
			p, contacts, err := v.Payor(ctx, id)
			out := toPayor(p)
			for _, k := range contacts {
				out.Contacts = append(out.Contacts, toContact(k))
			}
			return versioned(out, p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/payors", Needs: rbac.PayorEdit, Summary: "Enter a payor of a client", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Client string `json:"client_id"`
				PayorBody
			}
		}) (*One[Payor], error) {
			client, err := idOf[ident.ClientID](in.Body.Client)
			if err != nil {
				return nil, err
			}
			p, err := v.SavePayor(ctx, in.Body.to(matter.Payor{ClientID: client}))
			return versioned(toPayor(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/payors/{id}", Needs: rbac.PayorEdit, Summary: "Change a payor"},
		func(ctx context.Context, in *struct {
			Changing
			Body PayorBody
		}) (*One[Payor], error) {
			id, version, err := changing[ident.PayorID](in.Changing)
			if err != nil {
				return nil, err
			}
			p, err := v.SavePayor(ctx, in.Body.to(matter.Payor{ID: id, Version: version}))
			return versioned(toPayor(p), p.Version, err)
		})
	mountContacts(s, v)
}

func mountContacts(s *httpd.Server, v payors) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/payors/{id}/contacts", Needs: rbac.PayorEdit, Summary: "Enter a contact; mail goes there once it is verified", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body contactBody
		}) (*One[Contact], error) {
			payor, err := idOf[ident.PayorID](in.ID)
			if err != nil {
				return nil, err
			}
			k, err := v.SaveContact(ctx, matter.Contact{PayorID: payor, Name: in.Body.Name, Email: in.Body.Email, Status: in.Body.Status})
			return versioned(toContact(k), k.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/contacts/{id}", Needs: rbac.PayorEdit, Summary: "Change a contact; a new address needs verifying again"},
		func(ctx context.Context, in *struct {
			Changing
			Body contactBody
		}) (*One[Contact], error) {
			id, version, err := changing[ident.ContactID](in.Changing)
			if err != nil {
				return nil, err
			}
			k, err := v.SaveContact(ctx, matter.Contact{ID: id, Name: in.Body.Name, Email: in.Body.Email, Status: in.Body.Status, Version: version})
			return versioned(toContact(k), k.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/contacts/{id}/verify", Needs: rbac.ContactVerify, Summary: "Confirm that the address is the payor's"},
		func(ctx context.Context, in *Changing) (*One[Contact], error) {
			id, version, err := changing[ident.ContactID](*in)
			if err != nil {
				return nil, err
			}
			k, err := v.VerifyContact(ctx, id, version)
			return versioned(toContact(k), k.Version, err)
		})
}
