package people

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"github.com/docketry/docketry/internal/fault"
)

// A password stands alone until a second factor comes, so it is long (SECURITY 5).
// Any characters, no composition rules, no forced change.
const (
	minPassword = 15
	maxPassword = 128
	minDistinct = 5
)

// CheckPassword tells what is wrong with a new password, in one field. Words are
// those it must not contain: the product, the person, their firms.
func CheckPassword(password string, words []string) error {
	var fs fault.Fields
	p := norm.NFC.String(password)
	n := len([]rune(p))
	switch {
	case n < minPassword:
		fs.Add("password", "password_short", "enter at least %d characters; a few unrelated words are easy to remember", minPassword)
	case n > maxPassword:
		fs.Add("password", "password_long", "enter at most %d characters", maxPassword)
	case distinct(p) < minDistinct || marches(p):
		fs.Add("password", "password_guessable", "this is one of the first things to be tried; use a few unrelated words")
	default:
		if w := contained(p, words); w != "" {
			fs.Add("password", "password_word", "leave out %q: it is the first thing to be tried here", w)
		}
	}
	return fs.Err(ErrInvalid)
}

// contained is the first of words that p contains in any case. Words under four
// letters are too common to forbid.
func contained(p string, words []string) string {
	p = strings.ToLower(p)
	for _, text := range append([]string{"docketry", "password"}, words...) {
		for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len([]rune(w)) >= 4 && strings.Contains(p, w) {
				return w
			}
		}
	}
	return ""
}

func distinct(p string) int {
	seen := map[rune]bool{}
	for _, r := range p {
		seen[r] = true
	}
	return len(seen)
}

// marches tells whether every character follows the one before it by the same step
// up or down, as in 123456789 or zyxwvu; ten may follow nine.
func marches(p string) bool {
	rs := []rune(p)
	up, down := 0, 0
	for i := 1; i < len(rs); i++ {
		switch {
		case rs[i] == rs[i-1]+1, rs[i-1] == '9' && rs[i] == '0':
			up++
		case rs[i] == rs[i-1]-1, rs[i-1] == '0' && rs[i] == '9':
			down++
		}
	}
	return max(up, down) >= len(rs)-2
}

// Hasher keeps passwords with argon2id. At most four are computed at once, because
// each takes 46 MiB; at most fifty wait.
type Hasher struct {
	params *argon2id.Params
	slots  chan struct{}
	queue  chan struct{}
	dummy  string
}

const (
	hashSlots = 4
	hashQueue = 50
)

// Strong are the parameters of SECURITY 5; about 0.1 s each.
func Strong() *argon2id.Params {
	return &argon2id.Params{Memory: 46 * 1024, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// NewHasher takes Strong() in production and something quick in tests.
func NewHasher(params *argon2id.Params) (*Hasher, error) {
	dummy, err := argon2id.CreateHash("no one has this password", params)
	if err != nil {
		return nil, fmt.Errorf("make the dummy password hash: %w", err)
	}
	return &Hasher{params, make(chan struct{}, hashSlots), make(chan struct{}, hashSlots+hashQueue), dummy}, nil
}

// Hash returns what is stored for password.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	err = h.turn(ctx, func() error {
		hash, err = argon2id.CreateHash(norm.NFC.String(password), h.params)
		return err
	})
	return hash, err
}

// Matches compares password with hash. An empty hash takes as long and never
// matches, so that an unknown person costs what a known one does (T11). Stale means
// that the hash was made with other parameters and should be made anew.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (ok, stale bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	err = h.turn(ctx, func() error {
		match, params, err := argon2id.CheckHash(cut(norm.NFC.String(password)), hash)
		ok, stale = match && known, params != nil && *params != *h.params
		return err
	})
	return ok, stale, err
}

// cut keeps a hostile password from costing more than a long one.
func cut(p string) string { return p[:min(len(p), 4*maxPassword)] }

func (h *Hasher) turn(ctx context.Context, do func() error) error {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}
