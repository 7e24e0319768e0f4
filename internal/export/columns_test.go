package export

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
)

// A column that nobody classed is refused: it must not leave as the lowest class.
func TestEveryColumnHasItsClass(t *testing.T) {
	t.Parallel()
	for _, name := range header() {
		if _, err := classOf(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "bank_account", "Narrative"} {
		if class, err := classOf(name); err == nil {
			t.Errorf("column %q is of class %d", name, class)
		}
	}
	for name, want := range map[string]authz.Class{"id": authz.C1, "status": authz.C1, "worked_on": authz.C2, "hours": authz.C2, "task_code": authz.C2, "rate": authz.C2, "rate_source": authz.C2, "standard_rate": authz.C2, "narrative": authz.C3} {
		if class, err := classOf(name); err != nil || class != want {
			t.Errorf("column %s is of class %d, %v", name, class, err)
		}
	}
	// What the query shows without a condition is C1.
	q, _ := selection{money: "false", words: "false", where: "true"}.query()
	for _, c := range fileColumns {
		if bare := !strings.Contains(q, "THEN "+c.sql+" END"); bare != (c.class == authz.C1) {
			t.Errorf("column %s leaves without a condition: %t", c.name, bare)
		}
	}
}
