package api

import (
	"context"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/rbac"
)

type taxes interface {
	Book(ctx context.Context) (*tax.Book, ident.TreatmentID, error)
	AddCode(ctx context.Context, c tax.Code) (tax.Code, error)
	EndCode(ctx context.Context, id ident.TaxCodeID, version int, until string) (tax.Code, error)
	AddTreatment(ctx context.Context, t tax.Treatment) (tax.Treatment, error)
	EndTreatment(ctx context.Context, id ident.TreatmentID, version int, until string) (tax.Treatment, error)
	ChooseForFirm(ctx context.Context, id ident.TreatmentID) error
}

// Taxes are the codes and treatments of a firm.
type Taxes struct {
	Codes      []TaxCode         `json:"codes" class:"C1" doc:"by code, the latest first; those that ended too"`
	Treatments []TaxTreatment    `json:"treatments" class:"C1" doc:"by name; those that ended too"`
	Firm       ident.TreatmentID `json:"firm_treatment_id,omitempty" class:"C1" doc:"of bills for which nothing more specific holds"`
}

// TaxCode is a tax while its rate holds.
type TaxCode struct {
	ID       ident.TaxCodeID `json:"id" class:"C1"`
	Code     string          `json:"code" class:"C1" doc:"the firm's own word, by which treatments name it"`
	Name     string          `json:"name,omitempty" class:"C2" doc:"as printed"`
	Rate     string          `json:"rate,omitempty" class:"C2" doc:"a fraction: 0.09975 is 9.975 percent"`
	Country  string          `json:"country" class:"C1"`
	Region   string          `json:"region,omitempty" class:"C2"`
	Number   string          `json:"number,omitempty" class:"C2" doc:"of registration; missing: the firm's tax id"`
	On       string          `json:"on,omitempty" class:"C1" doc:"code of the tax that is part of its base"`
	Withheld bool            `json:"withheld" class:"C1" doc:"kept back by who pays; no part of the total"`
	From     string          `json:"from" class:"C1" format:"date"`
	Until    string          `json:"until,omitempty" class:"C1" format:"date" doc:"its last day"`
	Version  int             `json:"version" class:"C1"`
}

func toTaxCode(c tax.Code) TaxCode {
	return TaxCode{c.ID, c.Code, c.Name, c.Rate.String(), c.Country, c.Region, c.Number, c.On, c.Withheld, c.From, c.Until, c.Version}
}

// TaxTreatment says what is charged.
type TaxTreatment struct {
	ID       ident.TreatmentID `json:"id" class:"C1"`
	Name     string            `json:"name,omitempty" class:"C2"`
	Kind     tax.Kind          `json:"kind" class:"C1" enum:"taxed,zero_rated,exempt,reverse_charge"`
	Note     string            `json:"note,omitempty" class:"C2" doc:"printed on the invoice"`
	Fees     []string          `json:"fees" class:"C1" doc:"codes, in their order"`
	Expenses []string          `json:"expenses" class:"C1"`
	From     string            `json:"from" class:"C1" format:"date"`
	Until    string            `json:"until,omitempty" class:"C1" format:"date" doc:"its last day"`
	Version  int               `json:"version" class:"C1"`
}

func toTaxTreatment(t tax.Treatment) TaxTreatment {
	return TaxTreatment{t.ID, t.Name, t.Kind, t.Note, listed(t.Fees), listed(t.Expenses), t.From, t.Until, t.Version}
}

// listed is never null.
func listed(words []string) []string {
	if words == nil {
		return []string{}
	}
	return words
}

func toTaxes(b *tax.Book, own ident.TreatmentID) Taxes {
	out := Taxes{Codes: []TaxCode{}, Treatments: []TaxTreatment{}, Firm: own}
	if b == nil {
		return out
	}
	for _, c := range b.Codes {
		out.Codes = append(out.Codes, toTaxCode(c))
	}
	for _, t := range b.Treatments {
		out.Treatments = append(out.Treatments, toTaxTreatment(t))
	}
	return out
}

// TaxCodeBody is a tax to enter.
type TaxCodeBody struct {
	Code     string `json:"code" maxLength:"12"`
	Name     string `json:"name" maxLength:"20"`
	Rate     string `json:"rate" doc:"a fraction, six decimals: 0.09975"`
	Country  string `json:"country" maxLength:"2"`
	Region   string `json:"region,omitempty" maxLength:"40"`
	Number   string `json:"number,omitempty" maxLength:"40"`
	On       string `json:"on,omitempty" maxLength:"12"`
	Withheld bool   `json:"withheld,omitempty"`
	From     string `json:"from"`
}

