package people_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/people"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	words := []string{"Rosalind Vane", "rosalind.vane", "Hollis & Vane LLP"}
	for name, tt := range map[string]struct {
		password string
		ok       bool
	}{
		"a few words":              {"seven small boats at noon", true},
		"exactly fifteen":          {"abcdxyzw tree 9", true},
		"any characters":           {"ключ от старого дома", true},
		"fourteen":                 {"abcdxyzw tree ", false},
		"fifteen bytes, too few":   {"жжжжжжжж", false},
		"composed to fewer":        {strings.Repeat("e\u0301", 14), false}, // 14 letters once composed
		"128":                      {strings.Repeat("quiet boats ", 10) + "12345678", true},
		"129":                      {strings.Repeat("quiet boats ", 10) + "123456789", false},
		"one letter":               {strings.Repeat("a", 20), false},
		"digits in a row":          {"1234567890123456", false},
		"letters in a row, down":   {"zyxwvutsrqponmlkj", false},
		"the product":              {"my Docketry account", false},
		"the word itself":          {"this-is-my-password", false},
		"the person's name":        {"rosalind likes tea", false},
		"the firm's name":          {"working at hollis", false},
		"short words of the firm":  {"llp is a fine form too", true},
		"blanks at the ends count": {" abcdxyzw tree ", true},
	} {
		err := people.CheckPassword(tt.password, words)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, people.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), tt.password) {
			t.Errorf("%s: the answer repeats the password", name)
		}
	}
}
