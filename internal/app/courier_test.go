package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
)

// posted is a sender that hands over what it is given.
type posted chan mail.Outgoing

func (p posted) Send(_ context.Context, o mail.Outgoing) error {
	p <- o
	return nil
}

func TestCourier(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	box := make(posted, 1)
	c := &courier{sender: box, from: "post@larkspur.example", publicURL: "https://billing.example/", log: obs.Discard()}
	i := people.Invitation{Person: "p", Name: "Nora Quill", Email: "nora@firm.example", Firm: "Hollis & Vane", Token: "secret-token", Expires: testkit.Now.Add(72 * time.Hour)}
	invite := func(i people.Invitation, then error) error {
		return d.InFirm(f.Machine(), func(tx *db.Tx) error {
			if err := c.Invite(tx, i); err != nil {
				return err
			}
			return then
		})
	}
	if err := invite(i, nil); err != nil {
		t.Fatal(err)
	}
	o := <-box
	if o.To != "nora@firm.example" || o.Subject != "Hollis & Vane has given you access to Docketry" || !strings.Contains(o.Text, "https://billing.example/enrol/secret-token") || !strings.HasSuffix(o.MessageID, "@larkspur.example") {
		t.Errorf("%+v", o)
	}
	i.Token = ""
	if err := invite(i, nil); err != nil {
		t.Fatal(err)
	}
	if o := <-box; strings.Contains(o.Text, "/enrol/") {
		t.Errorf("a link for someone who signs in already: %s", o.Text)
	}
	rolledBack := errors.New("something later failed")
	if err := invite(i, rolledBack); !errors.Is(err, rolledBack) {
		t.Fatal(err)
	}
	select {
	case o := <-box:
		t.Errorf("sent although nothing was kept: %+v", o)
	default:
	}
	c.sender = nil
	if err := invite(i, nil); !errors.Is(err, errNoMail) {
		t.Errorf("without a mail server: %v", err)
	}
}
