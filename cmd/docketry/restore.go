package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/backup"
	"github.com/docketry/docketry/internal/blob/bucket"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/seal"
)

func newRestoreCmd() *cobra.Command {
	var identity string
	cmd := &cobra.Command{
		Use:   "restore FILE|FOLDER --identity KEY_FILE",
		Short: "Put a backup into an empty database (DOCKETRY_MIGRATE_URL as a superuser, and DOCKETRY_SCOPE_KEY)",
		Long: "Of a folder it takes the newest backup. Reads the whole backup first, refuses a database in which anything is, loads in one transaction, compares rows per\n" +
			"table and firm with the manifest, and installs the sealing key last: what was restored in part serves nobody.\n" +
			"Exit code 0: restored whole. 1: the backup is not whole, differs, or the database is not empty. 2: it could not run.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load()
			if err == nil {
				err = c.ForMigrate()
			}
			if err != nil {
				return &exitError{exitConfig, err}
			}
			ids, err := identities(identity)
			if err != nil {
				return err
			}
			file, err := chosen(c, args)
			if err != nil {
				return err
			}
			m, err := backup.Restore(cmd.Context(), file, ids, backup.Target{URL: c.MigrateURL, Key: c.Keys.Scope})
			if err != nil {
				return refusedBackup(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored: %d rows in %d tables of %d firms as of %s, each count as in the manifest.\n", m.Rows(), len(m.Tables), len(m.Firms()), m.TakenAt.Format(time.RFC3339))
			fmt.Fprintln(cmd.OutOrStdout(), "Give docketry_api, docketry_worker and docketry_backup their passwords, run `docketry migrate up`, then `docketry doctor`.")
			return nil
		},
	}
	cmd.PersistentFlags().StringVar(&identity, "identity", "", "file with the age private key, as age-keygen writes it")
	_ = cmd.MarkPersistentFlagRequired("identity") // fails for an unknown flag only
	cmd.AddCommand(newDrillCmd(&identity), newRestoreWALCmd(&identity), newRestoreBaseCmd(&identity))
	return cmd
}

func identities(file string) ([]backup.Identity, error) {
	text, err := readSmall(file)
	if err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	return backup.Identities(text)
}

// refusedBackup gives what the backup or the database answers no by its exit code.
func refusedBackup(err error) error {
	for _, no := range []error{backup.ErrDamaged, backup.ErrDiffers, backup.ErrNotEmpty, backup.ErrNoSegment} {
		if errors.Is(err, no) {
			return &exitError{exitNo, err}
		}
	}
	return err
}

// drillOptions are the flags of a drill.
type drillOptions struct {
	blobs, key, data string
	newer            []string
	asJSON           bool
}

func newDrillCmd(identity *string) *cobra.Command {
	var o drillOptions
	cmd := &cobra.Command{
		Use:   "drill [FILE] --identity KEY_FILE [--blobs URL]",
		Short: "Restore a backup into a private server and prove that it is whole",
		Long: "Restores FILE, or the newest of DOCKETRY_BACKUP_DIR, into a PostgreSQL of its own, which is gone afterwards, and proves\n" +
			"a line each: rows per firm equal the manifest, the walls of the catalogue stand, stored sums are what their rows give,\n" +
			"the audit log verifies and lacks nothing but its tail, 100 random blobs decrypt. It needs DOCKETRY_MASTER_KEY (with\n" +
			"DOCKETRY_MASTER_KEY_FORMER for older backups) and the public audit key. Exit code 0: all proven. 1: something is not\n" +
			"as it should be. 2: it could not run.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, done, err := o.drill(cmd.Context(), *identity, args)
			if err != nil {
				return err
			}
			defer done()
			out, err := d.Run(cmd.Context())
			if err != nil {
				return err
			}
			if err := printDrill(cmd.OutOrStdout(), out, o.asJSON); err != nil {
				return err
			}
			if !out.OK {
				return errNo
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.blobs, "blobs", "", "the copy of the blob store, file:///folder or s3://bucket (DOCKETRY_BLOB_URL)")
	f.StringVar(&o.key, "key", "", "file with the public audit key (else that of DOCKETRY_AUDIT_KEY)")
	f.StringArrayVar(&o.newer, "checkpoint", nil, "file with a checkpoint that a firm kept from after the backup; may be given again")
	f.StringVar(&o.data, "data", "", "folder for the private server's data, which is plain while the drill runs; without it the system's temporary folder")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON document")
	return cmd
}

// drill gathers what the flags and the environment name; done lets go of it.
func (o drillOptions) drill(ctx context.Context, identity string, args []string) (d backup.Drill, done func(), err error) {
	c, err := config.Load()
	if err != nil {
		return d, nil, &exitError{exitConfig, err}
	}
	d = backup.Drill{Data: o.data, Clock: clock.System(), Invoices: invoice.Sealed}
	if d.File, err = chosen(c, args); err != nil {
		return d, nil, err
	}
	if d.Identities, err = identities(identity); err != nil {
		return d, nil, err
	}
	if d.AuditKeys, err = o.auditKeys(c); err != nil {
		return d, nil, err
	}
	for _, name := range o.newer {
		note, err := readSmall(name)
		if err != nil {
			return d, nil, fmt.Errorf("read a checkpoint: %w", err)
		}
		d.Newer = append(d.Newer, note)
	}
	if len(c.Keys.Master) > 0 {
		if d.Master, err = seal.NewMaster(c.Keys.Master, c.Keys.FormerMasters()...); err != nil {
			return d, nil, &exitError{exitConfig, err}
		}
	}
	if o.blobs == "" {
		o.blobs = c.BlobURL
	}
	if o.blobs == "" {
		return d, func() {}, nil
	}
	b, err := bucket.Open(ctx, o.blobs)
	if err != nil {
		return d, nil, err
	}
	d.Bucket = b
	return d, func() { _ = b.Close() }, nil // it was only read
}

func chosen(c config.Config, args []string) (string, error) {
	dir := c.BackupDir
	if len(args) == 1 {
		if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
			dir = args[0]
		} else {
			return args[0], nil // reading it says what is wrong with it
		}
	}
	if dir == "" {
		return "", errors.New("name the backup, or the folder of backups, here or as DOCKETRY_BACKUP_DIR")
	}
	file, _, err := backup.Newest(dir)
	if err == nil && file == "" {
		err = fmt.Errorf("there is no backup in %s", dir)
	}
	return file, err
}

func (o drillOptions) auditKeys(c config.Config) (string, error) {
	if o.key != "" {
		text, err := readSmall(o.key)
		if err != nil {
			return "", fmt.Errorf("read the public audit key: %w", err)
		}
		return text, nil
	}
	if len(c.Keys.Audit) == 0 {
		return "", errors.New("the audit log is proven with the public audit key: give --key, or DOCKETRY_AUDIT_KEY")
	}
	k, err := audit.NewSigningKey(c.Keys.Audit, c.FormerAudit()...)
	if err != nil {
		return "", &exitError{exitConfig, err}
	}
	return k.Publics(), nil
}

func printDrill(w io.Writer, out backup.Outcome, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(out)
	}
	for _, p := range out.Proofs {
		mark := "ok  "
		if !p.OK {
			mark = "NO  "
		}
		fmt.Fprintf(w, "%s %-10s %s\n", mark, p.Name, p.Says)
		for _, d := range p.Details {
			fmt.Fprintln(w, "     ", d)
		}
	}
	answer := "YES. The backup can be restored, and what it holds is proven."
	if !out.OK {
		answer = "NO. This backup is not to be relied on; what was not tried is not listed."
	}
	_, err := fmt.Fprintf(w, "%s %.1f s\n", answer, float64(out.TookMs)/1000)
	return err
}

