package export

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
)

// A column that nobody classed is refused: it must not leave as the lowest class. What a
// query shows without a condition is C1, in every audience's file.
func TestEveryColumnHasItsClass(t *testing.T) {
	t.Parallel()
	high := map[string]authz.Class{"narrative": authz.C3}
	low := "id kind currency status invoice_status line content_sha256 pdf_sha256 ebill_sha256 closing_sha256 credit_content_sha256 credit_pdf_sha256 audit_leaf audit_seq"
	for _, a := range Audiences {
		p := profiles[a]
		if a.Title() == "" || a.Gets() == "" || p.columns[0].name != "id" || p.column("currency") < 0 {
			t.Errorf("%s: %q, %q, its first column is %s", a, a.Title(), a.Gets(), p.columns[0].name)
		}
		q, _ := selection{profile: p, money: "false", words: "false", where: "true"}.query()
		for i, c := range p.columns {
			want := high[c.name]
			if want == 0 {
				want = authz.C2
			}
			if strings.Contains(" "+low+" ", " "+c.name+" ") {
				want = authz.C1
			}
			if class, err := p.classOf(i); err != nil || class != want {
				t.Errorf("%s: column %s is of class %d, %v", a, c.name, class, err)
			}
			if bare := !strings.Contains(q, "THEN "+c.sql+" END"); bare != (c.class == authz.C1) {
				t.Errorf("%s: column %s leaves without a condition: %t", a, c.name, bare)
			}
		}
	}
	if class, err := (profile{columns: []column{{name: "bank_account"}}}).classOf(0); err == nil {
		t.Errorf("an unclassed column is of class %d", class)
	}
}
