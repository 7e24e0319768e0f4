package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
)

// Errand is `docketry demo --once`: the main job from file to reminder without a
// browser, by the real services and workers.
type Errand struct {
	Out   string    // folder that gets every file; it is made
	Input string    // a CSV, XLSX or LEDES file of one's own, "" for the sample
	Say   io.Writer // what is going on
	Log   *slog.Logger
}

// Outcome is what the errand made. Paths are relative to Errand.Out.
type Outcome struct {
	Entries  EntryCounts     `json:"entries"`
	Refused  []capture.Fault `json:"refusals"` // of every file, in its order
	Unbilled []Unbilled      `json:"unbilled"` // landed, and on no bill
	Findings int             `json:"findings"`
	Prebills int             `json:"prebills"`
	Invoices []Bill          `json:"invoices"`
	Mails    []string        `json:"mails"`
	Export   Parcel          `json:"export"`
	SLA      []Promise       `json:"sla"`
	Audit    Proof           `json:"audit"`
}

// EntryCounts are rows of the imported files.
type EntryCounts struct {
	Read    int `json:"read"`
	Landed  int `json:"landed"`
	Refused int `json:"refused"`
}

// Bill is one invoice with its files. LEDES is of the format that fits it.
type Bill struct {
	Firm     string `json:"firm"`
	Number   string `json:"number"`
	Matter   string `json:"matter"`
	Currency string `json:"currency"`
	Total    string `json:"total"`
	PDF      string `json:"pdf"`
	LEDES    string `json:"ledes"`
}

// Parcel is the encrypted export and the age identity that opens it.
type Parcel struct {
	Path string `json:"path"`
	Key  string `json:"key"`
	Rows int64  `json:"rows"`
}

// Promise is how one target stood in one firm in the month of the work.
type Promise struct {
	Firm       string `json:"firm"`
	Target     string `json:"target"`
	Met        int64  `json:"met"`
	Breached   int64  `json:"breached"`
	Attainment string `json:"attainment"` // percent, "no data" without any
}

// Proof is the first firm's audit bundle, and the public key that signed it.
type Proof struct {
	Bundle string `json:"bundle"`
	Key    string `json:"key"`
}

// DoOnce runs the errand on private servers that are gone afterwards. Rows of a file of
// one's own that are refused, or that no invoice can hold, are in the outcome with their
// lines, and the others are billed; without one row that can be used it is a fault.
func DoOnce(ctx context.Context, e Errand) (o Outcome, failed error) {
	began := clock.System().Now()
	firms, plan, err := e.plan(began)
	if err != nil {
		return o, err
	}
	if err := os.MkdirAll(e.Out, 0o755); err != nil {
		return o, fmt.Errorf("make the folder for the results: %w", err)
	}
	stage, err := NewStage(ctx, "", e.Say, e.Log)
	if err != nil {
		return o, err
	}
	defer func() { failed = errors.Join(failed, stage.Close(false)) }()
	stage.Config.PublicURL = "http://127.0.0.1:8080"
	r := &errand{Errand: e, plan: plan, present: plan.present(began), stage: stage, clock: clock.At(plan.begin.AddDate(0, 0, -1))}
	if err := r.hire(ctx, firms); err != nil {
		return o, err
	}
	if err := r.work(ctx); err != nil {
		return o, err
	}
	return r.collect(ctx)
}

// plan is what is handed over, by whom and when.
type plan struct {
	begin       time.Time // the file arrives; the rest follows in steps
	steps       [5]time.Duration
	first, last time.Time // days of the work in the files
	file        func(f Firm) (name string, data []byte)
}

