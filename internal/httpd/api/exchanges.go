package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type exchanges interface {
	List(ctx context.Context, f exchange.Filter, req page.Request) (page.Page[exchange.Rate], error)
	History(ctx context.Context, id ident.ExchangeID) ([]exchange.Rate, error)
	Enter(ctx context.Context, n exchange.New) (exchange.Rate, error)
	Settings(ctx context.Context) ([]exchange.Setting, error)
	Set(ctx context.Context, x exchange.Setting) error
}

type exchangeFiles interface {
	ImportExchanges(ctx context.Context, f capture.ExchangeFile) (capture.ExchangeResult, error)
	TryExchanges(ctx context.Context, f capture.ExchangeFile) (capture.ExchangeResult, error)
}

// ExchangeRate is one state of a pair of currencies on a day.
type ExchangeRate struct {
	ID        ident.ExchangeID `json:"id,omitempty" class:"C1" doc:"missing of one that a file would enter"`
	From      money.Currency   `json:"from_currency" class:"C1"`
	To        money.Currency   `json:"to_currency" class:"C1"`
	On        string           `json:"day" class:"C1" format:"date"`
	Rate      string           `json:"rate,omitempty" class:"C2" doc:"decimal text with eight decimals: what one unit of the first currency is in the second"`
	Source    string           `json:"source,omitempty" class:"C2" doc:"whose rates they are, as the firm agreed"`
	N         int              `json:"n,omitempty" class:"C1" doc:"1 as first entered; a correction of the day has the next"`
	Corrected bool             `json:"corrected,omitempty" class:"C1" doc:"a correction stands after it"`
	Version   int64            `json:"table_version,omitempty" class:"C1" doc:"of the firm's tables as of this rate; rates that were entered together have one"`
	By        string           `json:"by,omitempty" class:"C1"`
	At        *time.Time       `json:"at,omitempty" class:"C1"`
}

func toExchange(r exchange.Rate) ExchangeRate {
	at := r.At.UTC()
	return ExchangeRate{r.ID, r.From, r.To, day(r.On), r.Rate.String(), r.Source, r.N, !r.Latest, r.Version, r.ByName, &at}
}

// ExchangeSetting is where rates and costs of another currency are converted.
type ExchangeSetting struct {
	Client ident.ClientID `json:"client_id,omitempty" class:"C1"`
	Matter ident.MatterID `json:"matter_id,omitempty" class:"C1" doc:"with neither it is the firm's"`
	Basis  exchange.Basis `json:"basis" class:"C1" enum:"none,work_date,inherit" doc:"none: rates of another currency do not count, as without a setting; work_date: they are converted at the exchange rate of the work date"`
	Reason string         `json:"reason,omitempty" class:"C2"`
	N      int            `json:"n" class:"C1" doc:"how often it was laid down"`
	By     string         `json:"by" class:"C1"`
	At     time.Time      `json:"at" class:"C1"`
}

func toExchangeSetting(x exchange.Setting) ExchangeSetting {
	return ExchangeSetting{x.Client, x.Matter, x.Basis, x.Reason, x.N, x.By, x.At.UTC()}
}

// Conversion is how a price of an hour, or of one of a cost, came out of another currency.
type Conversion struct {
	ID      ident.ExchangeID `json:"exchange_rate_id" class:"C1"`
	From    money.Currency   `json:"from_currency" class:"C1"`
	Price   string           `json:"price,omitempty" class:"C2" doc:"in that currency; decimal text"`
	Rate    string           `json:"exchange_rate,omitempty" class:"C2"`
	On      string           `json:"day" class:"C1" format:"date" doc:"of the exchange rate"`
	Version int64            `json:"table_version" class:"C1" doc:"of the firm's tables when it was asked"`
	Words   string           `json:"words,omitempty" class:"C2" doc:"the same in words"`
}

// toConversion is nil where nothing was converted.
func toConversion(c exchange.Conversion) *Conversion {
	if !c.Is() {
		return nil
	}
	return &Conversion{c.ID, c.From, decimal(c.Price), c.Rate.String(), c.On, c.Version, c.Words()}
}

// ExchangeImport is what a file of exchange rates did, or would do.
type ExchangeImport struct {
	Format      string         `json:"format" class:"C1" enum:"csv,xlsx"`
	Read        int            `json:"read" class:"C1"`
	Right       int            `json:"right" class:"C1" doc:"rates that are new or corrections; all of them are entered when no row is refused"`
	Corrections int            `json:"corrections" class:"C1" doc:"of them: for days that have another rate"`
	Repeated    int            `json:"repeated" class:"C1" doc:"rows that say what the tables say"`
	Refused     int            `json:"refused" class:"C1"`
	DryRun      bool           `json:"dry_run" class:"C1"`
	Rates       []ExchangeRate `json:"rates"`
	Rows        []RowFault     `json:"faults"`
	Ignored     []string       `json:"ignored_columns,omitempty" class:"C1"`
}

func toExchangeImport(r capture.ExchangeResult) ExchangeImport {
	out := ExchangeImport{r.Format, r.Read, len(r.Rates), r.Corrections, r.Repeated, r.Refused, r.DryRun, make([]ExchangeRate, len(r.Rates)), toRowFaults(r.Faults), r.Ignored}
	for i, x := range r.Rates {
		out.Rates[i] = ExchangeRate{From: x.From, To: x.To, On: day(x.On), Rate: x.Rate.String(), Source: x.Source}
	}
	return out
}

