package httpd

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
)

type classedLine struct {
	Hours     string `json:"hours"`
	Narrative string `json:"narrative,omitempty" class:"C3"`
}

type classedAnswer struct {
	ID    string        `json:"id" class:"C1"`
	Line  *classedLine  `json:"line" class:"C1"`
	Lines []classedLine `json:"lines,omitempty" class:"C2"`
	Plain struct {
		Name string `json:"name,omitempty" class:"C2"`
	} `json:"plain"`
}

func TestFieldsWithinAClassedFieldAreCutByTheirOwnClass(t *testing.T) {
	t.Parallel()
	if p := unclassed(reflect.TypeFor[classedAnswer](), "answer", 0, map[classing]bool{}); len(p) != 0 {
		t.Errorf("a classed answer is refused: %v", p)
	}
	for upTo, want := range map[authz.Class]string{
		authz.C1: `{"id":"i","line":{"hours":"1"},"plain":{}}`,
		authz.C2: `{"id":"i","line":{"hours":"1"},"lines":[{"hours":"2"}],"plain":{"name":"n"}}`,
		authz.C3: `{"id":"i","line":{"hours":"1","narrative":"a"},"lines":[{"hours":"2","narrative":"b"}],"plain":{"name":"n"}}`,
	} {
		v := classedAnswer{ID: "i", Line: &classedLine{"1", "a"}, Lines: []classedLine{{"2", "b"}}}
		v.Plain.Name = "n"
		cut(reflect.ValueOf(&v), func(c authz.Class) bool { return c <= upTo })
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("up to class %d: %s (%v), want %s", upTo, got, err, want)
		}
	}
}

func TestAnAnswerThatCannotBeCutIsRefused(t *testing.T) {
	t.Parallel()
	type bare struct {
		Name string `json:"name"`
	}
	type kept struct {
		Name string `json:"name" class:"C3"`
	}
	for name, c := range map[string]struct {
		of   reflect.Type
		want string
	}{
		"no class": {reflect.TypeFor[bare](), ".Name: has no class"},
		"a secret": {reflect.TypeFor[struct {
			Key string `class:"S"`
		}](), ".Key: class is C1, C2 or C3, not S"},
		"stays when empty": {reflect.TypeFor[struct {
			In []kept `class:"C1"`
		}](), ".In.Name: a field of class C2 or C3 needs"},
		"a map of higher": {reflect.TypeFor[struct {
			In map[string]*kept `class:"C1"`
		}](), ".In.Name: its class is above"},
		"a map of maps": {reflect.TypeFor[struct {
			In []map[string][]map[int]kept `class:"C2" json:",omitempty"`
		}](), ".In.Name: its class is above"},
		"same type, no class": {reflect.TypeFor[struct {
			A bare `class:"C2" json:",omitzero"`
			B bare
		}](), ".B.Name: has no class"},
	} {
		if p := unclassed(c.of, "answer", 0, map[classing]bool{}); len(p) != 1 || !strings.Contains(p[0], c.want) {
			t.Errorf("%s: %q, want one problem with %q", name, p, c.want)
		}
	}
	if p := unclassed(reflect.TypeFor[struct {
		In map[string]kept `class:"C3" json:",omitempty"`
	}](), "answer", 0, map[classing]bool{}); len(p) != 0 {
		t.Errorf("a map of its own class is refused: %v", p)
	}
}
