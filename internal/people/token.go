package people

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// Faults of tokens. A token that is refused is not told why.
var (
	ErrToken      = fault.New(fault.Unauthenticated, "token_refused", "this token is not valid from this address, or no longer")
	ErrTokenEnded = fault.New(fault.Conflict, "token_ended", "this token has already ended")
	ErrTokenMost  = fault.New(fault.Conflict, "token_most", "this firm has 50 live tokens; end one first")
)

const (
	tokenMostTime = 90 * 24 * time.Hour
	tokenMost     = 50 // live ones in one firm
	tokenNetworks = 20
	tokenSeen     = time.Minute // how exactly the last use is kept
	tokenPrefix   = "dkt_"      // by which scanners of source code find a lost one
)

// Token lets a program act in one firm for the person who made it.
type Token struct {
	ID          ident.TokenID
	Name        string
	By          string // name of who made it
	Permissions []rbac.Permission
	Class       authz.Class
	Networks    []string
	Created     time.Time
	Expires     time.Time
	LastUsed    *time.Time
	Ended       *time.Time
}

// Live tells whether the token itself still runs at an instant.
func (t Token) Live(at time.Time) bool { return t.Ended == nil && t.Expires.After(at) }

// TokenDraft is a token as it is asked for.
type TokenDraft struct {
	Name        string
	Permissions []rbac.Permission
	Class       authz.Class
	Networks    []string // CIDRs or single addresses
	Days        int
}

// validate checks the draft against what its maker may do, and puts the networks
// into their one form.
func (d *TokenDraft) validate(mayGive func(rbac.Permission) bool) error {
	var fs fault.Fields
	fs.Line("name", d.Name, 1, 80)
	slices.Sort(d.Permissions)
	d.Permissions = slices.Compact(d.Permissions)
	if len(d.Permissions) == 0 {
		fs.Add("permissions", "permissions_missing", "choose at least one")
	}
	for _, p := range d.Permissions {
		switch {
		case !rbac.ForToken(p):
			fs.Add("permissions", "permission_for_people", "choose permissions of the list only; the others need a person")
		case !mayGive(p):
			fs.Add("permissions", "permission_beyond", "a token cannot do what you may not: %s", p)
		}
	}
	if d.Class < authz.C1 || d.Class > authz.C3 {
		fs.Add("class", "class_range", "choose 1, 2 or 3")
	}
	if d.Days < 1 || time.Duration(d.Days)*24*time.Hour > tokenMostTime {
		fs.Add("days", "days_range", "enter 1 to 90 days")
	}
	if len(d.Networks) < 1 || len(d.Networks) > tokenNetworks {
		fs.Add("networks", "networks_count", "enter 1 to %d networks, one a line", tokenNetworks)
	}
	for i, text := range d.Networks {
		n, ok := network(text)
		if !ok {
			fs.Add("networks", "network_form", "enter networks such as 198.51.100.0/24, one a line")
			break
		}
		d.Networks[i] = n.String()
	}
	return fs.Err(ErrInvalid)
}

// network reads a CIDR, or one address as the network of itself.
func network(text string) (netip.Prefix, bool) {
	text = strings.TrimSpace(text)
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), true
	}
	n, err := netip.ParsePrefix(text)
	if err != nil || n.Addr().Is4In6() {
		return n, false
	}
	return n.Masked(), true
}

// within tells whether from is in one of the networks.
func within(networks []string, from netip.Addr) bool {
	return slices.ContainsFunc(networks, func(text string) bool {
		n, err := netip.ParsePrefix(text)
		return err == nil && n.Contains(from.Unmap())
	})
}

// newToken is the text that a program sends: the firm, so that it is looked for
// nowhere else, and 256 random bits.
func newToken(firm ident.FirmID) (seal.Secret, error) {
	id, err := uuid.Parse(string(firm))
	if err != nil {
		return "", err
	}
	random, err := secret()
	if err != nil {
		return "", err
	}
	return seal.Secret(tokenPrefix + base64.RawURLEncoding.EncodeToString(id[:]) + random), nil
}

// firmOfToken reads which firm a token names; false for what no token looks like.
func firmOfToken(text string) (ident.FirmID, bool) {
	rest, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || len(rest) != 22+43 {
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest[:22])
	if err != nil {
		return "", false
	}
	id, err := uuid.FromBytes(b)
	return ident.FirmID(id.String()), err == nil
}
