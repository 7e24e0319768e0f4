package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Item is a work item with its clocks and its thread.
type Item struct {
	ID       ident.WorkItemID `json:"id" class:"C1"`
	Type     string           `json:"type" class:"C1"`
	Priority string           `json:"priority" class:"C1"`
	Status   worklist.Status  `json:"status" class:"C1"`
	Matter   ident.MatterID   `json:"matter_id,omitempty" class:"C1"`
	Number   string           `json:"matter_number,omitempty" class:"C2"`
	Name     string           `json:"matter_name,omitempty" class:"C2"`
	Client   string           `json:"client_name,omitempty" class:"C2"`
	Label    string           `json:"label" class:"C1"`
	Kind     string           `json:"subject_kind" class:"C1"`
	Subject  string           `json:"subject_id" class:"C1"`
	Received time.Time        `json:"received_at" class:"C1"`
	Due      *time.Time       `json:"due_at,omitempty" class:"C1"`
	Holder   string           `json:"holder,omitempty" class:"C1"`
	Lease    *time.Time       `json:"lease_until,omitempty" class:"C1"`
	Token    int64            `json:"token,omitempty" class:"C1" doc:"only for who holds it"`
	Mine     bool             `json:"mine" class:"C1"`
	Kept     *Kept            `json:"kept,omitempty"`
	Waiting  sla.Reason       `json:"waiting_for,omitempty" class:"C1"`
	Clocks   []ItemClock      `json:"clocks"`
	Thread   []Message        `json:"thread"`
	Lacks    []Lack           `json:"lacks,omitempty" doc:"what keeps you from it; taking it answers 409 item_not_eligible"`
	Version  int              `json:"version" class:"C1"`
}

// Lack is one thing that keeps a person from work.
type Lack struct {
	Kind   requirement.Kind `json:"kind" class:"C1" enum:"certificate,preferred,guidelines,four_eyes"`
	Course string           `json:"certificate,omitempty" class:"C1"`
	Guide  int              `json:"guide_version,omitempty" class:"C1" doc:"to read and confirm"`
	Says   string           `json:"says" class:"C1"`
}

// ItemClock is one promise on an item.
type ItemClock struct {
	ID      ident.ClockID `json:"id" class:"C1"`
	Target  string        `json:"target" class:"C1"`
	Name    string        `json:"name" class:"C1"`
	State   sla.State     `json:"state" class:"C1"`
	Started time.Time     `json:"started_at" class:"C1"`
	Due     *time.Time    `json:"due_at,omitempty" class:"C1" doc:"missing while it is paused"`
	Seconds int64         `json:"target_seconds" class:"C1" doc:"business seconds"`
	Used    int64         `json:"used_seconds" class:"C1"`
	Paused  int64         `json:"paused_seconds" class:"C1"`
}

// Message is one entry of an item's thread.
type Message struct {
	ID       ident.MessageID      `json:"id" class:"C1"`
	Kind     worklist.MessageKind `json:"kind" class:"C1"`
	Side     worklist.Side        `json:"side" class:"C1"`
	Author   string               `json:"author" class:"C1"`
	Internal bool                 `json:"internal" class:"C1"`
	About    string               `json:"about,omitempty" class:"C1"`
	Answers  ident.MessageID      `json:"answers,omitempty" class:"C1"`
	Body     string               `json:"body,omitempty" class:"C3"`
	Sent     time.Time            `json:"sent_at" class:"C1"`
}

func toItem(i worklist.Item) Item {
	out := Item{ID: i.ID, Type: i.Type, Priority: i.Priority.String(), Status: i.Status, Matter: i.Matter.ID, Number: i.Matter.Number, Name: i.Matter.Name, Client: i.Matter.Client,
		Label: i.Label.String(), Kind: i.SubjectKind, Subject: i.SubjectID, Received: i.ReceivedAt.UTC(), Due: moment(i.DueAt), Holder: i.Holder.Name, Lease: moment(i.LeaseUntil),
		Token: i.LeaseToken, Mine: i.Mine, Kept: toKept(i.Kept), Waiting: i.ParkedFor, Version: i.Version, Clocks: make([]ItemClock, len(i.Clocks)), Thread: make([]Message, len(i.Thread))}
	for _, l := range i.Lacks {
		out.Lacks = append(out.Lacks, Lack{l.Kind, l.Course, l.Guide, l.Says()})
	}
	for n, c := range i.Clocks {
		out.Clocks[n] = ItemClock{c.ID, c.Key, c.Name, c.Clock.State, c.StartedAt.UTC(), moment(c.Clock.DueAt), c.TargetS, c.UsedS, c.PausedS}
	}
	for n, m := range i.Thread {
		out.Thread[n] = Message{m.ID, m.Kind, m.Side, m.Author, m.Internal, m.About, m.Answers, m.Body, m.SentAt.UTC()}
	}
	return out
}

// Held is an act of an item's holder.
type Held struct {
	Token   int64 `json:"token" doc:"of the lease"`
	Version int   `json:"version,omitempty" doc:"as read; without it none is asked for"`
}

func (h Held) act(text string) (worklist.Act, error) {
	id, err := idOf[ident.WorkItemID](text)
	return worklist.Act{Item: id, Token: h.Token, Version: h.Version}, err
}

