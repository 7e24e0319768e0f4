package people_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	words := []string{"Rosalind Vane", "rosalind.vane", "Hollis & Vane LLP"}
	for name, tt := range map[string]struct {
		password string
		ok       bool
		factor   bool
	}{
		"a few words":              {"seven small boats at noon", true, false},
		"exactly fifteen":          {"abcdxyzw tree 9", true, false},
		"any characters":           {"ключ от старого дома", true, false},
		"fourteen":                 {"abcdxyzw tree ", false, false},
		"fifteen bytes, too few":   {"жжжжжжжж", false, false},
		"composed to fewer":        {strings.Repeat("e\u0301", 14), false, false}, // 14 letters once composed
		"128":                      {strings.Repeat("quiet boats ", 10) + "12345678", true, false},
		"129":                      {strings.Repeat("quiet boats ", 10) + "123456789", false, false},
		"one letter":               {strings.Repeat("a", 20), false, false},
		"digits in a row":          {"1234567890123456", false, false},
		"letters in a row, down":   {"zyxwvutsrqponmlkj", false, false},
		"the product":              {"my Docketry account", false, false},
		"the word itself":          {"this-is-my-password", false, false},
		"the person's name":        {"rosalind likes tea", false, false},
		"the firm's name":          {"working at hollis", false, false},
		"short words of the firm":  {"llp is a fine form too", true, false},
		"twelve beside a factor":   {"xvb lamp 27q", true, true},
		"eleven beside a factor":   {"xvb lamp 27", false, true},
		"twelve alone":             {"xvb lamp 27q", false, false},
		"stolen":                   {"Mailcreated5240", false, true},
		"stolen, in capitals":      {" QWERTYUIOP1234567890", false, false},
		"keys in a row":            {"1q2w3e4r5t6y7u8i9o", false, false},
		"known words in a row":     {"dragonmonkeyletmein", false, false},
		"a word again and again":   {"lemonlemonlemonlemon", false, false},
		"blanks at the ends count": {" abcdxyzw tree ", true, false},
	} {
		err := people.CheckPassword(tt.password, words, tt.factor)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, people.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), tt.password) {
			t.Errorf("%s: the answer repeats the password", name)
		}
	}
}

// The estimate takes any text, and no text takes it long.
func FuzzCheckPassword(f *testing.F) {
	for _, seed := range []string{"", "seven small boats at noon", "\xff\xfe\x00", "1l1l1l1l1l1l1l1l1l1l1l1l1l1l1l1l", "ключ от старого дома", "𝕬𝖇𝖈 e\u0301e\u0301e\u0301e\u0301e\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if err := people.CheckPassword(p, []string{"Rosalind Vane"}, true); err != nil && !errors.Is(err, people.ErrInvalid) {
			t.Error(err)
		}
	})
}

func TestHasherTurnsPeopleAwayWhenManyWait(t *testing.T) {
	t.Parallel()
	h, err := people.NewHasher(people.Strong())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	const asking = 80
	answers := make(chan error, asking)
	for range asking {
		go func() {
			_, _, err := h.Matches(ctx, good, "")
			answers <- err
		}()
	}
	turnedAway := 0
	for range asking - 54 { // four compute and fifty wait; some of them finish meanwhile
		if err := <-answers; errors.Is(err, people.ErrBusy) {
			turnedAway++
		} else if err != nil {
			t.Error(err)
		}
	}
	stop()
	if turnedAway == 0 {
		t.Error("nobody was turned away")
	}
	for range 54 {
		<-answers
	}
}

func TestTheHashIsMadeAnewWhenItsPriceChanged(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RoleTimekeeper)
	old, err := argon2id.CreateHash(good, &argon2id.Params{Memory: 32, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `UPDATE credential SET secret_hash = ? WHERE person_id = ? AND kind = 'password'`, old, who)
	if _, err := w.People.SignIn(background(), try(email, good, from())); err != nil {
		t.Fatal(err)
	}
	if now := f.Text(t, `SELECT secret_hash FROM credential WHERE person_id = ? AND kind = 'password'`, who); !strings.HasPrefix(now, "$argon2id$v=19$m=64,") {
		t.Errorf("stored hash %s", now[:30])
	}
}
