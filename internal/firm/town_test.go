package firm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/firm"
)

func TestTownOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ country, address, city, region, code, rest string }{
		{"GB", "1 Canal Row|London EC2V 6BR", "London", "", "EC2V 6BR", "1 Canal Row"},
		{"GB", "Floor 3|9 Mill Lane|Kingston upon Hull HU1 1AA|England", "Kingston upon Hull", "", "HU1 1AA", "Floor 3|9 Mill Lane|England"},
		{"US", "40 State Street|Albany, NY 12207", "Albany", "NY", "12207", "40 State Street"},
		{"US", "40 State Street|St. Paul MN 55101-1234", "St. Paul", "MN", "55101-1234", "40 State Street"},
		{"CA", "1 King St W|Toronto ON M5H 2N2", "Toronto", "ON", "M5H 2N2", "1 King St W"},
		{"AU", "1 George St|Sydney NSW 2000", "Sydney", "NSW", "2000", "1 George St"},
		{"NL", "Herengracht 1|1016 GC Amsterdam", "Amsterdam", "", "1016 GC", "Herengracht 1"},
		{"IE", "1 Dame Street|Dublin D02 X285", "Dublin", "", "D02 X285", "1 Dame Street"},
		{"DE", "Unter den Linden 1|10117 Berlin", "Berlin", "", "10117", "Unter den Linden 1"},
		{"IT", "Via Roma 1|20121 Milano MI", "Milano", "MI", "20121", "Via Roma 1"},
		{"IT", "Via Roma 1|00187 Roma", "Roma", "", "00187", "Via Roma 1"},
		{"CH", "Bahnhofstrasse 1|8001 Zürich", "Zürich", "", "8001", "Bahnhofstrasse 1"},
		{"LU", "Rue 1|L-1930 Luxembourg", "Luxembourg", "", "L-1930", "Rue 1"},
	} {
		got, rest, ok := firm.TownOf(c.country, strings.Split(c.address, "|"))
		if !ok || got != (firm.Town{City: c.city, Region: c.region, Postcode: c.code}) || strings.Join(rest, "|") != c.rest {
			t.Errorf("%s %q: %+v %q %v", c.country, c.address, got, rest, ok)
		}
	}
	for _, c := range [][2]string{
		{"GB", "London EC2V 6BR"},                                  // the first line is the street
		{"GB", "1 Canal Row|9 Mill Lane, London EC2V 6BR"},         // a street before it
		{"GB", "1 Canal Row|London EC2V 6BR|Leeds LS1 1AA"},        // which of the two?
		{"FR", "1 rue X|75001 Paris CEDEX 08"},                     // the name is not all of it
		{"US", "1 Main St|Albany, New York 12207"},                 // no state's code
		{"SG", "1 Robinson Road|Singapore 048542"},                 // a form that is not known here
		{"GB", "1 Row|" + strings.Repeat("Long ", 9) + " LS1 1AA"}, // longer than the field
		{"GB", ""},
	} {
		in := strings.Split(c[1], "|")
		if got, rest, ok := firm.TownOf(c[0], in); ok || got != (firm.Town{}) || !slices.Equal(rest, in) {
			t.Errorf("%s %q is taken for %+v", c[0], c[1], got)
		}
	}
}
