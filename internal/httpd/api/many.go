package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// ItemOutcome is what became of one of several items.
type ItemOutcome struct {
	Firm   ident.FirmID     `json:"firm_id" class:"C1"`
	Item   ident.WorkItemID `json:"item_id" class:"C1"`
	Done   bool             `json:"done" class:"C1"`
	Code   string           `json:"code,omitempty" class:"C1" doc:"of the refusal"`
	Detail string           `json:"detail,omitempty" class:"C1"`
}

func toItemOutcome(o worklist.Outcome) ItemOutcome {
	out := ItemOutcome{Firm: o.Firm, Item: o.Item, Done: o.Err == nil}
	if o.Err != nil {
		f := httpd.FaultOf(o.Err)
		out.Code, out.Detail = f.Code, f.Message
	}
	return out
}

// ManyItems is one act on several items.
type ManyItems struct {
	Act   worklist.ManyAct `json:"act" enum:"ask,skip,return,hand_off,take,resume,assign,pin,unpin,send_back"`
	Items []struct {
		Firm    string `json:"firm_id"`
		Item    string `json:"item_id"`
		Version int    `json:"version,omitempty" doc:"as read; without it none is asked for"`
	} `json:"items" minItems:"1" maxItems:"100"`
	Person string              `json:"person_id,omitempty" doc:"of assign and hand_off"`
	Text   string              `json:"text,omitempty" maxLength:"20000" doc:"the question, the reason or the note"`
	Reason worklist.SkipReason `json:"reason,omitempty" enum:"missing_information,not_my_skill,conflict,too_long" doc:"of skip"`
}

func (b ManyItems) to() (m worklist.Many, err error) {
	m = worklist.Many{Act: b.Act, To: ident.PersonID(b.Person), Text: b.Text, Reason: b.Reason, Picks: make([]worklist.Pick, len(b.Items))}
	for i, x := range b.Items {
		p := worklist.Pick{Version: x.Version}
		if p.Firm, err = idOf[ident.FirmID](x.Firm); err != nil {
			return m, err
		}
		if p.Item, err = idOf[ident.WorkItemID](x.Item); err != nil {
			return m, err
		}
		m.Picks[i] = p
	}
	return m, nil
}

// mountMany adds the act on several items of several firms.
func mountMany(s *httpd.Server, v queue) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/queue/acts", Needs: rbac.QueueRead, Summary: "Do one act to several items, each as if alone; one that you may not know of refuses all of it"},
		func(ctx context.Context, in *struct{ Body ManyItems }) (*One[[]ItemOutcome], error) {
			m, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			list, err := v.ActOnMany(ctx, m)
			out := make([]ItemOutcome, len(list))
			for i, o := range list {
				out[i] = toItemOutcome(o)
			}
			return one(out, err)
		})
}