func (b TaxCodeBody) to() (c tax.Code, err error) {
	c = tax.Code{Code: b.Code, Name: b.Name, Country: b.Country, Region: b.Region, Number: b.Number, On: b.On, Withheld: b.Withheld, From: b.From}
	if c.Rate, err = money.ParseFraction(b.Rate); err != nil {
		err = errInput.On(fault.Field{Path: "rate", Code: "number_form", Message: "enter a share such as 0.09975"})
	}
	return c, err
}

// TaxTreatmentBody is a treatment to enter.
type TaxTreatmentBody struct {
	Name     string   `json:"name" maxLength:"60"`
	Kind     tax.Kind `json:"kind" enum:"taxed,zero_rated,exempt,reverse_charge"`
	Note     string   `json:"note,omitempty" maxLength:"300" doc:"a reverse charge needs one"`
	Fees     []string `json:"fees,omitempty" maxItems:"8"`
	Expenses []string `json:"expenses,omitempty" maxItems:"8"`
	From     string   `json:"from"`
}

type untilBody struct {
	Until string `json:"until" doc:"its last day"`
}

// TaxBook mounts the taxes of a firm.
func TaxBook(s *httpd.Server, v taxes) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/taxes", Needs: rbac.FirmRead, Summary: "Tax codes and treatments of the firm"},
		func(ctx context.Context, _ *InFirm) (*One[Taxes], error) {
			b, own, err := v.Book(ctx)
			return one(toTaxes(b, own), err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/taxes", Needs: rbac.FirmEdit, Summary: "Choose the treatment of bills for which nothing more specific holds", Status: 204},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Treatment string `json:"treatment_id" doc:"empty: none"`
			}
		}) (*Empty, error) {
			id, err := optionalID[ident.TreatmentID](in.Body.Treatment)
			if err != nil {
				return nil, err
			}
			return done(v.ChooseForFirm(ctx, id))
		})
	mountTaxCodes(s, v)
	mountTreatments(s, v)
}

func mountTaxCodes(s *httpd.Server, v taxes) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/tax-codes", Needs: rbac.FirmEdit, Summary: "Enter a tax from a day on", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body TaxCodeBody
		}) (*One[TaxCode], error) {
			c, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			c, err = v.AddCode(ctx, c)
			return versioned(toTaxCode(c), c.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/tax-codes/{id}/end", Needs: rbac.FirmEdit, Summary: "Let a tax hold up to a day; the rate after it is a code of its own"},
		func(ctx context.Context, in *struct {
			Changing
			Body untilBody
		}) (*One[TaxCode], error) {
			id, version, err := changing[ident.TaxCodeID](in.Changing)
			if err != nil {
				return nil, err
			}
			c, err := v.EndCode(ctx, id, version, in.Body.Until)
			return versioned(toTaxCode(c), c.Version, err)
		})
}

func mountTreatments(s *httpd.Server, v taxes) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/tax-treatments", Needs: rbac.FirmEdit, Summary: "Enter a treatment: what is charged on fees and on expenses, or why nothing is", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body TaxTreatmentBody
		}) (*One[TaxTreatment], error) {
			b := in.Body
			t, err := v.AddTreatment(ctx, tax.Treatment{Name: b.Name, Kind: b.Kind, Note: b.Note, Fees: b.Fees, Expenses: b.Expenses, From: b.From})
			return versioned(toTaxTreatment(t), t.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/tax-treatments/{id}/end", Needs: rbac.FirmEdit, Summary: "Let a treatment that nobody has hold up to a day"},
		func(ctx context.Context, in *struct {
			Changing
			Body untilBody
		}) (*One[TaxTreatment], error) {
			id, version, err := changing[ident.TreatmentID](in.Changing)
			if err != nil {
				return nil, err
			}
			t, err := v.EndTreatment(ctx, id, version, in.Body.Until)
			return versioned(toTaxTreatment(t), t.Version, err)
		})
}

// mountWithheld settles tax that a payor withheld.
func mountWithheld(s *httpd.Server, v payments) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/withheld", Needs: rbac.PaymentPost, Summary: "Settle what the invoice says is withheld, by the payor's certificate", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Reference  string `json:"reference" maxLength:"80" doc:"number of the certificate"`
				ReceivedOn string `json:"received_on"`
			}
		}) (*One[Payment], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			on, err := invoiceDay("received_on", in.Body.ReceivedOn)
			if err != nil {
				return nil, err
			}
			p, err := v.SettleWithheld(ctx, receivable.Certificate{Invoice: id, Reference: in.Body.Reference, ReceivedOn: on})
			return versioned(toPayment(p), p.Version, err)
		})
}