func mountItems(s *httpd.Server, v queue) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/items/{id}", Needs: rbac.ItemRead, Summary: "A work item with its clocks and its thread"},
		func(ctx context.Context, in *ByID) (*One[Item], error) {
			id, err := idOf[ident.WorkItemID](in.ID)
			if err != nil {
				return nil, err
			}
			i, err := v.Item(ctx, id)
			if err != nil {
				return nil, err
			}
			return versioned(toItem(i), i.Version, nil)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/take", Needs: rbac.ItemClaim, Summary: "Take one named item"},
		func(ctx context.Context, in *ByID) (*One[Lease], error) {
			id, err := idOf[ident.WorkItemID](in.ID)
			if err != nil {
				return nil, err
			}
			l, err := v.Take(ctx, id)
			return one(toLease(l), err)
		})
	simple := func(name, summary string, needs rbac.Permission, do func(ctx context.Context, id ident.WorkItemID) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/" + name, Needs: needs, Summary: summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.WorkItemID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id))
			})
	}
	simple("resume", "Take an item back that waits for the firm", rbac.ItemWork, v.Resume)
	simple("send-back", "Return an item that people passed over to the queue", rbac.ItemAssign, v.SendBack)
	simple("pin", "Put a ready item before all others", rbac.ItemAssign, func(ctx context.Context, id ident.WorkItemID) error { return v.Pin(ctx, id, true) })
	simple("unpin", "Take that back", rbac.ItemAssign, func(ctx context.Context, id ident.WorkItemID) error { return v.Pin(ctx, id, false) })
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/break", Needs: rbac.ItemBreak, Summary: "Take an item from whoever holds it", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Reason string `json:"reason" maxLength:"300"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.WorkItemID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.BreakLease(ctx, id, in.Body.Reason))
		})
}

func mountItemActs(s *httpd.Server, v queue) {
	held := func(name, summary string, do func(ctx context.Context, a worklist.Act) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/" + name, Needs: rbac.ItemWork, Summary: summary, Status: 204},
			func(ctx context.Context, in *struct {
				ByID
				Body Held
			}) (*Empty, error) {
				a, err := in.Body.act(in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, a))
			})
	}
	held("release", "Return an item unfinished", v.Release)
	held("finish", "End the work on an item and its clocks", v.Finish)
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/heartbeat", Needs: rbac.ItemWork, Summary: "Keep the lease"},
		func(ctx context.Context, in *struct {
			ByID
			Body Held
		}) (*One[struct {
			Until time.Time `json:"until" class:"C1"`
		}], error) {
			a, err := in.Body.act(in.ID)
			if err != nil {
				return nil, err
			}
			until, err := v.Heartbeat(ctx, a)
			return one(struct {
				Until time.Time `json:"until" class:"C1"`
			}{until.UTC()}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/skip", Needs: rbac.ItemWork, Summary: "Pass an item over, with a reason", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Held
				Reason worklist.SkipReason `json:"reason" enum:"missing_information,not_my_skill,conflict,too_long"`
			}
		}) (*Empty, error) {
			a, err := in.Body.act(in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Skip(ctx, a, in.Body.Reason))
		})
}

// Say is a message to be sent.
type Say struct {
	Body     string `json:"body" maxLength:"20000"`
	Internal bool   `json:"internal,omitempty" doc:"for the bureau alone"`
	About    string `json:"about,omitempty" doc:"id of an entry or a line"`
	Answers  string `json:"answers,omitempty" doc:"of an answer; the open question when it is missing"`
}

func (b Say) to() (worklist.Say, error) {
	answers, err := optionalID[ident.MessageID](b.Answers)
	return worklist.Say{Body: b.Body, Internal: b.Internal, About: b.About, Answers: answers}, err
}

type sent struct {
	ID ident.MessageID `json:"id" class:"C1"`
}

func mountThread(s *httpd.Server, v queue) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/questions", Needs: rbac.MessageAsk, Summary: "Ask the firm about an item you hold; its clocks may pause until the answer", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Held
				Say
				Pause bool `json:"pause,omitempty"`
			}
		}) (*One[sent], error) {
			a, err := in.Body.act(in.ID)
			if err != nil {
				return nil, err
			}
			say, err := in.Body.Say.to()
			if err != nil {
				return nil, err
			}
			id, err := v.Ask(ctx, a, say, in.Body.Pause)
			return one(sent{id}, err)
		})
	say := func(name, summary string, needs rbac.Permission, do func(ctx context.Context, id ident.WorkItemID, s worklist.Say) (ident.MessageID, error)) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/" + name, Needs: needs, Summary: summary, Status: 201, Creates: true},
			func(ctx context.Context, in *struct {
				ByID
				Body Say
			}) (*One[sent], error) {
				item, err := idOf[ident.WorkItemID](in.ID)
				if err != nil {
					return nil, err
				}
				words, err := in.Body.to()
				if err != nil {
					return nil, err
				}
				id, err := do(ctx, item, words)
				return one(sent{id}, err)
			})
	}
	say("answers", "Answer the bureau's question; the clocks run again", rbac.MessageAnswer, v.Answer)
	say("messages", "Write to the thread", rbac.MessageRead, v.Write)
}
