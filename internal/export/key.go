package export

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// byPassphrase stands in the place of a recipient's key.
const byPassphrase = "passphrase"

// A passphrase is never a person's own: it has 150 random bits, in six groups that can be
// read out and typed. With so many, stretching it adds nothing but memory, so the file asks
// for as little as a reader's program takes without a word (32 MiB).
const (
	passGroups  = 6
	passLetters = "abcdefghijkmnpqrstuvwxyz23456789" // 32, none that looks like another
	passWork    = 15
)

func newPassphrase() seal.Secret {
	raw := make([]byte, passGroups*5)
	_, _ = rand.Read(raw) // never fails
	var b strings.Builder
	for i, c := range raw {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(passLetters[c%32])
	}
	return seal.Secret(b.String())
}

func bindPassphrase(id ident.ExportID) []string { return []string{"export_passphrase", string(id)} }

var errNoPassphrase = errors.New("the passphrase is not there any more")

// recipient is who the file is encrypted for.
func (b *builder) recipient(ctx context.Context) (age.Recipient, error) {
	if b.plan.recipient != byPassphrase {
		return age.ParseX25519Recipient(b.plan.recipient)
	}
	if len(b.plan.sealed) == 0 {
		return nil, errNoPassphrase
	}
	var text []byte
	err := b.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		text, err = b.blobs.Keys().Open(tx, b.plan.sealed, bindPassphrase(b.id)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open passphrase: %w", err)
	}
	to, err := age.NewScryptRecipient(string(text))
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(passWork)
	return to, nil
}
