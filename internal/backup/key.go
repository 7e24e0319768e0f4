package backup

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Recipient and Identity are age's: who a backup is encrypted to, and what opens it.
type (
	Recipient = age.Recipient
	Identity  = age.Identity
)

// Recipients reads age public keys, one a line; empty lines and # comments are left
// out. Each of them alone opens what is encrypted to all. Their private halves are
// kept offline: a machine that takes backups cannot read them.
func Recipients(text string) ([]Recipient, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n") // an editor may have saved the file
	if strings.Contains(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		return nil, errors.New("this is a private key, which belongs offline: give its public half, age1..., which age-keygen -y prints") // it is not repeated
	}
	to, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the recipients' public keys (age1..., made by age-keygen): %w", err)
	}
	return to, nil
}

// Identities reads age private keys, as age-keygen writes them.
func Identities(text string) ([]Identity, error) {
	ids, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, errors.New("read the private key: it is not a file of age-keygen, with lines that begin AGE-SECRET-KEY-1") // its error may quote the key
	}
	return ids, nil
}

// opened reads what was encrypted for one of ids. It checks each piece as it passes,
// and at the end that it is the end.
func opened(in io.Reader, ids []Identity) (io.Reader, error) {
	plain, err := age.Decrypt(in, ids...)
	var none *age.NoIdentityMatchError
	switch {
	case err == nil:
		return plain, nil
	case errors.As(err, &none):
		return nil, fmt.Errorf("%w: it was made for other keys than the %s given", ErrKey, public(ids))
	default:
		return nil, fmt.Errorf("%w: its head cannot be read: %w", ErrDamaged, err)
	}
}

// public names identities by their public halves.
func public(ids []Identity) string {
	var names []string
	for _, id := range ids {
		switch x := id.(type) {
		case *age.X25519Identity:
			names = append(names, x.Recipient().String())
		case *age.HybridIdentity:
			names = append(names, x.Recipient().String())
		}
	}
	if len(names) == 0 {
		return "private keys"
	}
	return "private keys of " + strings.Join(names, ", ")
}
