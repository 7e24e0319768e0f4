package sla

import (
	"encoding/json"
	"os"
	"testing"
)

func TestEveryStoryOfTheDesignIsTold(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/sla-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var f StoryFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	results, err := f.Replay()
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 8 {
		t.Fatalf("%d stories, want 8", len(results))
	}
	for i, r := range results {
		for k, want := range f.Stories[i].Expect {
			if got := normal(t, r.Got[k]); got != normal(t, want) {
				t.Errorf("%s %s:\n got %s\nwant %s", r.ID, k, got, normal(t, want))
			}
		}
		if len(r.Got) != len(f.Stories[i].Expect) {
			t.Errorf("%s: %d keys, want %d", r.ID, len(r.Got), len(f.Stories[i].Expect))
		}
	}
}

// normal makes two JSON values comparable whatever the order of their keys.
func normal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var loose any
	if err := json.Unmarshal(b, &loose); err != nil {
		t.Fatal(err)
	}
	b, err = json.Marshal(loose)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
