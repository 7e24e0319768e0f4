package notice

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// Links makes and reads the addresses in letters. A link names the firm and the
// contact whose address the code is sent to; by itself it opens nothing, so it may
// be forwarded or logged.
type Links struct {
	base string
	keys [][]byte // the present one first
}

// NewLinks takes the address that people type, a secret of at least 32 bytes, and the
// secret that is believed besides while that one is being replaced.
func NewLinks(publicURL string, secret []byte, former ...[]byte) (Links, error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return Links{}, fmt.Errorf("the public URL %q has no host", publicURL)
	}
	l := Links{base: strings.TrimSuffix(publicURL, "/")}
	for _, s := range seal.Live(secret, former...) {
		if len(s) < 32 {
			return Links{}, fmt.Errorf("the key for links has %d bytes, it needs at least 32", len(s))
		}
		key, err := hkdf.Key(sha256.New, s, nil, "docketry payor links", 32)
		if err != nil {
			return Links{}, fmt.Errorf("derive key for links: %w", err)
		}
		l.keys = append(l.keys, key)
	}
	return l, nil
}

// To is the address of the payor's door for one contact of one firm.
func (l Links) To(firm ident.FirmID, contact ident.ContactID) (string, error) {
	token, err := l.token(firm, contact)
	if err != nil {
		return "", err
	}
	return l.base + "/payor?link=" + token, nil
}

const macSize = 16

func (l Links) token(firm ident.FirmID, contact ident.ContactID) (string, error) {
	f, err := uuid.Parse(string(firm))
	if err != nil {
		return "", fmt.Errorf("link for firm %s: %w", firm, err)
	}
	c, err := uuid.Parse(string(contact))
	if err != nil {
		return "", fmt.Errorf("link for contact %s: %w", contact, err)
	}
	named := append(f[:], c[:]...)
	return base64.RawURLEncoding.EncodeToString(append(named, mac(l.keys[0], "link", named)[:macSize]...)), nil
}

// read is whom a link names; false for anything that we did not make.
func (l Links) read(token string) (ident.FirmID, ident.ContactID, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != 32+macSize || !l.made(b[32:], "link", b[:32]) {
		return "", "", false
	}
	return ident.FirmID(uuid.UUID(b[:16]).String()), ident.ContactID(uuid.UUID(b[16:32]).String()), true
}

// made tells whether got is, or begins, the mac of parts by one of the keys.
func (l Links) made(got []byte, use string, parts ...[]byte) bool {
	return len(got) >= macSize && slices.ContainsFunc(l.keys, func(key []byte) bool {
		want := mac(key, use, parts...)
		return len(got) <= len(want) && hmac.Equal(got, want[:len(got)])
	})
}

// mac binds parts to a use, so that a value of one use is none of another.
func mac(key []byte, use string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s", use)
	for _, p := range parts {
		fmt.Fprintf(h, "|%d|", len(p))
		h.Write(p)
	}
	return h.Sum(nil)
}
