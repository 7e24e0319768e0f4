package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

type importOptions struct {
	firm, source string
	dry, asJSON  bool
}

func newImportCmd() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE --firm F",
		Short: "Land a firm's time and costs from a CSV, XLSX or LEDES file, flat or XML (DOCKETRY_DATABASE_URL as docketry_worker)",
		Long: "Lands every row that is right and names each other row with line, column and fix. The same file\n" +
			"again changes nothing. Exit code 0 when every row is in the books, 1 when a row was refused,\n" +
			"2 when the file could not be read.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return importFile(cmd, args[0], o) },
	}
	cmd.Flags().StringVar(&o.firm, "firm", "", "the firm's three-letter code or its id")
	cmd.Flags().StringVar(&o.source, "source", "", "whose files these are: chooses the saved column mapping")
	cmd.Flags().BoolVar(&o.dry, "dry-run", false, "say what would happen and change nothing")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON document")
	_ = cmd.MarkFlagRequired("firm") // it fails only for a flag that is not there
	return cmd
}

func importFile(cmd *cobra.Command, name string, o importOptions) error {
	src, err := openInput(cmd.InOrStdin(), name)
	if err != nil {
		return err
	}
	defer src.Close()
	data, err := capture.ReadUpload(src)
	if err != nil {
		return err
	}
	d, err := openImport(cmd.Context())
	if err != nil {
		return err
	}
	defer d.Close()
	policy, err := rbac.New()
	if err != nil {
		return err
	}
	firmID, err := firm.Find(cmd.Context(), d, o.firm)
	if err != nil {
		return err
	}
	svc := capture.New(d, authz.NewGuard(d, policy))
	do := svc.Import
	if o.dry {
		do = svc.DryRun
	}
	r, err := do(scope.ForMachine(cmd.Context(), "import", firmID), capture.Upload{Name: filepath.Base(name), Source: o.source, Data: data})
	if err != nil {
		return fileFaults(err)
	}
	return printImport(cmd.OutOrStdout(), r, o.asJSON)
}

// openImport needs the database alone, not what serve and work need besides.
func openImport(ctx context.Context) (*db.DB, error) {
	c, err := config.Load()
	if err == nil && (c.DatabaseURL == "" || len(c.Keys.Scope) == 0) {
		err = errors.New("set DOCKETRY_DATABASE_URL, as docketry_worker, and DOCKETRY_SCOPE_KEY")
	}
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	d, err := db.Open(ctx, db.Config{URL: c.DatabaseURL, Key: c.Keys.Scope, Clock: clock.System(), Bounced: c.Bounced, StatementTimeout: time.Minute, IdleTimeout: time.Minute})
	if err != nil {
		return nil, err
	}
	var walls *db.RoleError
	if err := d.Check(ctx); errors.As(err, &walls) {
		d.Close()
		return nil, &exitError{exitConfig, err}
	} else if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func printImport(w io.Writer, r capture.Result, asJSON bool) error {
	if asJSON {
		err := json.NewEncoder(w).Encode(importJSON{
			ID: string(r.ID), File: r.FileName, Format: r.Format, Already: r.Already, DryRun: r.DryRun, Read: r.Read, Landed: r.Landed,
			Refused: r.Refused, Repeated: r.Repeated, Findings: r.Findings, Ignored: r.Ignored, Faults: append([]capture.Fault{}, r.Faults...),
		})
		if err != nil {
			return err
		}
	} else {
		tellImport(w, r)
	}
	if r.Refused > 0 {
		return errNo
	}
	return nil
}

type importJSON struct {
	ID       string          `json:"id,omitempty"`
	File     string          `json:"file"`
	Format   string          `json:"format"`
	Already  bool            `json:"already"`
	DryRun   bool            `json:"dry_run"`
	Read     int             `json:"read"`
	Landed   int             `json:"landed"`
	Refused  int             `json:"refused"`
	Repeated int             `json:"repeated"`
	Findings int             `json:"findings"`
	Ignored  []string        `json:"ignored_columns,omitempty"`
	Faults   []capture.Fault `json:"faults"`
}

func tellImport(w io.Writer, r capture.Result) {
	for _, f := range r.Faults {
		where := fmt.Sprintf("line %d", f.Line)
		if f.Column != "" {
			where += " " + f.Column
		}
		fmt.Fprintf(w, "%s: %s %s: %s; %s\n", where, f.Severity, f.Code, f.Message, f.Fix)
	}
	verb := "landed"
	if r.DryRun {
		verb = "would land"
	}
	fmt.Fprintf(w, "%s: %d rows, %d %s, %d refused, %d were there before, %d findings\n", r.FileName, r.Read, r.Landed, verb, r.Refused, r.Repeated, r.Findings)
	if r.Already {
		fmt.Fprintln(w, "this file was imported before; nothing changed")
	}
}

// fileFaults says why a whole file cannot be read, a complaint a line.
func fileFaults(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	text := f.Message
	for _, x := range f.Fields {
		text += fmt.Sprintf("\nline %d %s: %s; %s", x.Line, x.Path, x.Message, x.Fix)
	}
	return errors.New(text)
}
