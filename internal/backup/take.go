package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
)

// Options say what to back up, and where to.
type Options struct {
	URL   string // as docketry_backup over the server's own socket
	Dir   string // an existing folder
	To    []Recipient
	Clock clock.Clock

	through func(io.Writer) io.Writer // lets a test stop in the middle of the dump
	dump    []string                  // more arguments of pg_dump, for a test of a dump that holds too little
}

// Taken is a backup that was made.
type Taken struct {
	File     string
	Bytes    int64
	Manifest Manifest
}

// stamp is the instant in a backup's name.
const stamp = "20060102T150405Z"

// Name is what a backup taken at an instant is called.
func Name(at time.Time) string { return "docketry-" + at.UTC().Format(stamp) + ".tar.age" }

// Newest is the newest whole backup in a folder by its name; its time is zero when
// there is none.
func Newest(dir string) (file string, at time.Time, err error) {
	all, err := filepath.Glob(filepath.Join(dir, "docketry-*.tar.age"))
	if err != nil {
		return "", at, fmt.Errorf("look for backups in %s: %w", dir, err)
	}
	for _, f := range all {
		t, err := time.Parse("docketry-"+stamp+".tar.age", filepath.Base(f))
		if err == nil && t.After(at) {
			file, at = f, t
		}
	}
	return file, at, nil
}

