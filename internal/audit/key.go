package audit

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// keyName is the name in signatures. Which installation signed is told by the key's
// own hash beside it.
const keyName = "docketry-audit"

// SigningKey signs checkpoints. It is a note.Signer.
type SigningKey struct {
	private  ed25519.PrivateKey
	verifier note.Verifier
	text     string
	trusted  []note.Verifier // itself, and those before it
	publics  string          // of all of these, one a line
}

// NewSigningKey makes the key of a 32-byte seed. Without one nothing is signed and
// nothing starts (F17). former are the public halves of the keys that signed before it,
// one a line or in texts of their own: what they sealed is built upon, and what no key
// of these sealed is not.
func NewSigningKey(seed []byte, former ...string) (*SigningKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the audit key has %d bytes, it needs exactly %d: no unsigned checkpoint is ever made", len(seed), ed25519.SeedSize)
	}
	private := ed25519.NewKeyFromSeed(seed)
	text, err := note.NewEd25519VerifierKey(keyName, private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("name audit key: %w", err)
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("read own audit key: %w", err)
	}
	k := &SigningKey{private, v, text, []note.Verifier{v}, text + "\n"}
	for _, lines := range former {
		if err := k.trust(lines); err != nil {
			return nil, fmt.Errorf("read the former audit keys: %w", err)
		}
	}
	return k, nil
}

func (k *SigningKey) trust(lines string) error {
	keys, err := parseKeys(lines)
	if err != nil {
		return err
	}
	for _, v := range keys {
		same := func(x note.Verifier) bool { return x.Name() == v.Name() && x.KeyHash() == v.KeyHash() }
		if slices.ContainsFunc(k.trusted, same) {
			return fmt.Errorf("%s+%08x is named twice, or is the present key: leave it out", v.Name(), v.KeyHash())
		}
		k.trusted = append(k.trusted, v)
	}
	k.publics += strings.TrimSpace(lines) + "\n"
	return nil
}

// Publics are the public halves of this key and of those before it, one a line, this
// one first.
func (k *SigningKey) Publics() string { return k.publics }

// Public is the key in the form that firms keep and `audit verify --key` reads:
// name, key hash and key on one line.
func (k *SigningKey) Public() string { return k.text }

// Name, KeyHash and Sign make the key a note.Signer.
func (k *SigningKey) Name() string { return k.verifier.Name() }

// KeyHash is the key's id within its name.
func (k *SigningKey) KeyHash() uint32 { return k.verifier.KeyHash() }

// Sign signs the text of a note.
func (k *SigningKey) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.private, msg), nil }

// parseKeys reads one key a line; empty lines and lines starting with # are left out.
func parseKeys(text string) ([]note.Verifier, error) {
	var keys []note.Verifier
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("%q is not a public key in the form name+hash+key", line)
		}
		keys = append(keys, v)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no public key in it")
	}
	return keys, nil
}
