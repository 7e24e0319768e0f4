package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/rbac"
)

type reminders interface {
	Board(ctx context.Context) (notice.Board, error)
	Message(ctx context.Context, id ident.LetterToPayor) (notice.ToPayor, error)
	Approve(ctx context.Context, id ident.LetterToPayor, hash string) error
	Veto(ctx context.Context, id ident.LetterToPayor, inv ident.InvoiceID, reason string, until invoice.Day) error
	Posted(ctx context.Context, id ident.LetterToPayor) error
	Arrived(ctx context.Context, id ident.LetterToPayor) error
	Lost(ctx context.Context, id ident.LetterToPayor) error
	EndTask(ctx context.Context, id ident.ReminderTask, outcome, note string) error
	Hold(ctx context.Context, n notice.NewHold) (ident.ReminderHold, error)
	EndHold(ctx context.Context, id ident.ReminderHold) error
	Promise(ctx context.Context, id ident.InvoiceID, n notice.NewPromise) (ident.PromiseID, error)
	Settings(ctx context.Context, client ident.ClientID) (notice.Settings, error)
	SetPolicy(ctx context.Context, n int, p notice.Policy, own bool) error
}

// ReminderAhead is an invoice with the stage that it reaches next, or that is kept back.
type ReminderAhead struct {
	Invoice   ident.InvoiceID `json:"invoice_id" class:"C1"`
	Number    string          `json:"number,omitempty" class:"C2"`
	Payor     ident.PayorID   `json:"payor_id" class:"C1"`
	PayorName string          `json:"payor_name,omitempty" class:"C2"`
	Stage     notice.Stage    `json:"stage" class:"C1"`
	On        string          `json:"on" class:"C1" format:"date"`
	Open      *Money          `json:"open,omitempty" class:"C2"`
	Why       notice.Reason   `json:"why,omitempty" class:"C1" doc:"what is in the way; absent of what goes"`
}

// ReminderLine is one invoice of a message.
type ReminderLine struct {
	Invoice ident.InvoiceID `json:"invoice_id" class:"C1"`
	Number  string          `json:"number,omitempty" class:"C2"`
	Stage   notice.Stage    `json:"stage" class:"C1"`
	Open    *Money          `json:"open,omitempty" class:"C2"`
	DueOn   string          `json:"due_on" class:"C1" format:"date"`
}

// ReminderMessage is one message to a payor, as it goes or went.
type ReminderMessage struct {
	ID        ident.LetterToPayor `json:"id" class:"C1"`
	Payor     ident.PayorID       `json:"payor_id" class:"C1"`
	PayorName string              `json:"payor_name,omitempty" class:"C2"`
	To        string              `json:"to,omitempty" class:"C2"`
	Partner   string              `json:"partner,omitempty" class:"C2"`
	Stage     notice.Stage        `json:"stage" class:"C1"`
	Channel   notice.Channel      `json:"channel" class:"C1"`
	Gate      notice.Gate         `json:"gate" class:"C1"`
	State     notice.LetterState  `json:"state" class:"C1"`
	On        string              `json:"on" class:"C1" format:"date"`
	Hash      string              `json:"content_hash" class:"C1" doc:"what an approval names"`
	Subject   string              `json:"subject,omitempty" class:"C2"`
	Text      string              `json:"text,omitempty" class:"C2"`
	Lines     []ReminderLine      `json:"invoices,omitempty"`
	DecidedAt *time.Time          `json:"decided_at,omitempty" class:"C1"`
}

// ReminderTaskOpen is a call or a hand-over that somebody has to do.
type ReminderTaskOpen struct {
	ID      ident.ReminderTask `json:"id" class:"C1"`
	Kind    notice.TaskKind    `json:"kind" class:"C1"`
	Stage   notice.Stage       `json:"stage" class:"C1"`
	Invoice ident.InvoiceID    `json:"invoice_id" class:"C1"`
	Number  string             `json:"number,omitempty" class:"C2"`
	Open    *Money             `json:"open,omitempty" class:"C2"`
	MadeAt  time.Time          `json:"made_at" class:"C1"`
}

