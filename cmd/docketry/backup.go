package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/backup"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
)

// backupOptions are the flags that all kinds of backups share.
type backupOptions struct {
	dir        string
	recipients []string
	file       string // of recipients
	keep       int    // days
	asJSON     bool
}

func newBackupCmd() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup --to DIR --recipient AGE_KEY",
		Short: "Back the database up into one encrypted file (needs DOCKETRY_BACKUP_URL, as docketry_backup)",
		Long: "Writes everything in the database, of one snapshot, and a manifest of its rows per table and firm into one file\n" +
			"that only the offline age keys named open. Run it where PostgreSQL runs. The blob store and the keys are backed\n" +
			"up apart: see internal/backup/README.md. `docketry restore drill` proves that it can be put back.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.take(cmd) },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&o.dir, "to", "", "the folder that it goes into (DOCKETRY_BACKUP_DIR)")
	f.StringArrayVar(&o.recipients, "recipient", nil, "an age public key, age1...; each of them alone opens it; may be given again")
	f.StringVar(&o.file, "recipients", "", "a file of age public keys, one a line")
	cmd.Flags().IntVar(&o.keep, "keep", 35, "remove backups older than so many days when this one is done; 0 keeps all")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON document")
	cmd.AddCommand(newBackupWALCmd(&o), newBackupBaseCmd(&o))
	return cmd
}

func newBackupWALCmd(o *backupOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "wal PATH --to DIR --recipients FILE",
		Short: "Put one file of the WAL into the archive, encrypted: PostgreSQL's archive_command",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			to, err := o.to()
			if err != nil {
				return err
			}
			if o.dir == "" {
				return errors.New("say with --to which folder is the archive")
			}
			return backup.ArchiveWAL(args[0], o.dir, to)
		},
	}
}

func newBackupBaseCmd(o *backupOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "base --to DIR --recipients FILE",
		Short: "Copy the server's data folder, encrypted, for archived WAL to be played onto (needs DOCKETRY_BACKUP_BASE_URL)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opt, err := o.options(func(c config.Config) (string, string) { return "BACKUP_BASE_URL", c.BackupBaseURL })
			if err != nil {
				return err
			}
			t, err := backup.TakeBase(cmd.Context(), opt)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes, of %s\n", t.File, t.Bytes, t.Manifest.TakenAt.Format(time.RFC3339))
			return err
		},
	}
}

func (o *backupOptions) to() ([]backup.Recipient, error) {
	text := strings.Join(o.recipients, "\n")
	if o.file != "" {
		more, err := readSmall(o.file)
		if err != nil {
			return nil, fmt.Errorf("read the recipients: %w", err)
		}
		text += "\n" + strings.TrimPrefix(more, "\ufeff")
	}
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("say with --recipient or --recipients whose age key opens the backup; age-keygen makes one, whose private half stays off this machine")
	}
	return backup.Recipients(text)
}

// options reads flags and environment; url picks the login.
func (o *backupOptions) options(url func(c config.Config) (name, value string)) (out backup.Options, err error) {
	c, err := config.Load()
	if err != nil {
		return out, &exitError{exitConfig, err}
	}
	name, value := url(c)
	if value == "" {
		return out, &exitError{exitConfig, fmt.Errorf("DOCKETRY_%s is not set", name)}
	}
	if o.dir == "" {
		o.dir = c.BackupDir
	}
	if o.dir == "" {
		return out, errors.New("say with --to, or DOCKETRY_BACKUP_DIR, which folder it goes into")
	}
	out = backup.Options{URL: value, Dir: o.dir, Clock: clock.System()}
	out.To, err = o.to()
	return out, err
}

// backupJSON is the command's answer.
type backupJSON struct {
	File    string    `json:"file"`
	Bytes   int64     `json:"bytes"`
	TakenAt time.Time `json:"taken_at"`
	Schema  int64     `json:"schema"`
	Tables  int       `json:"tables"`
	Firms   int       `json:"firms"`
	Rows    int64     `json:"rows"`
	Blobs   int64     `json:"blobs"` // that the blob store must hold beside it
	Removed []string  `json:"removed"`
}

func (o *backupOptions) take(cmd *cobra.Command) error {
	if o.keep < 0 {
		return errors.New("--keep is a number of days; 0 keeps all")
	}
	opt, err := o.options(func(c config.Config) (string, string) { return "BACKUP_URL", c.BackupURL })
	if err != nil {
		return err
	}
	t, err := backup.Take(cmd.Context(), opt)
	if err != nil {
		return err
	}
	m := t.Manifest
	out := backupJSON{t.File, t.Bytes, m.TakenAt, m.Schema, len(m.Tables), len(m.Firms()), m.Rows(), m.BlobCount, []string{}}
	if o.keep > 0 {
		removed, err := backup.Prune(opt.Dir, m.TakenAt.AddDate(0, 0, -o.keep))
		if err != nil {
			return err
		}
		out.Removed = append(out.Removed, removed...)
	}
	if o.asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes, %d rows in %d tables of %d firms, migration %d; %d blobs are named in it\n", out.File, out.Bytes, out.Rows, out.Tables, out.Firms, out.Schema, out.Blobs)
	for _, f := range out.Removed {
		fmt.Fprintln(cmd.OutOrStdout(), "removed", f)
	}
	return nil
}
