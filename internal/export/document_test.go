package export_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// paper gives an invoice a file, as it has one of its issue.
func (h house) paper(t *testing.T, f testkit.F, i testkit.I, format, text string) {
	t.Helper()
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		t.Fatal(err)
	}
	store := blob.New(h.d, h.bucket, blob.NewKeys(master))
	sum := sha256.Sum256([]byte(text))
	err = h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		b, err := store.Put(tx, "invoice_pdf", []byte(text))
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO invoice_document (firm_id, id, invoice_id, format, blob_id, sha256, size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			f.ID, ident.New[string](tx.Now), i.ID, format, b, hex.EncodeToString(sum[:]), len(text)).Error
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The invoices' own files go along for who sees their text: of one payor its own, of a
// partner all that the scope has, and never another firm's.
func TestTheFilesOfInvoicesGoAlong(t *testing.T) {
	t.Parallel()
	h := setup(t)
	mine, theirs := plant(t, h.d, "aaa"), plant(t, h.d, "bbb")
	sealed := mine.Invoice(t, mine.sealed, testkit.Words("more"))
	for _, x := range []struct {
		f      testkit.F
		i      testkit.I
		format string
		text   string
	}{
		{mine.F, mine.billed, "pdf", "paper of the payor"}, {mine.F, mine.billed, "ledes_1998b", "ebill of the payor"}, {mine.F, mine.others, "pdf", "paper of the other"},
		{mine.F, sealed, "pdf", "paper of the sealed"}, {theirs.F, theirs.billed, "pdf", "paper of theirs"},
	} {
		h.paper(t, x.f, x.i, x.format, x.text)
	}
	for name, c := range map[string]struct {
		as   []testkit.GrantOption
		ask  func(n *export.NewRequest)
		want string
	}{
		"a payor":                      {nil, func(n *export.NewRequest) { n.Audience, n.Payor = export.AudiencePayor, mine.payor }, "ebill of the payor, paper of the payor"},
		"a partner":                    {nil, func(*export.NewRequest) {}, "ebill of the payor, paper of the other, paper of the payor"},
		"who sees no text":             {[]testkit.GrantOption{testkit.UpToClass(2)}, func(*export.NewRequest) {}, ""},
		"who was named the sealed one": {[]testkit.GrantOption{testkit.OnMatters(mine.sealed.ID), testkit.UpToLabel(3)}, func(*export.NewRequest) {}, "paper of the sealed"},
	} {
		asker := mine.As(t, rbac.RoleSpecialist, c.as...)
		n := year(export.FormFull)
		n.Documents = true
		c.ask(&n)
		seen, err := h.svc.Preview(asker, n)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, key := h.ready(t, mine.F, asker, n)
		_, files := members(t, h.fetch(t, asker, e), key)
		var got []string
		for name, b := range files {
			if strings.HasPrefix(name, "documents/") {
				got = append(got, string(b))
			}
		}
		if slices.Sort(got); strings.Join(got, ", ") != c.want || int(seen.Documents) != len(got) {
			t.Errorf("%s gets %q, the preview says %d; want %s", name, got, seen.Documents, c.want)
		}
		if text := string(files["manifest.json"]); strings.Count(text, "documents/") != len(got) {
			t.Errorf("%s: the manifest lists others: %s", name, text)
		}
	}
}
