package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	gomail "github.com/wneessen/go-mail"
)

// DKIM signs outgoing mail for a domain.
type DKIM struct {
	Domain   string
	Selector string
	key      crypto.Signer
}

// NewDKIM reads a private key, RSA or Ed25519, in PEM.
func NewDKIM(domain, selector string, keyPEM []byte) (*DKIM, error) {
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, errors.New("the DKIM key is not in PEM form")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, errors.New("the DKIM key is neither PKCS 8 nor PKCS 1")
		}
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return &DKIM{domain, selector, k}, nil
	case ed25519.PrivateKey:
		return &DKIM{domain, selector, k}, nil
	default:
		return nil, errors.New("the DKIM key must be RSA or Ed25519")
	}
}

// signedHeaders may not be changed on the way. Those that are missing are signed as
// missing, so that nobody can add one.
var signedHeaders = []string{"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"}

// sign adds the signature as the first thing the receiver checks.
func (d *DKIM) sign(m *gomail.Msg) error {
	text, err := render(m)
	if err != nil {
		return err
	}
	s, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: d.Domain, Selector: d.Selector, Signer: d.key, HeaderKeys: signedHeaders,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return fmt.Errorf("make DKIM signer: %w", err)
	}
	if _, err := s.Write(text); err != nil {
		return fmt.Errorf("sign mail: %w", err)
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("sign mail: %w", err)
	}
	_, value, ok := strings.Cut(strings.TrimSpace(s.Signature()), ": ")
	if !ok {
		return errors.New("sign mail: the signature has no header")
	}
	m.SetGenHeaderPreformatted("DKIM-Signature", value)
	return nil
}