// ReminderHeld is what keeps reminders back because somebody said so.
type ReminderHeld struct {
	ID     ident.ReminderHold `json:"id" class:"C1"`
	Kind   notice.HoldKind    `json:"kind" class:"C1"`
	About  string             `json:"about,omitempty" class:"C2"`
	Reason string             `json:"reason,omitempty" class:"C2"`
	Until  string             `json:"until,omitempty" class:"C1" format:"date"`
}

// ReminderBoard is what comes, waits and does not go.
type ReminderBoard struct {
	Upcoming   []ReminderAhead    `json:"upcoming"`
	Suppressed []ReminderAhead    `json:"suppressed"`
	Waiting    []ReminderMessage  `json:"waiting"`
	ToPost     []ReminderMessage  `json:"to_post"`
	Uncertain  []ReminderMessage  `json:"uncertain"`
	Bounced    []ReminderMessage  `json:"bounced"`
	Tasks      []ReminderTaskOpen `json:"tasks"`
	Holds      []ReminderHeld     `json:"holds"`
	More       []notice.List      `json:"more,omitempty" class:"C1" doc:"the lists that hold more than the 500 that stand here"`
}

func toAhead(a notice.Ahead) ReminderAhead {
	return ReminderAhead{a.Invoice, a.Number, a.Payor, a.PayorName, a.Stage, string(a.On), amount(a.OpenMinor, a.Currency), a.Why}
}

func toMessage(l notice.ToPayor) ReminderMessage {
	out := ReminderMessage{ID: l.ID, Payor: l.Payor, PayorName: l.PayorName, To: l.To, Partner: l.Partner, Stage: l.Stage, Channel: l.Channel, Gate: l.Gate, State: l.State, On: string(l.On), Hash: l.Hash, Subject: l.Subject, Text: l.Text, DecidedAt: utc(l.DecidedAt)}
	for _, x := range l.Lines {
		out.Lines = append(out.Lines, ReminderLine{x.Invoice, x.Number, x.Stage, amount(x.OpenMinor, x.Currency), string(x.DueOn)})
	}
	return out
}

func toBoard(b notice.Board) ReminderBoard {
	out := ReminderBoard{Upcoming: each(b.Upcoming, toAhead), Suppressed: each(b.Suppressed, toAhead), Waiting: each(b.Waiting, toMessage), ToPost: each(b.ToPost, toMessage), Uncertain: each(b.Uncertain, toMessage), Bounced: each(b.Bounced, toMessage), More: b.More}
	out.Tasks = each(b.Tasks, func(t notice.Task) ReminderTaskOpen {
		return ReminderTaskOpen{t.ID, t.Kind, t.Stage, t.Invoice, t.Number, amount(t.OpenMinor, t.Currency), t.MadeAt.UTC()}
	})
	out.Holds = each(b.Holds, func(h notice.Hold) ReminderHeld {
		return ReminderHeld{h.ID, h.Kind, h.About, h.Reason, string(h.Until)}
	})
	return out
}

// each maps a list; an empty one is written as one.
func each[A, B any](list []A, to func(A) B) []B {
	out := make([]B, len(list))
	for i, x := range list {
		out[i] = to(x)
	}
	return out
}

// ReminderRule is one stage of a policy.
type ReminderRule struct {
	Stage   notice.Stage   `json:"stage" class:"C1"`
	Used    bool           `json:"used" class:"C1"`
	Days    int            `json:"days" class:"C1" doc:"after the due day, below zero before it"`
	Channel notice.Channel `json:"channel" class:"C1" enum:"mail,letter,task"`
	Sender  notice.Sender  `json:"sender" class:"C1" enum:"firm,partner"`
	Gate    notice.Gate    `json:"gate" class:"C1" enum:"none,veto,approval"`
	Call    bool           `json:"call" class:"C1"`
}