// Take backs up the whole database into one new file in o.Dir. Dump, counts and the
// list of blobs are of one snapshot. A backup that fails or is killed leaves nothing
// under a backup's name.
func Take(ctx context.Context, o Options) (Taken, error) {
	if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
		return Taken{}, fmt.Errorf("%s is not a folder", o.Dir)
	}
	conn, err := pgx.Connect(ctx, o.URL)
	if err != nil {
		return Taken{}, fmt.Errorf("connect to back up: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	m := Manifest{Format: format, TakenAt: o.Clock.Now().UTC().Truncate(time.Second)}
	if m.Server, err = permitted(ctx, conn); err != nil {
		return Taken{}, err
	}
	t := Taken{File: filepath.Join(o.Dir, Name(m.TakenAt))}
	t.Bytes, err = writeSealed(t.File, o.To, func(w io.Writer) error { return o.write(ctx, w, conn, &m) })
	t.Manifest = m
	return t, err
}

// permitted refuses a login that sees too little or may do too much, and any way to
// the server but its own socket. It answers the server's major version.
func permitted(ctx context.Context, conn *pgx.Conn) (server int, err error) {
	var role, harm string
	var bypass, super, local bool
	err = conn.QueryRow(ctx, `SELECT r.rolname, r.rolbypassrls, r.rolsuper, inet_server_addr() IS NULL, current_setting('server_version_num')::int / 10000,
		coalesce((SELECT min(c.oid::regclass::text) FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
			AND has_table_privilege(session_user, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')), '')
		FROM pg_roles r WHERE r.rolname = session_user`).Scan(&role, &bypass, &super, &local, &server, &harm)
	switch {
	case err != nil:
		return 0, fmt.Errorf("ask the server about the backup's login: %w", err)
	case super:
		return 0, fmt.Errorf("%w: %s is a superuser; log in as docketry_backup", ErrRole, role)
	case !bypass:
		return 0, fmt.Errorf("%w: %s does not bypass row security, so it would see no firm's rows; log in as docketry_backup, which a superuser makes with BYPASSRLS", ErrRole, role)
	case harm != "":
		return 0, fmt.Errorf("%w: %s may write to %s; a backup only reads", ErrRole, role, harm)
	case !local || !strings.HasPrefix(conn.Config().Host, "/"):
		return 0, fmt.Errorf("%w: it must come over the server's own socket (host=/var/run/postgresql), not over a network", ErrRole)
	}
	return server, nil
}

func (o Options) write(ctx context.Context, w io.Writer, conn *pgx.Conn, m *Manifest) error {
	snapshot, err := begin(ctx, conn, m)
	if err != nil {
		return err
	}
	a := &archive{tar.NewWriter(w), m.TakenAt}
	dump := a.part(dumpName)
	var into io.Writer = dump
	if o.through != nil {
		into = o.through(dump)
	}
	args := append([]string{"--format=custom", "--no-password", "--snapshot=" + snapshot, "--exclude-table-data=auth.key"}, o.dump...)
	if err := run(ctx, conn.Config(), m.Server, "pg_dump", args, nil, into); err != nil {
		return err
	}
	if m.Dump, err = dump.Close(); err != nil {
		return err
	}
	if m.Tables, err = count(ctx, conn); err != nil {
		return err
	}
	if m.Checkpoints, err = checkpoints(ctx, conn); err != nil {
		return err
	}
	if err := o.listBlobs(ctx, conn, a, m); err != nil {
		return err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	if err := a.file(manifestName, b); err != nil {
		return err
	}
	if err := a.out.Close(); err != nil {
		return fmt.Errorf("end the backup: %w", err)
	}
	_, err = conn.Exec(ctx, "COMMIT")
	return err
}

// begin opens the snapshot and keeps it until the end. Where row security would keep
// a row from being counted, the server answers with an error instead.
func begin(ctx context.Context, conn *pgx.Conn, m *Manifest) (snapshot string, err error) {
	for _, sql := range []string{
		"SET statement_timeout = 0", "SET idle_in_transaction_session_timeout = 0", "SET row_security = off", "SET timezone = 'UTC'",
		"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", fmt.Errorf("begin the backup: %w", err)
		}
	}
	err = conn.QueryRow(ctx, `SELECT pg_export_snapshot(), current_database(), (SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied)`).Scan(&snapshot, &m.Database, &m.Schema)
	if err != nil {
		return "", fmt.Errorf("begin the backup: %w", err)
	}
	return snapshot, nil
}

// count counts every table that a dump holds the rows of.
func count(ctx context.Context, conn *pgx.Conn) ([]Table, error) {
	rows, err := conn.Query(ctx, `SELECT n.nspname, c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'firm_id' AND NOT a.attisdropped)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
			AND NOT (n.nspname = 'auth' AND c.relname = 'key') ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	type found struct {
		schema, name string
		byFirm       bool
	}
	tables, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (f found, err error) {
		return f, r.Scan(&f.schema, &f.name, &f.byFirm)
	})
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	all := make([]Table, len(tables))
	for i, f := range tables {
		if all[i], err = countTable(ctx, conn, f.schema, f.name, f.byFirm); err != nil {
			return nil, fmt.Errorf("count %s: %w", f.name, err)
		}
	}
	return all, nil
}

func countTable(ctx context.Context, conn *pgx.Conn, schema, name string, byFirm bool) (Table, error) {
	t := Table{Name: schema + "." + name}
	from := " FROM " + pgx.Identifier{schema, name}.Sanitize()
	if !byFirm {
		return t, conn.QueryRow(ctx, "SELECT count(*)"+from).Scan(&t.Rows)
	}
	rows, err := conn.Query(ctx, "SELECT firm_id::text, count(*)"+from+" GROUP BY 1")
	if err != nil {
		return t, err
	}
	t.Firms = map[ident.FirmID]int64{}
	var firm ident.FirmID
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&firm, &n}, func() error {
		t.Firms[firm] = n
		t.Rows += n
		return nil
	})
	return t, err
}

func checkpoints(ctx context.Context, conn *pgx.Conn) ([]Checkpoint, error) {
	rows, err := conn.Query(ctx, `SELECT DISTINCT ON (firm_id) firm_id::text, note FROM audit_checkpoint ORDER BY firm_id, size DESC, at DESC`)
	if err != nil {
		return nil, fmt.Errorf("read audit checkpoints: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Checkpoint])
	if err != nil {
		return nil, fmt.Errorf("read audit checkpoints: %w", err)
	}
	return all, nil
}

// Blob is one line of the list of what the blob store must hold. Its bytes lie there
// under firm/name, sealed; size and hash are of the plain bytes.
type Blob struct {
	Firm        ident.FirmID `json:"firm"`
	ID          ident.BlobID `json:"id"`
	Name        string       `json:"name"`
	Kind        string       `json:"kind"`
	Size        int64        `json:"size"`
	ContentHash string       `json:"sha256"`
}

func (o Options) listBlobs(ctx context.Context, conn *pgx.Conn, a *archive, m *Manifest) error {
	rows, err := conn.Query(ctx, `SELECT firm_id::text, id::text, name, kind, size, content_hash FROM blob WHERE removed_at IS NULL ORDER BY firm_id, id`)
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	list := a.part(blobsName)
	enc := json.NewEncoder(list)
	var b Blob
	_, err = pgx.ForEachRow(rows, []any{&b.Firm, &b.ID, &b.Name, &b.Kind, &b.Size, &b.ContentHash}, func() error {
		m.BlobCount++
		return enc.Encode(b)
	})
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	m.Blobs, err = list.Close()
	return err
}

// tail keeps the end of what a program complained of.
type tail struct{ bytes.Buffer }

func (t *tail) Write(b []byte) (int, error) {
	if t.Len() > 8<<10 {
		t.Next(t.Len() - 4<<10)
	}
	return t.Buffer.Write(b)
}

func (t *tail) error(program string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(t.String()))
}
