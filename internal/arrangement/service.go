package arrangement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Service keeps the arrangements of matters and clients.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// List shows the versions that the actor may know of, of each place the newest first.
func (s *Service) List(ctx context.Context) (list Versions, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ArrangementRead)
		if err != nil {
			return err
		}
		if !a.Sees(authz.C2) {
			return authz.ErrForbidden.With("your grant does not show what clients pay")
		}
		matters, args := a.MattersSeeing("m", authz.C2)
		clients, more := a.Clients("c")
		list, err = versions(tx, `(a.matter_id IS NULL OR EXISTS (SELECT FROM matter m WHERE m.firm_id = a.firm_id AND m.id = a.matter_id AND `+matters+`))
			AND (a.client_id IS NULL OR EXISTS (SELECT FROM client c WHERE c.firm_id = a.firm_id AND c.id = a.client_id AND `+clients+`))`, append(args, more...)...)
		return err
	})
	return list, err
}

// Get shows one version.
func (s *Service) Get(ctx context.Context, id ident.ArrangementID) (v Version, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		v, err = s.load(tx, rbac.ArrangementRead, id, false)
		return err
	})
	return v, err
}

// load reads a version for an act: absent for who may not know of its place.
func (s *Service) load(tx *db.Tx, p rbac.Permission, id ident.ArrangementID, lock bool) (Version, error) {
	a, err := s.guard.Require(tx, p)
	if err != nil {
		return Version{}, err
	}
	v, err := versionByID(tx, id, lock)
	if err != nil {
		return v, err
	}
	return v, inPlace(tx, a, v.Place)
}

// inPlace wants a matter or a client that the actor may know of, and a grant there that
// shows what clients pay.
func inPlace(tx *db.Tx, a *authz.Access, p Place) error {
	if p.Matter != "" {
		if err := a.RequireMatter(tx, p.Matter); err != nil {
			return err
		}
		return a.RequireSight(tx, p.Matter, authz.C2)
	}
	if err := a.RequireClient(tx, p.Client); err != nil {
		return err
	}
	if !a.Sees(authz.C2) {
		return authz.ErrForbidden.With("your grant does not show what clients pay")
	}
	return nil
}

// Locate is a version for an act of another noun: absent for who may not know of its place.
func (s *Service) Locate(tx *db.Tx, p rbac.Permission, id ident.ArrangementID) (Version, error) {
	return s.load(tx, p, id, false)
}

// Agreement is a version to be kept.
type Agreement struct {
	Place
	From  time.Time // first work date it holds for
	Terms Terms
}

// Agree keeps a new version of a place: work from its day on goes by it, on bills that
// are not approved yet. Of a bill that is approved another split voids the approval. It returns ErrTerms with every term that needs correcting, also
// those that bills are not worked out by, and ErrSameDay.
func (s *Service) Agree(ctx context.Context, n Agreement) (v Version, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ArrangementEdit)
		if err != nil {
			return err
		}
		if (n.Matter == "") == (n.Client == "") {
			return ErrPlace.On(fault.Field{Path: "place", Code: "arrangement_place", Message: "choose a matter or a client"})
		}
		if err := inPlace(tx, a, n.Place); err != nil {
			return err
		}
		if err := n.check(tx); err != nil {
			return err
		}
		v = Version{ID: ident.New[ident.ArrangementID](tx.Now), Place: n.Place, From: n.From, Terms: n.Terms, AgreedBy: tx.Scope.Actor, AgreedAt: tx.Now}
		if err := insertVersion(tx, &v); err != nil {
			return err
		}
		if v, err = versionByID(tx, v.ID, false); err != nil {
			return err
		}
		return record(tx, "arrangement.agreed", &v)
	})
	return v, err
}

// farBack and farAhead are how far from today an arrangement may begin.
const farBack, farAhead = 10, 2 // years

