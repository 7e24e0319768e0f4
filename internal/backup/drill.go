package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/devstack"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/rbac"
)

// Drill is what a drill is given besides the backup.
type Drill struct {
	File       string
	Identities []Identity
	AuditKeys  string              // public keys that signed checkpoints, one a line, kept apart from the backup
	Invoices   audit.InvoiceSource // whose hashes must be those that were sealed
	Newer      []string            // checkpoints from after the backup, as firms keep them
	Master     *seal.Master        // opens firms' data keys; nil where there is no blob to open
	Bucket     blob.Bucket         // the copy of the blob store; likewise
	Sample     int                 // how many blobs are opened; 0 means 100
	Data       string              // folder for the private server's data; "" is the system's temporary one
	Clock      clock.Clock
	Log        io.Writer // what the private server's start has to say; nil keeps quiet
}

// Proof is one thing that a drill shows.
type Proof struct {
	Name    string   `json:"proof"`
	OK      bool     `json:"ok"`
	Says    string   `json:"says"`
	Details []string `json:"details,omitempty"` // what was wrong, each by name
}

// Outcome is what a drill showed.
type Outcome struct {
	OK      bool      `json:"ok"`
	File    string    `json:"file"`
	TakenAt time.Time `json:"taken_at"`
	Proofs  []Proof   `json:"proofs"`
	TookMs  int64     `json:"took_ms"`
}

// database is the name of what a drill restores into.
const database = "docketry"

