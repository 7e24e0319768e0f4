package people

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/docketry/docketry/internal/ident"
)

// mostPasskeys is how many one person keeps.
const mostPasskeys = 20

// Passkey is a key of the person's device that signs in for them. It counts as both
// factors: the device is what they have, and it has made sure of its user.
type Passkey struct {
	ID      ident.PasskeyID
	Name    string
	Synced  bool // may be on several of their devices
	Created time.Time
	Used    *time.Time
	Stopped *time.Time // its counter went back; it no longer serves
}

// NewPasskey is what a browser has made, and what the person calls it.
type NewPasskey struct {
	Name     string
	Password string // of a person who has no factor yet
	Holder   string // the browser's session
	Answer   string // the new key as JSON
}

// Asked is what a person may show beside the password.
type Asked struct {
	App     bool
	Passkey string // what the browser asks the person's passkeys, JSON; "" without one
}

// Proof is a factor that somebody shows: a code of the app, a recovery code, or a
// passkey's answer to a challenge of the same browser's session.
type Proof struct {
	Code    string
	Passkey string // JSON, "" for a code
	Holder  string
}

// means tells a passkey from a code, for the trail.
func (p Proof) means() map[string]string {
	if p.Passkey != "" {
		return map[string]string{"by": "passkey"}
	}
	return nil
}

// relying is for whom browsers keep passkeys: the name and the one origin of the
// public address. On a loopback number that is localhost, since passkeys belong to
// names; nil for another number, where there can be none.
func relying(publicURL string) *webauthn.WebAuthn {
	u, err := url.Parse(strings.TrimSuffix(publicURL, "/"))
	if err != nil {
		return nil
	}
	name, origin := u.Hostname(), u.Scheme+"://"+u.Host
	if ip, err := netip.ParseAddr(name); err == nil {
		if !ip.IsLoopback() {
			return nil
		}
		name, origin = "localhost", u.Scheme+"://localhost"
		if u.Port() != "" {
			origin += ":" + u.Port()
		}
	}
	asked := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: name, RPDisplayName: "Docketry", RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation, // which maker's device it is, is the person's own affair
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &asked, UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: webauthn.TimeoutConfig{Timeout: pendingTime}, Registration: webauthn.TimeoutConfig{Timeout: pendingTime}},
	})
	if err != nil {
		return nil // a name that browsers keep no passkeys for
	}
	return w
}

// keyholder is a person as the library knows one.
type keyholder struct {
	person Person
	keys   []webauthn.Credential
}

func (k keyholder) WebAuthnID() []byte                         { return handleOf(k.person.ID) }
func (k keyholder) WebAuthnName() string                       { return k.person.Email }
func (k keyholder) WebAuthnDisplayName() string                { return k.person.Name }
func (k keyholder) WebAuthnCredentials() []webauthn.Credential { return k.keys }

// handleOf is what an authenticator keeps of a person: the id's bytes, which tell
// nobody who it is. nil for what is no id.
func handleOf(who ident.PersonID) []byte {
	id, err := uuid.Parse(string(who))
	if err != nil {
		return nil
	}
	return id[:]
}

// challengeOf is the challenge that an answer says it answers, "" when it cannot be read.
func challengeOf(answer string) string {
	var a struct {
		Response struct {
			ClientDataJSON protocol.URLEncodedBase64 `json:"clientDataJSON"`
		} `json:"response"`
	}
	var client struct{ Challenge string }
	if json.Unmarshal([]byte(answer), &a) != nil || json.Unmarshal(a.Response.ClientDataJSON, &client) != nil {
		return ""
	}
	return client.Challenge
}

// spoken is what is asked of a browser, as JSON.
func spoken(asked any) (string, error) {
	b, err := json.Marshal(asked)
	if err != nil {
		return "", fmt.Errorf("write a challenge: %w", err)
	}
	return string(b), nil
}