func (n *Agreement) check(tx *db.Tx) error {
	var fs fault.Fields
	if n.From.IsZero() || n.From.Before(tx.Now.AddDate(-farBack, 0, 0)) || n.From.After(tx.Now.AddDate(farAhead, 0, 0)) {
		fs.Add("from", "date_far", "enter a first day at most ten years back and two years ahead")
	}
	client := n.Client
	if n.Matter != "" {
		m, err := matter.Get(tx, n.Matter)
		if err != nil {
			return err
		}
		client = m.ClientID
		if m.Currency != n.Terms.Currency {
			fs.Add("currency", "arrangement_currency", "the matter is billed in %s", m.Currency)
		}
	}
	if err := n.payors(tx, client, &fs); err != nil {
		return err
	}
	if per, _ := n.Terms.recurring(); n.Client != "" && (per != "" || n.Terms.Collar != nil || n.Terms.Success != nil) {
		fs.Add("place", "arrangement_of_matter", "a fee for each period, a collar and a success fee are agreed for one matter, whose bills have them; choose the matter")
	}
	if n.Client != "" && n.Terms.Contingency != nil {
		fs.Add("place", "arrangement_of_matter", "a contingent fee is agreed and signed for one matter; choose the matter")
	}
	if n.Client != "" && n.Terms.Evergreen != nil {
		fs.Add("place", "arrangement_of_matter", "floor and target of an evergreen retainer are a matter's; choose the matter")
	}
	for _, err := range []error{n.Terms.Validate(), n.Terms.Applied()} {
		var bad *fault.Error
		if errors.As(err, &bad) {
			fs = append(fs, bad.Fields...)
		}
	}
	return fs.Err(ErrTerms)
}

// payors refuses shares of whom is no payor of the client, or is one no more. Whether another
// client or firm has it is not told.
func (n *Agreement) payors(tx *db.Tx, client ident.ClientID, fs *fault.Fields) error {
	if n.Terms.Split == nil {
		return nil
	}
	known, err := payorsOf(tx, client)
	if err != nil {
		return err
	}
	for i, p := range n.Terms.Split.Payors {
		if p.Payor != "" && !slices.Contains(known, p.Payor) {
			fs.Add(fmt.Sprintf("split.payors.%d.payor", i), "payor_unknown", "choose a payor of this client that is in use")
		}
	}
	return nil
}

// End lets a version hold until the day before the given one; work from then on goes by
// the client's arrangement, or by the hour. ErrOver when it has ended already,
// ErrSuperseded when a later version of the place begins.
func (s *Service) End(ctx context.Context, id ident.ArrangementID, day time.Time) (Version, error) {
	return s.change(ctx, id, "arrangement.ended", func(tx *db.Tx, v *Version) error {
		if v.Until != nil {
			return ErrOver
		}
		if !day.After(v.From) {
			return ErrTerms.On(fault.Field{Path: "until", Code: "dates_order", Message: "choose a day after " + v.From.Format("2 Jan 2006") + ", or withdraw the version"})
		}
		later, err := versions(tx, `coalesce(a.matter_id, a.client_id) = ? AND a.withdrawn_at IS NULL AND a.from_on > ?::date`, string(v.Matter)+string(v.Client), v.From.Format(time.DateOnly))
		if err != nil {
			return err
		}
		if len(later) > 0 {
			return ErrSuperseded
		}
		return endVersion(tx, v.ID, day)
	})
}

// Withdraw takes back a version that should not have been: the one before it holds
// again. Bills that are approved or issued stay as they are, but for the payors of an
// approved one: another split voids its approval.
func (s *Service) Withdraw(ctx context.Context, id ident.ArrangementID) (Version, error) {
	return s.change(ctx, id, "arrangement.withdrawn", func(tx *db.Tx, v *Version) error { return withdrawVersion(tx, v.ID) })
}

func (s *Service) change(ctx context.Context, id ident.ArrangementID, action string, do func(tx *db.Tx, v *Version) error) (v Version, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if v, err = s.load(tx, rbac.ArrangementEdit, id, true); err != nil {
			return err
		}
		if !v.Stands() {
			return ErrOver
		}
		if err := do(tx, &v); err != nil {
			return err
		}
		if v, err = versionByID(tx, id, false); err != nil {
			return err
		}
		return record(tx, action, &v)
	})
	return v, err
}

func record(tx *db.Tx, action string, v *Version) error {
	detail := map[string]string{"kind": string(v.Terms.Kind), "from": v.From.Format(time.DateOnly)}
	if v.Until != nil {
		detail["until"] = v.Until.Format(time.DateOnly)
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "arrangement", ID: string(v.ID), Matter: v.Matter, Class: audit.C2, Permission: string(rbac.ArrangementEdit),
		After: v.Terms, Detail: detail})
}