// Run restores the backup into a private server of this machine's PostgreSQL, which is
// gone afterwards with all that was in it, and proves what SECURITY 11 asks for. An
// error is what could not be tried; what was tried and is not as it should be is a
// proof that is not OK, and those that rest on it are not tried.
func (d Drill) Run(ctx context.Context) (out Outcome, err error) {
	began := d.Clock.Now()
	out.File = d.File
	defer func() {
		out.TookMs = d.Clock.Now().Sub(began).Milliseconds()
		out.OK = err == nil
		for _, p := range out.Proofs {
			out.OK = out.OK && p.OK
		}
	}()
	m, err := Inspect(d.File, d.Identities)
	if errors.Is(err, ErrDamaged) {
		out.add("file", []string{err.Error()}, "")
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.TakenAt = m.TakenAt
	out.add("file", nil, "whole, of %s, PostgreSQL %d, migration %d, a dump of %d bytes with SHA-256 %s", m.TakenAt.Format(time.RFC3339), m.Server, m.Schema, m.Dump.Bytes, m.Dump.SHA256)
	folder, err := d.folder()
	if err != nil {
		return out, err
	}
	defer func() {
		if folder != "" { // what was restored is plain there
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	stack, err := devstack.Start(ctx, devstack.Config{Data: folder, Log: d.Log, Redis: devstack.NoRedis})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	return out, d.prove(ctx, &out, m, stack.Addresses)
}

// folder makes one of the drill's own below Data; "" where the server finds one itself. It
// is open to pass through, for the server runs as another user where root drills; what the
// server makes in it is not.
func (d Drill) folder() (string, error) {
	if d.Data == "" {
		return "", nil
	}
	err := os.MkdirAll(d.Data, 0o755)
	if err != nil {
		return "", fmt.Errorf("make the drill's folder: %w", err)
	}
	folder, err := os.MkdirTemp(d.Data, "drill-")
	if err == nil {
		err = os.Chmod(folder, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("make the drill's folder: %w", err)
	}
	return folder, nil
}

func (o *Outcome) add(name string, wrong []string, says string, args ...any) {
	p := Proof{Name: name, OK: len(wrong) == 0, Says: fmt.Sprintf(says, args...), Details: wrong}
	if !p.OK {
		p.Says = "NOT as it should be: " + strings.SplitN(wrong[0], "\n", 2)[0]
	}
	o.Proofs = append(o.Proofs, p)
}

func (d Drill) prove(ctx context.Context, out *Outcome, m Manifest, at devstack.Addresses) error {
	admin, err := pgx.Connect(ctx, at.Postgres("postgres", "postgres"))
	if err != nil {
		return fmt.Errorf("connect to the private server: %w", err)
	}
	_, err = admin.Exec(ctx, "CREATE DATABASE "+database)
	if err := errors.Join(err, admin.Close(ctx)); err != nil {
		return fmt.Errorf("make the drill's database: %w", err)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("make a sealing key: %w", err)
	}
	_, err = Restore(ctx, d.File, d.Identities, Target{URL: at.Postgres("postgres", database), Key: key})
	if errors.Is(err, ErrDiffers) {
		_, what, _ := strings.Cut(err.Error(), "\n")
		out.add("rows", strings.Split(what, "\n"), "")
		return nil
	}
	if err != nil {
		return err
	}
	out.add("rows", nil, "%d rows in %d tables of %d firms, each count as in the manifest", m.Rows(), len(m.Tables), len(m.Firms()))
	return d.look(ctx, out, m, at, key)
}

// look opens the restored database as the programs do.
func (d Drill) look(ctx context.Context, out *Outcome, m Manifest, at devstack.Addresses, key []byte) error {
	var breaches []string
	var worker *db.DB
	for _, role := range []string{"docketry_api", "docketry_worker"} {
		one, err := db.Open(ctx, db.Config{URL: at.Postgres(role, database), Key: key, Clock: d.Clock, StatementTimeout: time.Hour, IdleTimeout: time.Hour})
		if err != nil {
			return err
		}
		defer one.Close()
		found, err := one.Catalogue(ctx)
		if err != nil {
			return err
		}
		worker, breaches = one, append(breaches, found...)
	}
	out.add("catalogue", breaches, "every wall of the catalogue test stands, for docketry_api and docketry_worker")
	for _, prove := range []func(ctx context.Context, out *Outcome, m Manifest, d *db.DB) error{d.sums, d.trees, d.blobs} {
		if err := prove(ctx, out, m, worker); err != nil {
			return err
		}
	}
	return nil
}

// task is the name under which the drill looks into firms.
const task = "drill"

func (d Drill) sums(ctx context.Context, out *Outcome, m Manifest, worker *db.DB) error {
	var wrong []string
	var compared int64
	for _, firm := range m.Firms() {
		err := worker.InFirm(scope.ForMachine(ctx, task, firm), func(tx *db.Tx) error {
			r, err := selfcheck.Examine(tx)
			compared += r.Compared
			for _, f := range r.Findings {
				wrong = append(wrong, fmt.Sprintf("firm %s: %s", firm, f))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	out.add("self-check", wrong, "%d records of %d firms: I03, I04, I08, I10 and I11 hold", compared, len(m.Firms()))
	return nil
}

// trees verifies each firm's audit tree three times over: by itself and with the
// checkpoint of the manifest, where nothing may be found, and against a checkpoint
// from after the backup, where exactly the missing tail must be. For a firm of which
// no such checkpoint was given one is signed here, with a key that ends with the drill.
func (d Drill) trees(ctx context.Context, out *Outcome, m Manifest, worker *db.DB) error {
	if strings.TrimSpace(d.AuditKeys) == "" {
		return errors.New("the audit log is proven with the public audit key: give --key, or DOCKETRY_AUDIT_KEY")
	}
	own, err := drillKey()
	if err != nil {
		return err
	}
	policy, err := rbac.New()
	if err != nil {
		return err
	}
	guard := authz.NewGuard(worker, policy)
	svc := audit.NewService(worker, guard, d.Invoices, strings.TrimSpace(d.AuditKeys)+"\n"+own.Public())
	newer, err := byTree(d.Newer)
	if err != nil {
		return err
	}
	var wrong []string
	var leaves int64
	given := 0
	for _, c := range m.Checkpoints {
		report, err := svc.VerifySince(scope.ForMachine(ctx, task, c.Firm), c.Note)
		if err != nil {
			return fmt.Errorf("verify the audit log of firm %s: %w", c.Firm, err)
		}
		leaves += report.Leaves
		wrong = append(wrong, problems(c.Firm, report, 0)...)
		later := newer[audit.Origin(c.Firm)]
		if given += len(later); len(later) == 0 {
			made, err := own.SignCheckpoint(audit.Checkpoint{Origin: audit.Origin(c.Firm), Size: report.Leaves + 1, At: d.Clock.Now()})
			if err != nil {
				return err
			}
			later = []string{made}
		}
		if report, err = svc.VerifySince(scope.ForMachine(ctx, task, c.Firm), later...); err != nil {
			return fmt.Errorf("verify the audit log of firm %s: %w", c.Firm, err)
		}
		wrong = append(wrong, problems(c.Firm, report, len(later))...)
	}
	out.add("audit", wrong, "%d entries of %d firms are as they were sealed; against checkpoints from after the backup (%d given, one made here for each other firm) the tail is missing and nothing else", leaves, len(m.Checkpoints), given)
	return nil
}

func drillKey() (*audit.SigningKey, error) {
	seed := make([]byte, 32)
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("make a key for the drill's checkpoints: %w", err)
	}
	return audit.NewSigningKey(seed)
}

func byTree(notes []string) (map[string][]string, error) {
	all := map[string][]string{}
	for i, n := range notes {
		c, err := audit.ReadCheckpoint(n)
		if err != nil {
			return nil, fmt.Errorf("read checkpoint %d from after the backup: %w", i+1, err)
		}
		all[c.Origin] = append(all[c.Origin], n)
	}
	return all, nil
}

// problems is what a report holds besides the missing tail, which ahead checkpoints must show.
func problems(firm ident.FirmID, r audit.Report, ahead int) []string {
	var wrong []string
	if r.Ahead != ahead {
		wrong = append(wrong, fmt.Sprintf("firm %s: %d of %d checkpoints from after the backup show a missing tail", firm, r.Ahead, ahead))
	}
	for _, p := range r.Problems {
		if !p.Tail {
			wrong = append(wrong, fmt.Sprintf("firm %s: %s", firm, p))
		}
	}
	return wrong
}

// blobs opens some at random, down to the last byte. The files of exports are left
// out: they expire within days, and each can be made again.
func (d Drill) blobs(ctx context.Context, out *Outcome, m Manifest, worker *db.DB) error {
	picked, of, err := d.pick()
	switch {
	case err != nil:
		return err
	case of == 0:
		out.add("blobs", nil, "the backup names none")
		return nil
	case d.Bucket == nil || d.Master == nil:
		out.add("blobs", []string{fmt.Sprintf("%d blobs are named, but none was opened: give the blob store's copy (--blobs) and DOCKETRY_MASTER_KEY", of)}, "")
		return nil
	}
	store := blob.New(worker, d.Bucket, blob.NewKeys(d.Master))
	var wrong []string
	gone := 0
	for _, b := range picked {
		err := whole(scope.ForMachine(ctx, task, b.Firm), worker, store, b)
		if errors.Is(err, blob.ErrGone) {
			gone++
			err = errors.New("it is missing from the copy")
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("firm %s: %s blob %s, object %s/%s: %v", b.Firm, b.Kind, b.ID, b.Firm, b.Name, err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if gone == len(picked) {
		return fmt.Errorf("none of the %d blobs drawn lies in the store given: name the copy of the blob store with --blobs", gone)
	}
	out.add("blobs", wrong, "%d of %d, at random, decrypt and hash as named", len(picked), of)
	return nil
}

// whole reads a blob to its end, where size and hash are compared with the row's; the
// row's with the backup's list.
func whole(ctx context.Context, worker *db.DB, store *blob.Store, b Blob) error {
	var r io.ReadCloser
	err := worker.InFirm(ctx, func(tx *db.Tx) (err error) {
		var info blob.Info
		if r, info, err = store.Open(tx, b.ID); err != nil {
			return err
		}
		if info.Size != b.Size || info.ContentHash != b.ContentHash {
			return errors.Join(fmt.Errorf("its row says %d bytes with SHA-256 %s, the backup's list %d and %s", info.Size, info.ContentHash, b.Size, b.ContentHash), r.Close())
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}
