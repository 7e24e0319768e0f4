package api

import (
	"context"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

type matters interface {
	Matters(ctx context.Context, client ident.ClientID) ([]matter.Matter, error)
	Matter(ctx context.Context, id ident.MatterID) (matter.Matter, error)
	SaveMatter(ctx context.Context, m matter.Matter) (matter.Matter, error)
}

// Matter is one piece of work.
type Matter struct {
	ID            ident.MatterID     `json:"id" class:"C1"`
	Client        ident.ClientID     `json:"client_id" class:"C1"`
	ClientName    string             `json:"client_name,omitempty" class:"C2"`
	Payor         ident.PayorID      `json:"payor_id" class:"C1"`
	PayorName     string             `json:"payor_name,omitempty" class:"C2"`
	Number        string             `json:"number,omitempty" class:"C2"`
	Name          string             `json:"name,omitempty" class:"C2"`
	PracticeGroup string             `json:"practice_group,omitempty" class:"C2"`
	Label         string             `json:"label" class:"C1" enum:"standard,confidential,restricted,sealed"`
	TaskSet       string             `json:"task_set,omitempty" class:"C1"`
	ClientMatter  string             `json:"client_matter,omitempty" class:"C2"`
	Currency      money.Currency     `json:"currency" class:"C1"`
	TaxRate       string             `json:"tax_rate,omitempty" class:"C2" doc:"a share, such as 0.2"`
	TaxNote       string             `json:"tax_note,omitempty" class:"C2"`
	Taxes         *ident.TreatmentID `json:"treatment_id,omitempty" class:"C1" doc:"its tax treatment, in place of tax_rate and tax_note; the payor's goes before it"`
	Responsible   ident.PersonID     `json:"responsible_id,omitempty" class:"C1"`
	OpenedOn      string             `json:"opened_on" class:"C1" format:"date"`
	ClosedOn      string             `json:"closed_on,omitempty" class:"C1" format:"date"`
	Status        string             `json:"status" class:"C1" enum:"open,closed"`
	Version       int                `json:"version" class:"C1"`
	Adverse       []string           `json:"adverse_parties,omitempty" class:"C2" doc:"against the client, by name"`
	Related       []string           `json:"related_parties,omitempty" class:"C2" doc:"beside the client, by name"`
}

func toMatter(m matter.Matter) Matter {
	return Matter{m.ID, m.ClientID, m.ClientName, m.PayorID, m.PayorName, m.Number, m.Name, m.PracticeGroup, m.Label.String(), m.TaskSet, m.ClientMatter,
		m.Currency, m.TaxRate.String(), m.TaxNote, m.Treatment, m.Responsible, day(m.OpenedOn), dayOf(m.ClosedOn), m.Status, m.Version, m.Adverse, m.Related}
}

type matterBody struct {
	Client        string             `json:"client_id"`
	Payor         string             `json:"payor_id"`
	Number        string             `json:"number" maxLength:"20"`
	Name          string             `json:"name" maxLength:"255"`
	PracticeGroup string             `json:"practice_group,omitempty" maxLength:"60"`
	Label         string             `json:"label" enum:"standard,confidential,restricted,sealed"`
	TaskSet       string             `json:"task_set,omitempty"`
	ClientMatter  string             `json:"client_matter,omitempty" maxLength:"20"`
	Currency      money.Currency     `json:"currency"`
	TaxRate       string             `json:"tax_rate,omitempty" doc:"a share, such as 0.2"`
	TaxNote       string             `json:"tax_note,omitempty" maxLength:"300"`
	Taxes         *ident.TreatmentID `json:"treatment_id,omitempty" doc:"left out: as it was; empty: none, tax_rate and tax_note hold"`
	Responsible   string             `json:"responsible_id,omitempty"`
	OpenedOn      string             `json:"opened_on"`
	ClosedOn      string             `json:"closed_on,omitempty"`
	Adverse       []string           `json:"adverse_parties,omitempty" maxItems:"100" doc:"against the client, by name; a name is kept once, and a change that leaves the field out removes them"`
	Related       []string           `json:"related_parties,omitempty" maxItems:"100" doc:"beside the client, by name; likewise"`
}

func (b matterBody) to() (m matter.Matter, err error) {
	m = matter.Matter{Number: b.Number, Name: b.Name, PracticeGroup: b.PracticeGroup, Label: labels[b.Label], TaskSet: b.TaskSet,
		ClientMatter: b.ClientMatter, Currency: b.Currency, TaxNote: b.TaxNote, Treatment: b.Taxes, Status: "open",
		Parties: matter.Parties{Adverse: b.Adverse, Related: b.Related}}
	if m.ClientID, err = idOf[ident.ClientID](b.Client); err != nil {
		return m, err
	}
	if m.PayorID, err = idOf[ident.PayorID](b.Payor); err != nil {
		return m, err
	}
	if m.Responsible, err = optionalID[ident.PersonID](b.Responsible); err != nil {
		return m, err
	}
	if m.OpenedOn, err = parseDay("opened_on", b.OpenedOn); err != nil {
		return m, err
	}
	if b.TaxRate != "" {
		if m.TaxRate, err = money.ParseFraction(b.TaxRate); err != nil {
			return m, errInput.On(fault.Field{Path: "tax_rate", Code: "number_form", Message: "enter a share such as 0.2"})
		}
	}
	if b.ClosedOn != "" {
		closed, err := parseDay("closed_on", b.ClosedOn)
		if err != nil {
			return m, err
		}
		m.ClosedOn, m.Status = &closed, "closed"
	}
	return m, nil
}

// Matters mounts the firm's matters.
func Matters(s *httpd.Server, v matters) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/matters", Needs: rbac.MatterRead, Summary: "Matters you may know of"},
		func(ctx context.Context, in *struct {
			InFirm
			Client string `query:"client_id"`
		}) (*Many[Matter], error) {
			client, err := optionalID[ident.ClientID](in.Client)
			if err != nil {
				return nil, err
			}
			list, err := v.Matters(ctx, client)
			return many(list, err, toMatter)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/matters/{id}", Needs: rbac.MatterRead, Summary: "One matter"},
		func(ctx context.Context, in *ByID) (*One[Matter], error) {
			id, err := idOf[ident.MatterID](in.ID)
			if err != nil {
				return nil, err
			}
			m, err := v.Matter(ctx, id)
			return versioned(toMatter(m), m.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/matters", Needs: rbac.MatterEdit, Summary: "Open a matter", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body matterBody
		}) (*One[Matter], error) {
			m, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			m, err = v.SaveMatter(ctx, m)
			return versioned(toMatter(m), m.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/matters/{id}", Needs: rbac.MatterEdit, Summary: "Change or close a matter"},
		func(ctx context.Context, in *struct {
			Changing
			Body matterBody
		}) (*One[Matter], error) {
			id, version, err := changing[ident.MatterID](in.Changing)
			if err != nil {
				return nil, err
			}
			m, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			m.ID, m.Version = id, version
			m, err = v.SaveMatter(ctx, m)
			return versioned(toMatter(m), m.Version, err)
		})
}