// Exchanges mounts tables of exchange rates.
func Exchanges(s *httpd.Server, v exchanges, files exchangeFiles) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exchange-rates", Needs: rbac.RateRead, Summary: "Exchange rates as they stand, the latest day first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			From  string `query:"from_currency"`
			To    string `query:"to_currency"`
			Since string `query:"from" doc:"first day"`
			Until string `query:"to" doc:"last day"`
		}) (*Many[ExchangeRate], error) {
			f := exchange.Filter{From: money.Currency(in.From), To: money.Currency(in.To)}
			var err error
			if f.Since, err = parseDay("from", in.Since); err != nil {
				return nil, err
			}
			if f.Until, err = parseDay("to", in.Until); err != nil {
				return nil, err
			}
			p, err := v.List(ctx, f, in.request())
			return paged(p, err, toExchange)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exchange-rates/{id}", Needs: rbac.RateRead, Summary: "Each state of a pair on a day, the newest first, by any of them"},
		func(ctx context.Context, in *ByID) (*Many[ExchangeRate], error) {
			id, err := idOf[ident.ExchangeID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.History(ctx, id)
			return many(list, err, toExchange)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exchange-rates", Needs: rbac.RateEdit, Summary: "Enter an exchange rate; for a day that has one it is a correction, and the former stays readable", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				From      string `json:"from_currency" maxLength:"3"`
				To        string `json:"to_currency" maxLength:"3"`
				On        string `json:"day"`
				Rate      string `json:"rate" maxLength:"20"`
				Source    string `json:"source" maxLength:"80"`
				Confirmed bool   `json:"confirmed,omitempty" doc:"that a rate far from the one before is meant"`
			}
		}) (*One[ExchangeRate], error) {
			b := in.Body
			n := exchange.New{Pair: exchange.Pair{From: money.Currency(b.From), To: money.Currency(b.To)}, Source: b.Source, Confirmed: b.Confirmed}
			// What cannot be read stays zero, and is named with all else that is wrong.
			if on, err := time.Parse(time.DateOnly, b.On); err == nil {
				n.On = on
			}
			if rate, err := money.ParseExchange(b.Rate); err == nil {
				n.Rate = rate
			}
			r, err := v.Enter(ctx, n)
			return one(toExchange(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exchange-settings", Needs: rbac.RateRead, Summary: "Where rates and costs of another currency are converted: the firm, clients and matters that have a setting"},
		func(ctx context.Context, _ *InFirm) (*Many[ExchangeSetting], error) {
			list, err := v.Settings(ctx)
			return many(list, err, toExchangeSetting)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exchange-settings", Needs: rbac.RateEdit, Summary: "Lay down whether rates of another currency are converted, for a matter, a client or the firm; what was priced keeps its price"},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Client string `json:"client_id,omitempty"`
				Matter string `json:"matter_id,omitempty"`
				Basis  string `json:"basis" maxLength:"20"`
				Reason string `json:"reason,omitempty" maxLength:"500"`
			}
		}) (*Many[ExchangeSetting], error) {
			x := exchange.Setting{Basis: exchange.Basis(in.Body.Basis), Reason: in.Body.Reason}
			var err error
			if x.Client, err = optionalID[ident.ClientID](in.Body.Client); err != nil {
				return nil, err
			}
			if x.Matter, err = optionalID[ident.MatterID](in.Body.Matter); err != nil {
				return nil, err
			}
			if err := v.Set(ctx, x); err != nil {
				return nil, err
			}
			list, err := v.Settings(ctx)
			return many(list, err, toExchangeSetting)
		})
	exchangeFileRoutes(s, files)
}

func exchangeFileRoutes(s *httpd.Server, v exchangeFiles) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exchange-rates/imports", Needs: rbac.RateEdit, Summary: "Enter the exchange rates of a CSV or XLSX file (day, from, to, rate), all or none; each row that is wrong is named", Status: 201, Upload: true},
		func(ctx context.Context, in *struct {
			InFirm
			DryRun  bool `query:"dry_run" doc:"tell what would happen and change nothing"`
			RawBody huma.MultipartFormFiles[struct {
				File      huma.FormFile `form:"file" required:"true"`
				Source    string        `form:"source" required:"true" doc:"whose rates they are"`
				Mapping   string        `form:"mapping" required:"false" doc:"a name whose mapping is saved: how it writes dates and numbers"`
				Confirmed bool          `form:"confirmed" required:"false" doc:"that rates far from the one before are meant"`
			}]
		}) (*One[ExchangeImport], error) {
			form := in.RawBody.Data()
			data, err := capture.ReadUpload(form.File)
			if err != nil {
				return nil, err
			}
			do := v.ImportExchanges
			if in.DryRun {
				do = v.TryExchanges
			}
			r, err := do(ctx, capture.ExchangeFile{Mapping: form.Mapping, Source: form.Source, Confirmed: form.Confirmed, Data: data})
			return one(toExchangeImport(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exchange-rates/template", Needs: rbac.RateEdit, Summary: "A file of exchange rates to fill in, as CSV"},
		func(context.Context, *InFirm) (*Download, error) {
			return &Download{"text/csv; charset=utf-8", httpd.Attachment(exchangeTemplateName), capture.ExchangeTemplate()}, nil
		})
}

const exchangeTemplateName = "exchange-rates.csv"
