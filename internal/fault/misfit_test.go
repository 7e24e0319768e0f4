package fault_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// grade reads "A" and says itself what else is.
type grade struct{}

var errGrade = fault.New(fault.Invalid, "grade_unknown", "enter A")

func (*grade) UnmarshalText(b []byte) error {
	if string(b) != "A" {
		return errGrade
	}
	return nil
}

func TestWhatDoesNotFitIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	type line struct {
		Minor int64     `json:"amount_minor"`
		At    time.Time `json:"at"`
	}
	type Inner struct {
		Days *int `json:"days,omitempty"`
	}
	type body struct {
		Inner
		Name   string            `json:"name"`
		Lines  []line            `json:"lines"`
		On     bool              `json:"on"`
		Small  uint8             `json:"small"`
		Share  float64           `json:"share"`
		Texts  map[string]string `json:"texts"`
		Grade  grade             `json:"grade"`
		Free   any               `json:"free"`
		hidden int
	}
	for sent, want := range map[string]struct{ path, says string }{
		`{"days":1.0}`: {"days", "whole number"}, `{"days":"x"}`: {"days", "whole number"}, `{"name":7}`: {"name", "enter text"}, `{"on":1}`: {"on", "true or false"},
		`{"small":-1}`: {"small", "whole number from 0"}, `{"small":256}`: {"small", "whole number from 0"}, `{"share":1e999}`: {"share", "not so large"}, `{"free":{"a":[1,1e999]}}`: {"free.a[1]", "not so large"},
		`{"lines":[{"amount_minor":1},{"amount_minor":1e30}]}`: {"lines[1].amount_minor", "whole number"}, `{"lines":[{"at":"2026-02-30T00:00:00Z"}]}`: {"lines[0].at", "a moment such as"},
		`{"lines":7}`: {"lines", "send a list"}, `{"lines":[7]}`: {"lines[0]", "send an object"}, `{"texts":{"a":"b","c":7}}`: {"texts.c", "enter text"}, `[1]`: {"", "send an object"}, `"x"`: {"", "send an object"},
		`{"lines":[{"at":7}],"days":2}`: {"lines[0].at", "a moment such as"}, `{"grade":"B"}`: {"grade", "enter A"}, `{"grade":7}`: {"grade", "enter text"},
		`{"wrong":1}`: {"wrong", "no field of this name"}, `{"lines":[{"minor":1}]}`: {"lines[0].minor", "no field of this name"}, `{"hidden":1}`: {"hidden", "no field of this name"},
		"{\"on\":true,\n  x}": {"", "from character 3 of line 2 on this is no JSON"}, `{"on":`: {"", "ends before it is whole"}, ``: {"", "ends before it is whole"},
	} {
		var into body
		d := json.NewDecoder(strings.NewReader(sent))
		d.DisallowUnknownFields()
		err := d.Decode(&into)
		if err == nil {
			t.Errorf("%s is taken: %d", sent, into.hidden)
			continue
		}
		f := fault.Misfit(&into, []byte(sent), err)
		if f.Path != want.path || !strings.Contains(f.Message, want.says) || f.Code == "" {
			t.Errorf("%s: %+v", sent, f)
		}
		for _, word := range []string{"json:", "Go ", "int64", "fault_test", "parsing"} {
			if strings.Contains(f.Message+f.Fix, word) {
				t.Errorf("%s: %+v holds %q", sent, f, word)
			}
		}
	}
}