// ReminderPolicy is when a firm reminds, or one client of it is reminded.
type ReminderPolicy struct {
	N            int            `json:"n" class:"C1" doc:"the last that was laid down; a change names it"`
	Own          bool           `json:"own" class:"C1" doc:"false: the standard, or for a client the firm's"`
	StatementDay int            `json:"statement_day" class:"C1"`
	Minimum      int            `json:"minimum" class:"C1" doc:"in units of the invoice's currency"`
	Zone         string         `json:"zone,omitempty" class:"C1"`
	Stages       []ReminderRule `json:"stages"`
}

func toPolicy(s notice.Settings) ReminderPolicy {
	out := ReminderPolicy{N: s.N, Own: s.Own, StatementDay: s.Now.StatementDay, Minimum: s.Now.Minimum, Zone: s.Now.Zone}
	for _, r := range s.Now.Rules {
		out.Stages = append(out.Stages, ReminderRule(r))
	}
	return out
}

// Reminders mounts the stages of reminding: what comes, what waits for whom, what is kept back.
func Reminders(s *httpd.Server, v reminders) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/reminders", Needs: rbac.ReminderRead, Summary: "What is reminded of within seven days, what waits for whom, and what is not reminded of and why"},
		func(ctx context.Context, _ *InFirm) (*One[ReminderBoard], error) {
			b, err := v.Board(ctx)
			return one(toBoard(b), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/reminders/{id}", Needs: rbac.ReminderRead, Summary: "One message with its exact text, amounts and invoices"},
		func(ctx context.Context, in *ByID) (*One[ReminderMessage], error) {
			id, err := idOf[ident.LetterToPayor](in.ID)
			if err != nil {
				return nil, err
			}
			l, err := v.Message(ctx, id)
			return one(toMessage(l), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminders/{id}/approve", Needs: rbac.ReminderDecide, Summary: "Let a message go that waits for it; refused when it is not what was looked at", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Hash string `json:"content_hash" maxLength:"64"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.LetterToPayor](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Approve(ctx, id, in.Body.Hash))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminders/{id}/veto", Needs: rbac.ReminderDecide, Summary: "Keep one invoice out of a message until a day, with a reason", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Invoice string `json:"invoice_id"`
				Reason  string `json:"reason" maxLength:"300"`
				Until   string `json:"until"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.LetterToPayor](in.ID)
			if err != nil {
				return nil, err
			}
			inv, err := idOf[ident.InvoiceID](in.Body.Invoice)
			if err != nil {
				return nil, err
			}
			return done(v.Veto(ctx, id, inv, in.Body.Reason, invoice.Day(in.Body.Until)))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminders/{id}/posted", Needs: rbac.ReminderSend, Summary: "Note that a message was posted", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.LetterToPayor](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Posted(ctx, id))
		})
	for _, end := range []struct {
		name, summary string
		do            func(context.Context, ident.LetterToPayor) error
	}{{"arrived", "Note that a message whose fate was uncertain arrived", v.Arrived}, {"lost", "Note that a message whose fate was uncertain did not arrive: its stages come again", v.Lost}} {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminders/{id}/" + end.name, Needs: rbac.ReminderSend, Summary: end.summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.LetterToPayor](in.ID)
				if err != nil {
					return nil, err
				}
				return done(end.do(ctx, id))
			})
	}
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminder-tasks/{id}/end", Needs: rbac.ReminderRead, Summary: "Note how a call or a hand-over ended", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Outcome string `json:"outcome" maxLength:"40"`
				Note    string `json:"note,omitempty" maxLength:"300"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.ReminderTask](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.EndTask(ctx, id, in.Body.Outcome, in.Body.Note))
		})
	reminderHolds(s, v)
	reminderPolicy(s, v)
}

