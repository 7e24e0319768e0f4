package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// QueueViewBody is filters of the queue under a name.
type QueueViewBody struct {
	Name    string       `json:"name" maxLength:"200"`
	Tab     worklist.Tab `json:"tab,omitempty" doc:"mine, today, over, waiting; every open item without"`
	Type    string       `json:"type,omitempty" maxLength:"40" doc:"of work"`
	Firm    string       `json:"firm_id,omitempty"`
	Search  string       `json:"search,omitempty" maxLength:"256"`
	Default bool         `json:"default,omitempty" doc:"the queue opens with it"`
}

// SavedView is one of your own saved views.
type SavedView struct {
	ID      ident.ViewID `json:"id" class:"C1"`
	Name    string       `json:"name" class:"C1"`
	Tab     worklist.Tab `json:"tab" class:"C1"`
	Type    string       `json:"type" class:"C1"`
	Firm    ident.FirmID `json:"firm_id,omitempty" class:"C1"`
	Search  string       `json:"search" class:"C1" doc:"as you typed it"`
	Default bool         `json:"default" class:"C1"`
}

func toSavedView(v worklist.View) SavedView {
	return SavedView{v.ID, v.Name, v.Tab, v.Type, v.Firm, v.Search, v.Default}
}

// mountViews adds a person's own views of the queue.
func mountViews(s *httpd.Server, v queue) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/queue/views", Needs: rbac.QueueRead, Summary: "Your saved views of the queue"},
		func(ctx context.Context, _ *Empty) (*One[[]SavedView], error) {
			list, err := v.Views(ctx)
			out := make([]SavedView, len(list))
			for i, x := range list {
				out[i] = toSavedView(x)
			}
			return one(out, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/queue/views", Needs: rbac.QueueRead, Summary: "Keep filters under a name, in the place of the view that has it", Status: 201, Creates: true},
		func(ctx context.Context, in *struct{ Body QueueViewBody }) (*One[SavedView], error) {
			firm, err := optionalID[ident.FirmID](in.Body.Firm)
			if err != nil {
				return nil, err
			}
			b := in.Body
			saved, err := v.SaveView(ctx, worklist.View{Name: b.Name, Tab: b.Tab, Type: b.Type, Firm: firm, Search: b.Search, Default: b.Default})
			return one(toSavedView(saved), err)
		})
	act := func(method, path, summary string, do func(ctx context.Context, id ident.ViewID) error) {
		httpd.API(s, httpd.Op{Method: method, Path: "/queue/views/{id}" + path, Needs: rbac.QueueRead, Summary: summary, Status: 204},
			func(ctx context.Context, in *struct {
				ID string `path:"id"`
			}) (*Empty, error) {
				id, err := idOf[ident.ViewID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id))
			})
	}
	act("DELETE", "", "Remove one", v.DropView)
	act("PUT", "/default", "Let the queue open with it", func(ctx context.Context, id ident.ViewID) error { return v.OpenWith(ctx, id, true) })
	act("DELETE", "/default", "Let the queue open without it", func(ctx context.Context, id ident.ViewID) error { return v.OpenWith(ctx, id, false) })
}
