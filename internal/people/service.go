package people

import (
	"context"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do about themselves and firms about their people.
type Service struct {
	db        *db.DB
	guard     *authz.Guard
	lattice   Lattice
	bureau    *bureau.Home
	hasher    *Hasher
	courier   Courier
	key       []byte
	former    []byte             // believed besides key while it is being replaced; nil otherwise
	keys      *blob.Keys         // the bureau's seals what people show beside a password
	relying   *webauthn.WebAuthn // for whom browsers keep passkeys; nil where they keep none
	left      []Leaving
	providers *Providers // through which firms' people sign in; nil for none
}

// Leaving is what a later noun does when somebody loses access, in the transaction
// that takes it. tx is in the firm where it is lost.
type Leaving func(tx *db.Tx, who ident.PersonID) error

// WhenAccessEnds has do called whenever a grant ends before its time, a wall is
// raised, or a person's sessions are ended by an administrator. People comes before
// work in the life of a bill, so who wires the services says what follows.
func (s *Service) WhenAccessEnds(do Leaving) { s.left = append(s.left, do) }

func (s *Service) Leave(tx *db.Tx, who ident.PersonID) error {
	for _, do := range s.left {
		if err := do(tx, who); err != nil {
			return err
		}
	}
	return nil
}

// LeaveEverywhere is leave in every firm that lets the person in, where the bureau's
// administrator shuts one of the bureau's own people out; else in the firm of tx.
func (s *Service) LeaveEverywhere(tx *db.Tx, who ident.PersonID) error {
	home := tx.Scope.Firm
	if s.bureau.Bound(tx) != "" {
		return s.Leave(tx, who)
	}
	firms, err := FirmsOf(tx, who)
	if err != nil {
		return err
	}
	for _, firm := range firms {
		if firm == home {
			continue
		}
		if err := bureau.Inside(tx, firm, func() error { return s.Leave(tx, who) }); err != nil {
			return err
		}
	}
	return s.Leave(tx, who)
}

// FormerKey has key believed besides the one that New was given: letters with links that
// were made with it are still written, and devices that carry its cookie are known.
func (s *Service) FormerKey(key []byte) { s.former = key }

// Lattice says which role must show a factor (rbac.Policy).
type Lattice interface {
	NeedsFactor(role rbac.Role) bool
}

// New returns the service. key authenticates the cookie of a known device; keys
// seals what people show beside a password; passkeys are made for publicURL.
func New(d *db.DB, guard *authz.Guard, lattice Lattice, home *bureau.Home, hasher *Hasher, courier Courier, key []byte, keys *blob.Keys, publicURL string) *Service {
	return &Service{db: d, guard: guard, lattice: lattice, bureau: home, hasher: hasher, courier: courier, key: key, keys: keys, relying: relying(publicURL)}
}

// BureauID is the bureau's own domain.
func (s *Service) BureauID(ctx context.Context) (ident.FirmID, error) { return s.bureau.ID(ctx) }