func (e Errand) plan(now time.Time) ([]Firm, plan, error) {
	if e.Input == "" {
		m := MonthOf(now).Back(2)
		at := time.Date(m.next().Year, m.next().Month, 6, 14, 0, 0, 0, time.UTC) // a weekday's morning in Albany on most months
		return Firms(), plan{begin: weekday(at), steps: inADay, first: time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC), last: m.last(),
			file: func(f Firm) (string, []byte) {
				return fmt.Sprintf("%s time %04d-%02d.csv", f.Code, m.Year, m.Month), TimeFile(f, m, m.last(), rows)
			}}, nil
	}
	in, err := os.Open(e.Input)
	if err != nil {
		return nil, plan{}, fmt.Errorf("open the input: %w", err)
	}
	defer in.Close()
	data, err := capture.ReadUpload(in)
	if err != nil {
		return nil, plan{}, err
	}
	f, first, last, err := guest(data, now)
	if err != nil {
		return nil, plan{}, err
	}
	p := plan{begin: weekday(last.AddDate(0, 0, 1).Add(14 * time.Hour)), steps: inADay, first: first, last: last,
		file: func(Firm) (string, []byte) { return filepath.Base(e.Input), data }}
	if p.begin.Add(24 * time.Hour).After(now) {
		p.begin, p.steps = now.Add(-time.Minute), atOnce // work of these days
	}
	return []Firm{f}, p, nil
}

// When a file's review, pre-bills, approval and invoices follow its arrival.
var (
	inADay = [5]time.Duration{0, 90 * time.Minute, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour}
	atOnce = [5]time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 40 * time.Second}
)

func weekday(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

// present is when the errand ends: within office hours, when reminders may leave,
// and while the story's grants hold.
func (p plan) present(now time.Time) time.Time {
	end := p.begin.AddDate(0, 0, 60)
	if end.After(now) {
		end = now
	}
	at := time.Date(end.Year(), end.Month(), end.Day(), 15, 0, 0, 0, time.UTC)
	for at.After(end) || at != weekday(at) {
		at = at.AddDate(0, 0, -1)
	}
	if at.Before(p.begin.Add(p.steps[4])) {
		return now
	}
	return at
}

type errand struct {
	Errand
	plan
	present time.Time
	stage   *Stage
	clock   *clock.Manual
	cast    *Cast
	worker  *app.Services
	files   []capture.Result
	parcel  Parcel
}

func (r *errand) hire(ctx context.Context, firms []Firm) error {
	letters := NewLetters()
	s, err := r.stage.Services(ctx, "docketry_api", r.clock, func(p *app.Parts) { p.Courier = letters })
	if err != nil {
		return err
	}
	if r.worker, err = r.stage.Services(ctx, "docketry_worker", r.clock, nil); err != nil {
		return err
	}
	if r.cast, err = Hire(ctx, s, r.clock, letters, nil, firms); err != nil {
		return err
	}
	r.cast.spare = r.Input != "" // the sample has no such rows: one would be a fault of ours
	return nil
}

// work plays the day, with workers beside it, and then goes on to the present: by
// then some invoices are overdue, and reminders leave.
func (r *errand) work(ctx context.Context) (failed error) {
	engine, err := app.NewEngine(r.worker)
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(working) }()
	defer func() {
		stop()
		failed = errors.Join(failed, <-ended)
	}()
	r.cast.labour = r.await
	var s script
	for _, t := range r.cast.Firms {
		at := func(i int) time.Time { return r.begin.Add(r.steps[i]) }
		s.at(at(0), t.Code+" hands over its time", r.handOver(t))
		s.at(at(1), t.Code+" file is reviewed", r.cast.reviewed(t))
		s.at(at(2), t.Code+" pre-bills", r.cast.draw(t, r.last, t.matters(every), true))
		s.at(at(3), t.Code+" partner approves", r.cast.approve(t, true))
	}
	s.at(r.begin.Add(r.steps[4]), "invoice run", r.cast.run("Invoice run"))
	s.at(r.present, "reminders", r.remind)
	s.at(r.present, "export", r.export)
	return r.cast.play(ctx, &s, r.present)
}

func (r *errand) handOver(t *Tenant) func(ctx context.Context) error {
	return func(context.Context) error {
		name, data := r.file(t.Firm)
		got, err := r.cast.s.Capture.Import(r.cast.As(t.ID, r.cast.specialist(t)), capture.Upload{Name: name, Data: data})
		r.files = append(r.files, got)
		return err
	}
}

