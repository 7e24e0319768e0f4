package export_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// T04: a matter that is sealed after a file was made closes the file to who does not see
// it any more, and one that is restricted closes what other staff have of it.
func TestT04_AFileWithAMatterThatWasSealedSinceIsNotFetched(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for name, c := range map[string]struct {
		audience export.Audience
		label    int
		want     error
	}{
		"sealed, a partner's":               {export.AudiencePartner, 3, export.ErrRightGone},
		"restricted, a partner's":           {export.AudiencePartner, 2, nil},
		"restricted, other staff's":         {export.AudienceStaff, 2, export.ErrRightGone},
		"sealed, an auditor's":              {export.AudienceAuditor, 3, export.ErrRightGone},
		"sealed, of nothing in the auditor": {export.AudienceAuditor, 0, nil},
	} {
		f := testkit.Firm(t, h.d)
		m, other := f.Matter(t), f.Matter(t)
		f.Invoice(t, m)
		f.Invoice(t, other)
		asker := f.As(t, rbac.RoleSpecialist)
		n := year(export.FormRedacted)
		n.Audience = c.audience
		e, _ := h.ready(t, f, asker, n)
		ticket, err := h.svc.Ticket(asker, e.ID, "n")
		if err != nil {
			t.Fatalf("%s, before: %v", name, err)
		}
		f.Exec(t, `UPDATE matter SET label = ? WHERE firm_id = ? AND id = ?`, c.label, f.ID, m.ID)
		if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, c.want) {
			t.Errorf("%s: a ticket, %v", name, err)
		}
		file, err := h.svc.Download(asker, ticket.Reveal(), "n", "")
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: fetched, %v", name, err)
		}
		if err == nil {
			_ = file.Body.Close()
		}
	}
}
