package backup

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
)

// serversFolder is one that a server which runs as another user can pass through.
func serversFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "drill-")
	if err = errors.Join(err, os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestT28_DrillProvesEverything(t *testing.T) {
	t.Parallel()
	h := setup(t)
	taken := h.take(t)
	if m := taken.Manifest; len(m.Firms()) != 2 || m.BlobCount != 6 || len(m.Checkpoints) != 2 || m.Schema == 0 || m.Dump.Bytes == 0 {
		t.Errorf("manifest: %+v", m)
	}
	// The firm goes on after the backup, and keeps a checkpoint of what came then.
	h.clock.Advance(time.Hour)
	f := h.firms[0]
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{Action: "test.later", Object: "test", ID: "1"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	d := h.drill(taken.File)
	d.Newer = []string{f.Text(t, `SELECT note FROM audit_checkpoint WHERE firm_id = ? ORDER BY size DESC LIMIT 1`, f.ID)}
	d.Data = serversFolder(t)
	out, err := d.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(d.Data); err != nil || len(left) != 0 {
		t.Errorf("the drill leaves %v plain, %v", left, err)
	}
	var names []string
	for _, p := range out.Proofs {
		names = append(names, p.Name)
		if !p.OK {
			t.Errorf("%s: %s %q", p.Name, p.Says, p.Details)
		}
	}
	if got := strings.Join(names, " "); !out.OK || got != "file rows catalogue self-check audit blobs" {
		t.Errorf("proofs %q, ok %v", got, out.OK)
	}
	if says := out.Proofs[5].Says; says != "6 of 6, at random, decrypt and hash as named" {
		t.Errorf("blobs: %s", says)
	}
	if says := out.Proofs[4].Says; !strings.Contains(says, "6 entries of 2 firms") || !strings.Contains(says, "1 given") {
		t.Errorf("audit: %s", says)
	}
}