func (r *errand) remind(ctx context.Context) error {
	if _, err := r.worker.Notices.Sweep(ctx); err != nil {
		return fmt.Errorf("send reminders: %w", err)
	}
	return r.await(ctx)
}

// await returns when the workers have nothing left to do; a job that waits for a
// person is a failure of the errand.
func (r *errand) await(ctx context.Context) error {
	board := outbox.NewBoard(r.cast.s.DB, r.cast.s.Guard)
	lead := r.cast.People["lotte.brandsma@larkspur.example"]
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		busy := 0
		for _, t := range r.cast.Firms {
			counts, err := board.Counts(r.cast.As(t.ID, lead))
			if err != nil {
				return fmt.Errorf("count the jobs: %w", err)
			}
			if n := counts[outbox.StateParked]; n > 0 {
				return r.parked(board, t)
			}
			busy += counts[outbox.StatePending] + counts[outbox.StateRunning]
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (r *errand) parked(board *outbox.Board, t *Tenant) error {
	list, err := board.List(r.cast.As(t.ID, r.cast.People["lotte.brandsma@larkspur.example"]), outbox.StateParked, page.Request{Size: 1})
	if err != nil {
		return err
	}
	for _, j := range list.Items {
		return fmt.Errorf("a job %s of %s waits for a person: %s", j.Kind, t.Name, j.Reason)
	}
	return nil
}

func (r *errand) collect(ctx context.Context) (o Outcome, err error) {
	o.Prebills, o.Unbilled = r.cast.drawn, r.cast.unbilled
	slices.SortStableFunc(o.Unbilled, func(a, b Unbilled) int { return a.Line - b.Line })
	for _, f := range r.files {
		o.Entries.Read += f.Read
		o.Entries.Landed += f.Landed
		o.Entries.Refused += f.Refused
		o.Findings += f.Findings
		for _, x := range f.Faults {
			if x.Severity == capture.Refused {
				o.Refused = append(o.Refused, x)
			}
		}
	}
	for _, t := range r.cast.Firms {
		bills, err := r.bills(t)
		if err != nil {
			return o, fmt.Errorf("invoices of %s: %w", t.Name, err)
		}
		o.Invoices = append(o.Invoices, bills...)
		promises, err := r.promises(t)
		if err != nil {
			return o, fmt.Errorf("service level of %s: %w", t.Name, err)
		}
		o.SLA = append(o.SLA, promises...)
	}
	o.Export = r.parcel
	if o.Mails, err = r.mails(); err != nil {
		return o, fmt.Errorf("mails: %w", err)
	}
	o.Audit, err = r.proof(ctx, r.cast.Firms[0])
	return o, err
}

// bills saves the files of every invoice of a firm; the partner may see them all.
func (r *errand) bills(t *Tenant) ([]Bill, error) {
	as := r.cast.As(t.ID, t.Partner)
	var bills []Bill
	for req := (page.Request{Size: page.MaxSize}); ; {
		list, err := r.cast.s.Invoices.List(as, invoice.Filter{}, req)
		if err != nil {
			return nil, err
		}
		for _, inv := range list.Items {
			b := Bill{Firm: t.Name, Number: inv.Number, Matter: inv.MatterNumber, Currency: string(inv.Currency), Total: (money.Amount{Minor: inv.TotalMinor, Currency: inv.Currency}).Text()}
			v, err := r.cast.s.Invoices.Get(as, inv.ID)
			if err != nil {
				return nil, err
			}
			for _, f := range v.Files {
				c, err := r.cast.s.Invoices.File(as, inv.ID, f.Format)
				if err != nil {
					return nil, err
				}
				name, err := r.save(filepath.Join("invoices", t.Code, c.Name), c.Bytes)
				if err != nil {
					return nil, err
				}
				if f.Format == invoice.FormatPDF {
					b.PDF = name
				} else {
					b.LEDES = name
				}
			}
			bills = append(bills, b)
		}
		if list.Next == "" {
			return bills, nil
		}
		req.After = list.Next
	}
}

func (r *errand) promises(t *Tenant) (list []Promise, err error) {
	on := r.begin.In(t.Zone)
	report, err := r.cast.s.SLA.Report(r.cast.As(t.ID, t.Partner), sla.Month{Year: on.Year(), Month: on.Month()})
	if err != nil {
		return nil, err
	}
	for _, x := range report.Targets {
		ratio := x.Now().Ratio
		list = append(list, Promise{Firm: t.Name, Target: x.Key, Met: ratio.Met, Breached: ratio.Breached, Attainment: ratio.String()})
	}
	return list, nil
}

func (r *errand) mails() (list []string, err error) {
	letters, err := os.ReadDir(r.stage.Mails())
	if err != nil {
		return nil, err
	}
	for _, l := range letters {
		b, err := os.ReadFile(filepath.Join(r.stage.Mails(), l.Name()))
		if err != nil {
			return nil, err
		}
		name, err := r.save(filepath.Join("mails", l.Name()), b)
		if err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, nil
}

// export asks, as the firm's specialist, for the entries of the firm's first client;
// the firm's administrator says yes, a worker builds, the specialist fetches.
func (r *errand) export(ctx context.Context) error {
	t := r.cast.Firms[0]
	as, svc := r.cast.As(t.ID, r.cast.specialist(t)), r.cast.s.Exports
	e, identity, err := svc.Request(as, export.NewRequest{From: invoice.DayOf(r.first), To: invoice.DayOf(r.last), Form: export.FormFull,
		Clients: []ident.ClientID{t.clientOf(t.Clients[0])}, Hours: 24, Reason: "Sample of the work of one client"})
	if err != nil {
		return err
	}
	for _, who := range []ident.PersonID{t.Admin, t.Partner}[:e.ApprovalsDue] {
		now, err := svc.Get(as, e.ID)
		if err != nil {
			return err
		}
		if err := svc.Approve(r.cast.As(t.ID, who), e.ID, now.Version); err != nil {
			return fmt.Errorf("approve: %w", err)
		}
	}
	if err := r.await(ctx); err != nil {
		return err
	}
	if e, err = svc.Get(as, e.ID); err != nil {
		return err
	}
	r.parcel.Rows = e.RowsDone
	if r.parcel.Key, err = r.save("export-key.txt", []byte(identity.Reveal()+"\n")); err != nil {
		return err
	}
	return r.fetch(as, e.ID)
}

// fetch downloads the built export as a browser would: with a ticket for one look.
func (r *errand) fetch(as context.Context, id ident.ExportID) error {
	const network = "127.0.0.1"
	ticket, err := r.cast.s.Exports.Ticket(as, id, network)
	if err != nil {
		return err
	}
	f, err := r.cast.s.Exports.Download(as, ticket.Reveal(), network, "")
	if err != nil {
		return err
	}
	defer f.Body.Close()
	b, err := io.ReadAll(f.Body)
	if err != nil {
		return err
	}
	r.parcel.Path, err = r.save(f.Name, b)
	return err
}

// proof seals what has been recorded and saves the firm's bundle.
func (r *errand) proof(ctx context.Context, t *Tenant) (p Proof, err error) {
	keeper, err := audit.NewKeeper(r.worker.DB, r.worker.AuditKey)
	if err != nil {
		return p, err
	}
	if _, err := keeper.Sequence(ctx); err != nil {
		return p, err
	}
	if err := keeper.SignNow(ctx, t.ID); err != nil {
		return p, err
	}
	var b bytes.Buffer
	if err := r.cast.s.Audit.Bundle(r.cast.As(t.ID, t.Admin), &b); err != nil {
		return p, err
	}
	if p.Bundle, err = r.save("audit-"+t.Code+".jsonl", b.Bytes()); err != nil {
		return p, err
	}
	p.Key, err = r.save("audit-key.txt", []byte(r.worker.AuditKey.Public()+"\n"))
	return p, err
}

// save writes a file of the results, readable by its owner alone.
func (r *errand) save(name string, b []byte) (string, error) {
	full := filepath.Join(r.Out, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return "", err
	}
	return filepath.ToSlash(name), os.WriteFile(full, b, 0o600)
}
