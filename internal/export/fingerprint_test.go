package export

import (
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/scope"
)

// A file is fetched under the rights it was made under, which are told by the hash of its
// statement. A partner's file was the only one before there were audiences, and files outlive
// a release by a week: its statement stays as it was, to the letter.
func TestAFileFromBeforeAudiencesIsFetchedStill(t *testing.T) {
	t.Parallel()
	tx := &db.Tx{Scope: scope.Scope{Firm: "01900000-0000-7000-8000-000000000001"}}
	l := limits{audience: AudiencePartner, form: FormFull, from: "2026-01-01", to: "2026-01-31", clients: db.Strings{}, matters: db.Strings{"01900000-0000-7000-8000-000000000002"}}
	const before = "241c7b91d8ef868f0861c023aa6b284a7559f42af967c73557b264b529065566"
	if got := selecting(&authz.Access{}, tx, l).fingerprint(); got != before {
		t.Errorf("the statement is another: %s", got)
	}
}
