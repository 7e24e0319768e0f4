package worklist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Limits of saved views.
const (
	MaxViews   = 20 // of one person
	maxName    = 40
	maxTyped   = 200
	viewObject = "queue_view"
)

// Refusals of saved views.
var (
	ErrView      = fault.New(fault.Invalid, "view_invalid", "this view cannot be saved")
	ErrViewsMany = fault.New(fault.Conflict, "views_many", "you have as many saved views as one person may; remove one first")
)

// View is filters of the queue that a person keeps under a name. It shows what they
// may see when they open it, never more.
type View struct {
	ID      ident.ViewID
	Name    string
	Tab     Tab
	Type    string
	Firm    ident.FirmID // "" is every firm
	Search  string
	Default bool // what the queue opens with
}

func (v *View) check(firms []ident.FirmID) error {
	v.Name, v.Search = strings.TrimSpace(v.Name), strings.TrimSpace(v.Search)
	var fs fault.Fields
	if n := utf8.RuneCountInString(v.Name); n == 0 || n > maxName {
		fs = append(fs, fault.Field{Path: "name", Code: "view_name", Message: fmt.Sprintf("a view needs a name of 1 to %d characters", maxName)})
	}
	if !slices.Contains([]Tab{TabAll, TabMine, TabToday, TabOver, TabWaiting}, v.Tab) {
		fs = append(fs, fault.Field{Path: "tab", Code: "view_tab", Message: "there is no such tab", Fix: "choose mine, today, over, waiting or none"})
	}
	if !typeForm(v.Type) {
		fs = append(fs, fault.Field{Path: "type", Code: "view_type", Message: "there is no such kind of work"})
	}
	if v.Firm != "" && !slices.Contains(firms, v.Firm) {
		fs = append(fs, fault.Field{Path: "firm_id", Code: "view_firm", Message: "this is none of your firms", Fix: "choose one of them, or none"})
	}
	if utf8.RuneCountInString(v.Search) > maxTyped {
		fs = append(fs, fault.Field{Path: "search", Code: "view_search", Message: fmt.Sprintf("a filter has at most %d characters", maxTyped)})
	}
	if len(fs) > 0 {
		return ErrView.On(fs...)
	}
	return nil
}

// typeForm tells whether a text could name a kind of work, or is none.
func typeForm(s string) bool {
	return len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// Views are the actor's saved views, by name.
func (s *Service) Views(ctx context.Context) (list []View, err error) {
	err = s.inBureauDomain(ctx, rbac.QueueRead, func(tx *db.Tx, _ []ident.FirmID) error {
		list, err = readViews(tx)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return list, err
}

// SaveView keeps a view under its name, in the place of one that has it already.
func (s *Service) SaveView(ctx context.Context, v View) (View, error) {
	err := s.inBureauDomain(ctx, rbac.QueueRead, func(tx *db.Tx, firms []ident.FirmID) error {
		if err := v.check(firms); err != nil {
			return err
		}
		if err := tx.Lock("views " + string(tx.Scope.Actor)); err != nil {
			return err
		}
		have, err := readViews(tx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(have, func(x View) bool { return x.Name == v.Name })
		switch {
		case at >= 0:
			v.ID = have[at].ID
		case len(have) >= MaxViews:
			return ErrViewsMany
		default:
			v.ID = ident.New[ident.ViewID](tx.Now)
		}
		if err := writeView(tx, v); err != nil {
			return err
		}
		return recordView(tx, v.ID, "queue_view.saved")
	})
	return v, err
}

// OpenWith makes a saved view what the actor's queue opens with, or ends that.
func (s *Service) OpenWith(ctx context.Context, id ident.ViewID, on bool) error {
	return s.inBureauDomain(ctx, rbac.QueueRead, func(tx *db.Tx, _ []ident.FirmID) error {
		if err := tx.Lock("views " + string(tx.Scope.Actor)); err != nil {
			return err
		}
		if err := setDefault(tx, id, on); err != nil {
			return err
		}
		return recordView(tx, id, "queue_view.default_set")
	})
}

// DropView removes a saved view of the actor.
func (s *Service) DropView(ctx context.Context, id ident.ViewID) error {
	return s.inBureauDomain(ctx, rbac.QueueRead, func(tx *db.Tx, _ []ident.FirmID) error {
		if err := deleteView(tx, id); err != nil {
			return err
		}
		return recordView(tx, id, "queue_view.removed")
	})
}

// recordView names the view by id alone: its words may name a client.
func recordView(tx *db.Tx, id ident.ViewID, action string) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: viewObject, ID: string(id), Class: audit.C1, Permission: string(rbac.QueueRead)})
}
