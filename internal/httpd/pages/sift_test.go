package pages

import (
	"fmt"
	"net/url"
	"testing"
)

func TestAListIsSearchedAndPaged(t *testing.T) {
	t.Parallel()
	s := sifter[string]{Address: "/x", Noun: [2]string{"client", "clients"}, Open: "Active", Closed: "Closed",
		Words: func(x string) string { return "Client " + x }, Over: func(x string) bool { return x == "099" }, Key: func(x string) string { return x }}
	var all []string
	for i := range 120 {
		all = append(all, fmt.Sprintf("%03d", i))
	}
	seen, after := map[string]bool{}, ""
	for pages := 1; ; pages++ {
		got := s.sift(all, readFilters(url.Values{"after": {after}}))
		for _, x := range got.Items {
			if seen[x] || x == "099" {
				t.Errorf("%s stands twice, or is closed", x)
			}
			seen[x] = true
		}
		if got.Pager.Next == "" {
			if pages != 3 || len(seen) != 119 || got.Pager.First == "" || got.Pager.Shown != "19 of 119 clients" {
				t.Errorf("%d pages, %d rows, %+v", pages, len(seen), got.Pager)
			}
			break
		}
		next, err := url.Parse(got.Pager.Next)
		if err != nil {
			t.Fatal(err)
		}
		after = next.Query().Get("after")
	}
	got := s.sift(all, readFilters(url.Values{"q": {"CLIENT 09"}, "state": {"all"}}))
	if len(got.Items) != 12 || got.Tabs[0].Count != 11 || got.Tabs[1].Count != 1 || !got.Tabs[2].Current || got.Tabs[1].Href != "/x?q=CLIENT+09&state=over" {
		t.Errorf("%v, %+v", got.Items, got.Tabs)
	}
	if got := s.sift(all, readFilters(url.Values{"q": {"none"}})); !got.Nothing || len(got.Items) != 0 {
		t.Errorf("%+v", got)
	}
	q := readFilters(url.Values{"after": {"gone"}, "state": {"shut"}})
	if got := s.sift(all, q); len(got.Items) != sifterPage || got.Items[0] != "000" || got.Pager.First != "" || len(q.wrong) != 2 {
		t.Errorf("a row that is gone, and a state that none has: %v, said %v", got.Items, q.wrong)
	}
	if got := s.sift(nil, readFilters(nil)); got.Nothing {
		t.Error("an empty list has nothing to search in")
	}
}
