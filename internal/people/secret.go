package people

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

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

// keyed tells equal texts of one kind from others, and nothing else about them, to whoever
// reads the row.
func (s *Service) keyed(kind, text string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(kind + " " + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// deviceToken marks a browser as one that the person has signed in from. It opens
// nothing; it only spares the person a lock that strangers caused.
func (s *Service) deviceToken(who ident.PersonID, nonce string) string {
	return deviceToken(s.key, who, nonce)
}

func deviceToken(key []byte, who ident.PersonID, nonce string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("device " + string(who) + " " + nonce))
	return nonce + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Service) knows(device string, who ident.PersonID) bool {
	nonce, _, ok := strings.Cut(device, ".")
	if !ok || who == "" || len(device) >= 200 {
		return false
	}
	return slices.ContainsFunc(seal.Live(s.key, s.former), func(key []byte) bool {
		return hmac.Equal([]byte(deviceToken(key, who, nonce)), []byte(device))
	})
}
