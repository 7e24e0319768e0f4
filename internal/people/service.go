package people

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Courier carries a link to the person's own address, and to no one else: whoever
// holds the link becomes that person. It is called inside the transaction that
// makes the link. ByMail is the one that mails.
type Courier interface {
	Invite(tx *db.Tx, i Invitation) error
}

// Invitation is a one-time link to choose a password, the first or a new one.
type Invitation struct {
	Reset   bool // asked for by the person, who forgot the old one
	Person  ident.PersonID
	Name    string
	Email   string
	Firm    string       // who invites, by name
	Link    ident.LinkID // "" for someone who signs in already
	Token   string       // the secret part of the link
	Expires time.Time
}

// Service is what people do about themselves and firms about their people.
type Service struct {
	db        *db.DB
	guard     *authz.Guard
	lattice   Lattice
	bureau    *bureau
	hasher    *Hasher
	courier   Courier
	key       []byte
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

func (s *Service) leave(tx *db.Tx, who ident.PersonID) error {
	for _, do := range s.left {
		if err := do(tx, who); err != nil {
			return err
		}
	}
	return nil
}

// leaveEverywhere is leave in every firm that lets the person in, where the bureau's
// administrator shuts one of the bureau's own people out; else in the firm of tx.
func (s *Service) leaveEverywhere(tx *db.Tx, who ident.PersonID) error {
	home := tx.Scope.Firm
	if s.bound(tx) != "" {
		return s.leave(tx, who)
	}
	firms, err := firmsOf(tx, who)
	if err != nil {
		return err
	}
	for _, firm := range firms {
		if firm == home {
			continue
		}
		if err := s.inside(tx, firm, func() error { return s.leave(tx, who) }); err != nil {
			return err
		}
	}
	return s.leave(tx, who)
}

// Lattice says which role may give which, and which must show a factor (rbac.Policy).
type Lattice interface {
	MayGrant(giver, given rbac.Role) bool
	Allows(role rbac.Role, p rbac.Permission) bool
	NeedsFactor(role rbac.Role) bool
	Givable(staff bool, p rbac.Permission) bool // by a role of a firm's own
	GivableTo(staff bool) []rbac.Permission
}

// New returns the service. key authenticates the cookie of a known device; keys
// seals what people show beside a password; passkeys are made for publicURL.
func New(d *db.DB, guard *authz.Guard, lattice Lattice, hasher *Hasher, courier Courier, key []byte, keys *blob.Keys, publicURL string) *Service {
	return &Service{db: d, guard: guard, lattice: lattice, bureau: &bureau{db: d}, hasher: hasher, courier: courier, key: key, keys: keys, relying: relying(publicURL)}
}

// BureauID is the bureau's own domain.
func (s *Service) BureauID(ctx context.Context) (ident.FirmID, error) { return s.bureau.find(ctx) }

// firmsOf lists the firms in which who holds a live grant, the bureau among them.
func firmsOf(tx *db.Tx, who ident.PersonID) (firms []ident.FirmID, err error) {
	err = tx.Raw(`SELECT firm_id FROM auth.person_firms(?::uuid, ?)`, who, tx.Now).Scan(&firms).Error
	if err != nil {
		return nil, fmt.Errorf("list firms of person %s: %w", who, err)
	}
	return firms, nil
}

// secret is a random token of 256 bits; only its hash is stored.
func secret() (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// deviceToken marks a browser as one that the person has signed in from. It opens
// nothing; it only spares the person a lock that strangers caused.
func (s *Service) deviceToken(who ident.PersonID, nonce string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("device " + string(who) + " " + nonce))
	return nonce + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Service) knows(device string, who ident.PersonID) bool {
	nonce, _, ok := strings.Cut(device, ".")
	return ok && who != "" && len(device) < 200 && hmac.Equal([]byte(s.deviceToken(who, nonce)), []byte(device))
}
