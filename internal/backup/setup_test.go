package backup

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
)

// TestMain turns the test binary into a backup that stops in the middle of its dump,
// so that it can be killed there, and into the commands that PostgreSQL calls.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_WAL_ARCHIVE") != "" {
		os.Exit(wal(os.Args[1:]))
	}
	if os.Getenv("TEST_BACKUP_URL") == "" {
		os.Exit(m.Run())
	}
	to, err := Recipients(os.Getenv("TEST_BACKUP_TO"))
	if err == nil {
		_, err = Take(context.Background(), Options{URL: os.Getenv("TEST_BACKUP_URL"), Dir: os.Getenv("TEST_BACKUP_DIR"), To: to, Clock: clock.System(),
			through: func(w io.Writer) io.Writer { return &stuck{w: w} }})
	}
	fmt.Println("ended:", err)
	os.Exit(1)
}

// stuck lets one write through, says so, and waits to be killed.
type stuck struct{ w io.Writer }

func (s *stuck) Write(b []byte) (int, error) {
	if _, err := s.w.Write(b); err != nil {
		return 0, err
	}
	fmt.Println("midway")
	select {}
}

// house is a database with two firms that have invoices, a sealed audit tree and blobs.
type house struct {
	database string
	url      string // as docketry_backup
	d        *db.DB // as docketry_worker
	firms    []testkit.F
	invoices []testkit.I
	bucket   *blob.Memory
	master   *seal.Master
	key      *audit.SigningKey
	keeper   *audit.Keeper
	clock    *clock.Manual
	id       *age.X25519Identity
	dir      string
}

func setup(t *testing.T) *house {
	t.Helper()
	h := &house{database: testkit.NewDatabase(t), clock: clock.At(testkit.Now), dir: t.TempDir()}
	h.url = testkit.Stack(t).Postgres("docketry_backup", h.database)
	h.d = testkit.OpenDatabase(t, "docketry_worker", h.database, h.clock)
	h.bucket = blob.NewMemory(h.clock)
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h.master, err = seal.NewMaster([]byte("a master key of thirty-two bytes"))
	must()
	h.key, err = audit.NewSigningKey([]byte("an audit seed of thirty-two byte"))
	must()
	h.keeper, err = audit.NewKeeper(h.d, h.key)
	must()
	h.id, err = age.GenerateX25519Identity()
	must()
	store := blob.New(h.d, h.bucket, blob.NewKeys(h.master))
	for range 2 {
		f := testkit.Firm(t, h.d)
		m := f.Matter(t)
		h.firms = append(h.firms, f)
		for range 2 {
			h.invoices = append(h.invoices, f.Invoice(t, m, testkit.Sent()))
		}
		err = h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
			for i := range 3 {
				if _, err := store.Put(tx, "invoice_pdf", fmt.Appendf(nil, "file %d of %s", i, f.ID)); err != nil {
					return err
				}
				if err := audit.Record(tx, audit.Entry{Action: "test.done", Object: "test", ID: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		must()
		err = h.keeper.SignNow(t.Context(), f.ID)
		must()
	}
	return h
}

func (h *house) take(t *testing.T) Taken {
	t.Helper()
	taken, err := Take(t.Context(), h.options())
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func (h *house) options() Options {
	return Options{URL: h.url, Dir: h.dir, To: []age.Recipient{h.id.Recipient()}, Clock: h.clock}
}

func (h *house) drill(file string) Drill {
	return Drill{File: file, Identities: []age.Identity{h.id}, AuditKeys: h.key.Public(), Master: h.master, Bucket: h.bucket, Clock: clock.System()}
}

// admin runs statements as the private server's superuser, triggers and foreign keys off.
func (h *house) admin(t *testing.T, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(context.WithoutCancel(t.Context()), testkit.AdminURL(t, h.database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range append([]string{"SET session_replication_role = replica"}, statements...) {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

var databases atomic.Int64

// empty is a new database of the test's server, and its superuser's address.
func empty(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("restored_%d_%d", os.Getpid(), databases.Add(1))
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return testkit.AdminURL(t, name)
}

// leavings are the names in the folder of backups.
func (h *house) leavings(t *testing.T) (names []string) {
	t.Helper()
	all, err := os.ReadDir(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}
