package page_test

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

// day is a date as the services write it.
type day string

func (d day) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

type key struct {
	On day              `json:"on"`
	At time.Time        `json:"at"`
	ID ident.WorkItemID `json:"id"`
	N  int              `json:"n"`
}

func TestACursorIsWhatItsListGaveOut(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 31, 9, 30, 0, 5_000, time.FixedZone("", -5*3600))
	want := key{"2026-10-31", at, ident.New[ident.WorkItemID](at), 7}
	p, err := page.Cut([]key{want, {}}, 1, func(k key) any { return k })
	if err != nil || len(p.Items) != 1 || p.Next == "" {
		t.Fatalf("%+v, %v", p, err)
	}
	var got key
	if first, err := (page.Request{After: p.Next}).Decode(&got); err != nil || first || got.ID != want.ID || got.On != want.On || !got.At.Equal(at) || got.N != 7 {
		t.Errorf("%+v, first %v, %v", got, first, err)
	}
	if first, err := (page.Request{}).Decode(&got); err != nil || !first {
		t.Errorf("the first page: %v, %v", first, err)
	}
	var n int64
	if _, err := (page.Request{After: base64.RawURLEncoding.EncodeToString([]byte("12"))}).Decode(&n); err != nil || n != 12 {
		t.Errorf("a number: %d, %v", n, err)
	}
	whole := `"2026-10-31","at":"2026-10-31T09:30:00-05:00"`
	for _, forged := range []string{
		"", "{}", "null", "[1]", "12", `{"id":"z"}`, `{"on":` + whole + `,"id":"z","n":7}`, `{"on":` + whole + `,"id":"","n":7}`,
		`{"on":"2026-02-30","at":"2026-10-31T09:30:00-05:00","id":"` + string(want.ID) + `","n":7}`, `{"on":` + whole + `,"id":"` + string(want.ID) + `"}`,
		`{"on":` + whole + `,"id":"` + string(want.ID) + `","n":7,"more":1}`, `{ "on":` + whole + `,"id":"` + string(want.ID) + `","n":7}`,
	} {
		var k key
		after := base64.RawURLEncoding.EncodeToString([]byte(forged))
		if forged == "" {
			after = "%%%"
		}
		if _, err := (page.Request{After: after}).Decode(&k); !errors.Is(err, page.ErrBadCursor) {
			t.Errorf("%s: %+v, %v", forged, k, err)
		}
	}
}
