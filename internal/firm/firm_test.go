package firm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/firm"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"{YY}-{seq:5}":    "26-00417",
		"HV-{YY}{seq:4}":  "HV-260417",
		"DA{YYYY}-{seq}":  "DA2026-417",
		"{seq:2}/{YY}":    "417/26",
		"A.B-{seq:9}":     "A.B-000000417",
		"{YYYY}{YY}{seq}": "202626417",
	} {
		p, err := firm.ParsePattern(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := p.Format(417, day); got != want || p.String() != text {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "INV", "{YY}", "{seq}{seq}", "{seq:0}", "{seq:10}", "{seq:}", "{MM}{seq}", "{seq", "a|{seq}", "[]{seq}", "a b{seq}", "ä{seq}", "{{seq}}", "}{seq}", "LONGERTHANTWENTY-{seq:5}"} {
		if _, err := firm.ParsePattern(text); !errors.Is(err, firm.ErrPattern) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNumbersOfAPatternNeverMeet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"{YY}", "{YYYY}", "A", "1", "-", "00"}), 0, 3)
		text := strings.Join(pieces.Draw(t, "before"), "") + rapid.SampledFrom([]string{"{seq}", "{seq:3}"}).Draw(t, "seq") + strings.Join(pieces.Draw(t, "after"), "")
		p, err := firm.ParsePattern(text)
		longest := strings.NewReplacer("{YYYY}", "2026", "{YY}", "26", "{seq:3}", "999999", "{seq}", "999999").Replace(text)
		if long := len(longest) > 20; long != (err != nil) { // LEDES field 2
			t.Fatalf("%s makes numbers like %s: %v", text, longest, err)
		} else if long {
			return
		}
		a, b := rapid.Int64Range(1, 200_000).Draw(t, "a"), rapid.Int64Range(1, 200_000).Draw(t, "b")
		years := rapid.IntRange(2020, 2060)
		on := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
		if a != b && p.Format(a, on(years.Draw(t, "ya"))) == p.Format(b, on(years.Draw(t, "yb"))) {
			t.Fatalf("%s gives the same text to %d and %d", text, a, b)
		}
	})
}

func TestBank(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		country string
		bank    firm.Bank
		field   string // "" when it is right
	}{
		"us":                 {"US", firm.Bank{"Mohawk Valley Trust", "4410029917", "021305386"}, ""},
		"us wrong digit":     {"US", firm.Bank{"B", "4410029917", "021305387"}, "bank_code"},
		"us all zeros":       {"US", firm.Bank{"B", "4410029917", "000000000"}, "bank_code"},
		"us swapped":         {"US", firm.Bank{"B", "4410029917", "201305386"}, "bank_code"},
		"us account":         {"US", firm.Bank{"B", "44-10", "021305386"}, "bank_account"},
		"iban":               {"NL", firm.Bank{"Amstel Handelsbank", "NL91ABNA0417164300", "ABNANL2A"}, ""},
		"iban without bic":   {"NL", firm.Bank{"B", "NL91ABNA0417164300", ""}, ""},
		"iban wrong digit":   {"NL", firm.Bank{"B", "NL91ABNA0417164301", "ABNANL2A"}, "bank_account"},
		"iban short":         {"NL", firm.Bank{"B", "NL91ABNA041716430", "ABNANL2A"}, "bank_account"},
		"iban of nowhere":    {"NL", firm.Bank{"B", "XX91ABNA0417164300", "ABNANL2A"}, "bank_account"},
		"iban with a blank":  {"NL", firm.Bank{"B", "NL91 ABNA041716430", ""}, "bank_account"},
		"number in euroland": {"NL", firm.Bank{"B", "417164300", "ABNANL2A"}, "bank_account"},
		"bad bic":            {"NL", firm.Bank{"B", "NL91ABNA0417164300", "ABNA"}, "bank_code"},
		"gb iban":            {"GB", firm.Bank{"B", "GB29NWBK60161331926819", "NWBKGB2L"}, ""},
		"gb sort code":       {"GB", firm.Bank{"B", "31926819", "60-16-13"}, ""},
		"gb bad sort code":   {"GB", firm.Bank{"B", "31926819", "601613"}, "bank_code"},
		"elsewhere":          {"SG", firm.Bank{"B", "0012345678", "DBSSSGSG"}, ""},
		"elsewhere no bic":   {"SG", firm.Bank{"B", "0012345678", ""}, "bank_code"},
		"no name":            {"US", firm.Bank{"", "4410029917", "021305386"}, "bank_name"},
	} {
		checkField(t, name, tt.bank.Validate(tt.country), tt.field)
	}
}

// Any one digit changed, or two neighbours swapped, is found.
func TestIBANFindsSlips(t *testing.T) {
	t.Parallel()
	const right = "NL91ABNA0417164300"
	for i := 2; i < len(right); i++ {
		for c := byte('0'); c <= '9'; c++ {
			b := []byte(right)
			if b[i] < '0' || b[i] > '9' || b[i] == c {
				continue
			}
			b[i] = c
			if err := (firm.Bank{Name: "B", Account: string(b)}).Validate("NL"); err == nil {
				t.Errorf("%s passes", b)
			}
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		country, address, field string
	}{
		"us":              {"US", "410 Juniper Street\nAlbany, NY 12207", ""},
		"us zip+4":        {"US", "410 Juniper Street\nAlbany, NY 12207-1234", ""},
		"us no zip":       {"US", "410 Juniper Street\nAlbany, NY", "address"},
		"gb":              {"GB", "7 Saddlers Court\nLondon EC2V 6BR", ""},
		"gb no postcode":  {"GB", "7 Saddlers Court\nLondon", "address"},
		"nl":              {"NL", "Keizersgracht 402\n1016 GC Amsterdam", ""},
		"de":              {"DE", "Unter den Linden 1\n10117 Berlin", ""},
		"ireland, any":    {"IE", "1 Quay Street\nGalway", ""},
		"one line":        {"US", "Albany, NY 12207", "address"},
		"seven lines":     {"US", "a\nb\nc\nd\ne\nf\nAlbany, NY 12207", "address"},
		"empty line":      {"US", "a\n\nAlbany, NY 12207", "address"},
		"long line":       {"US", strings.Repeat("a", 61) + "\nAlbany, NY 12207", "address"},
		"control":         {"US", "a\tb\nAlbany, NY 12207", "address"},
		"carriage return": {"US", "a\r\nAlbany, NY 12207", "address"},
		"no country":      {"", "a\nb", "country"},
		"not a country":   {"ZZ", "a\nb", "country"},
		"alias":           {"UK", "7 Saddlers Court\nLondon EC2V 6BR", "country"},
		"lower case":      {"us", "410 Juniper Street\nAlbany, NY 12207", "country"},
	} {
		checkField(t, name, firm.CheckAddress(tt.country, tt.address), tt.field)
	}
}

func TestTaxID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		country, id string
		ok          bool
	}{
		{"US", "14-5550182", true}, {"US", "145550182", false}, {"GB", "GB412778019", true}, {"GB", "412778019", false},
		{"NL", "NL860114773B01", true}, {"NL", "NL860114773C01", false}, {"DE", "DE123456789", true}, {"SG", "anything 1", true},
		{"US", "", true}, {"SG", "a\nb", false}, {"SG", strings.Repeat("9", 41), false},
	} {
		if err := firm.CheckTaxID(tt.country, tt.id); (err == nil) != tt.ok {
			t.Errorf("%s %q: %v", tt.country, tt.id, err)
		}
	}
}