func reminderHolds(s *httpd.Server, v reminders) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminder-holds", Needs: rbac.ReminderHold, Summary: "Keep reminders of a client, a matter or an invoice back", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Kind    notice.HoldKind `json:"kind"`
				Client  string          `json:"client_id,omitempty"`
				Matter  string          `json:"matter_id,omitempty"`
				Invoice string          `json:"invoice_id,omitempty"`
				Reason  string          `json:"reason" maxLength:"300"`
				Until   string          `json:"until,omitempty" doc:"the last day; absent until it is ended"`
			}
		}) (*One[ReminderHeld], error) {
			b := in.Body
			n := notice.NewHold{Kind: b.Kind, Reason: b.Reason, Until: invoice.Day(b.Until)}
			var err error
			if n.Client, err = optionalID[ident.ClientID](b.Client); err != nil {
				return nil, err
			}
			if n.Matter, err = optionalID[ident.MatterID](b.Matter); err != nil {
				return nil, err
			}
			if n.Invoice, err = optionalID[ident.InvoiceID](b.Invoice); err != nil {
				return nil, err
			}
			id, err := v.Hold(ctx, n)
			return one(ReminderHeld{ID: id, Kind: n.Kind, Reason: n.Reason, Until: b.Until}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/reminder-holds/{id}/end", Needs: rbac.ReminderHold, Summary: "End what keeps reminders back", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.ReminderHold](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.EndHold(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/promises", Needs: rbac.ReminderHold, Summary: "Note what the payor promised to pay by a day", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				AmountMinor int64  `json:"amount_minor"`
				On          string `json:"on"`
				Note        string `json:"note,omitempty" maxLength:"300"`
				Replaces    bool   `json:"replaces,omitempty" doc:"what was promised before and is open does not stand any more"`
			}
		}) (*One[PromiseMade], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Promise(ctx, id, notice.NewPromise{AmountMinor: in.Body.AmountMinor, On: invoice.Day(in.Body.On), Note: in.Body.Note, Replaces: in.Body.Replaces})
			return one(PromiseMade{ID: p}, err)
		})
}

// PromiseMade is a promise that was noted.
type PromiseMade struct {
	ID ident.PromiseID `json:"id" class:"C1"`
}

func reminderPolicy(s *httpd.Server, v reminders) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/reminder-policy", Needs: rbac.ReminderRead, Summary: "When the firm reminds, or a client is reminded"},
		func(ctx context.Context, in *struct {
			InFirm
			Client string `query:"client_id"`
		}) (*One[ReminderPolicy], error) {
			client, err := optionalID[ident.ClientID](in.Client)
			if err != nil {
				return nil, err
			}
			x, err := v.Settings(ctx, client)
			return one(toPolicy(x), err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/reminder-policy", Needs: rbac.ReminderSet, Summary: "Lay down when the firm reminds, or a client is reminded, from a day on", Status: 204},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				N            int            `json:"n" doc:"the last that you saw"`
				Client       string         `json:"client_id,omitempty"`
				Own          bool           `json:"own" doc:"false goes back to the standard, or for a client to the firm's"`
				From         string         `json:"from,omitempty" doc:"today when absent"`
				StatementDay int            `json:"statement_day,omitempty"`
				Minimum      int            `json:"minimum,omitempty"`
				Zone         string         `json:"zone,omitempty" maxLength:"60"`
				Stages       []ReminderRule `json:"stages,omitempty" maxItems:"8"`
			}
		}) (*Empty, error) {
			b := in.Body
			p := notice.Policy{From: invoice.Day(b.From), StatementDay: b.StatementDay, Minimum: b.Minimum, Zone: b.Zone}
			var err error
			if p.Client, err = optionalID[ident.ClientID](b.Client); err != nil {
				return nil, err
			}
			for _, r := range b.Stages {
				p.Rules = append(p.Rules, notice.Rule(r))
			}
			return done(v.SetPolicy(ctx, b.N, p, b.Own))
		})
}