func newRestoreWALCmd(identity *string) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "wal NAME PATH --from DIR --identity KEY_FILE",
		Short: "Bring one file of the WAL out of the archive: PostgreSQL's restore_command; exit 1 when it is not there",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			ids, err := identities(*identity)
			if err != nil {
				return err
			}
			return refusedBackup(backup.FetchWAL(args[0], args[1], from, ids))
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the archive's folder")
	_ = cmd.MarkFlagRequired("from")
	return cmd
}

func newRestoreBaseCmd(identity *string) *cobra.Command {
	var into, from, until string
	cmd := &cobra.Command{
		Use:   "base FILE --into DIR --wal ARCHIVE --identity KEY_FILE [--until TIME]",
		Short: "Make a data folder of a base backup that plays archived WAL when the server starts (run as the server's user)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := identities(*identity)
			if err != nil {
				return err
			}
			r, err := recovery(from, *identity, until)
			if err != nil {
				return err
			}
			if err := backup.RestoreBase(args[0], ids, into, r); err != nil {
				return refusedBackup(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is ready: start PostgreSQL on it; it fetches its WAL by\n  %s\n", into, r.Fetch)
			return nil
		},
	}
	cmd.Flags().StringVar(&into, "into", "", "the new data folder; it must not be there yet")
	cmd.Flags().StringVar(&from, "wal", "", "the archive's folder")
	cmd.Flags().StringVar(&until, "until", "", "the instant to stop at, such as 2026-03-02T14:05:00Z; without it as far as the archive goes")
	for _, needed := range []string{"into", "wal"} {
		_ = cmd.MarkFlagRequired(needed)
	}
	return cmd
}

func recovery(archive, identity, until string) (r backup.Recovery, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, fmt.Errorf("find this program: %w", err)
	}
	for _, path := range []*string{&archive, &identity} {
		if *path, err = filepath.Abs(*path); err != nil {
			return r, fmt.Errorf("find %s: %w", *path, err)
		}
	}
	if r.Fetch, err = backup.FetchCommand(program, archive, identity); err != nil {
		return r, err
	}
	if until != "" {
		if r.Until, err = time.Parse(time.RFC3339, until); err != nil {
			return r, fmt.Errorf("--until %q is not an instant such as 2026-03-02T14:05:00Z", until)
		}
	}
	return r, nil
}
