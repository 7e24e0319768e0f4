package party_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/docketry/docketry/internal/party"
)

func TestNormalFormMeets(t *testing.T) {
	for name, want := range map[string]string{
		"Cobalt Rail Ltd":              "cobalt rail",
		"COBALT  RAIL LIMITED":         "cobalt rail",
		"Cobalt Rail, Ltd.":            "cobalt rail",
		"  Cobalt\tRail (Pty) Ltd ":    "cobalt rail",
		"The Cobalt Rail Company":      "cobalt rail",
		"Ｃｏｂａｌｔ　Ｒａｉｌ plc":              "cobalt rail", // full width
		"Ostrava Biologics B.V.":       "biologics ostrava",
		"Ostrava Biologics B. V.":      "biologics ostrava",
		"Rossi Impianti S.p.A.":        "impianti rossi",
		"Rossi Impianti S. p. A.":      "impianti rossi",
		"Nordlys A/S":                  "nordlys",
		"Straße & Söhne GmbH & Co. KG": "sohne strasse",
		"STRASSE UND SÖHNE GMBH":       "sohne strasse und", // another word is another name
		"Hollis & Vane LLP":            "hollis vane",
		"Hollis and Vane, L.L.P.":      "hollis vane",
		"O’Neill Freight, Inc.":        "freight oneill",
		"O'Neill Freight Incorporated": "freight oneill",
		"Caf\u0065\u0301 Lund":         "cafe lund", // composed as the other
		"Caf\u00e9 Lund":               "cafe lund",
		"Cafe Lund":                    "cafe lund", // written without
		"Łódź Færgen, Ørsted":          "faergen lodz orsted",
		"Müller AG":                    "muller",
		"Mueller AG":                   "mueller", // no guess: not the same
		"Lund, Anneke":                 "anneke lund",
		"Anneke Lund":                  "anneke lund",
		"Johnson & Johnson":            "johnson johnson",
		"Johnson":                      "johnson",
		"Inc.":                         "inc", // a name that is only a form
		"Company Co":                   "co company",
		"3i Group plc":                 "3i group",
		"Limited Editions":             "editions", // where order does not count, neither does where a form stands
		"Ωμέγα Α.Ε.":                   "αε ωμεγα",
		"Сергей Ёлкин":                 "сергей ёлкин", // no accent: a letter
		"दिल्ली रेल":                   "दिल्ली रेल",
		"&":                            "and",
		"—":                            "",
		"":                             "",
		"И. П. Иванов":                 "и иванов п",
	} {
		if got := party.Normal(name); got != want {
			t.Errorf("Normal(%q) = %q, want %q", name, got, want)
		}
	}
}

var seeds = []string{"Cobalt Rail Ltd", "S. p. A.", "a & b & co", "ẞ İ ǅ", "Inc", "\u0345\u0301", "ﷺ ltd", "G. A. 1", "Ørsted A/S", "Lund, Anneke", "ς Σ ΐ", "의 각"}

// The form of a form is itself, or one firm's copy of another's spelling would drift.
func FuzzNormal(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := party.Normal(s)
		if twice := party.Normal(once); twice != once {
			t.Errorf("Normal(%q) = %q, again %q", s, once, twice)
		}
	})
}

// What people write differently, of words that tell parties apart, changes nothing.
func FuzzSpellings(f *testing.F) {
	for i, s := range seeds {
		f.Add(s, uint64(i))
	}
	f.Fuzz(func(t *testing.T, s string, seed uint64) {
		words := telling(s)
		if len(words) == 0 {
			return
		}
		want := party.Normal(strings.Join(words, " "))
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		other := strings.Join(words, " ")
		for how, name := range map[string]string{
			"another order": other, "capitals": strings.ToUpper(other), "a legal form": other + ", Ltd.", "another": other + " S. p. A.",
			"joined": strings.Join(words, " & "), "opened": "The " + other, "taken apart": norm.NFD.String(other), "accented": strings.ReplaceAll(other, "e", "é"),
		} {
			if got := party.Normal(name); got != want {
				t.Errorf("%s: Normal(%q) = %q, want %q", how, name, got, want)
			}
		}
	})
}

// telling makes words out of anything that are no legal form, of ASCII letters: for
// others capitals and back is no way to the same word.
func telling(s string) (words []string) {
	for _, w := range strings.Fields(s) {
		w = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				return r
			}
			return -1
		}, w)
		words = append(words, "zq"+w)
	}
	return words
}
