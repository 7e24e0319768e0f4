package authz

import "testing"

func TestTheBenchComparesLikeWithLike(t *testing.T) {
	t.Parallel()
	b, err := NewBench(10, 6)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := b.Plain()
	if err != nil {
		t.Fatal(err)
	}
	allowed := 0
	for i := range 300 {
		want, err := plain(i)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Decide(i); got != want {
			t.Errorf("decision %d: compiled %t, Casbin %t", i, got, want)
		}
		if want {
			allowed++
		}
	}
	if allowed == 0 || allowed == 300 {
		t.Errorf("%d of 300 allowed", allowed)
	}
}
