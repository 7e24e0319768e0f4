package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/scope"
)

type importOptions struct {
	firm, source string
	dry, asJSON  bool
}

func newImportCmd() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE --firm F",
		Short: "Land a firm's time and costs from a CSV or LEDES file (DOCKETRY_DATABASE_URL as docketry_worker)",
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
	c, err := config.Load()
	if err != nil {
		return &exitError{exitConfig, err}
	}
	s, err := app.Open(cmd.Context(), c, obs.NewLogger(cmd.ErrOrStderr(), slog.LevelWarn), time.Minute)
	if errors.Is(err, app.ErrSetup) {
		return &exitError{exitConfig, err}
	}
	if err != nil {
		return err
	}
	defer s.DB.Close()
	firmID, err := firm.Find(cmd.Context(), s.DB, o.firm)
	if err != nil {
		return err
	}
	do := s.Capture.Import
	if o.dry {
		do = s.Capture.DryRun
	}
	r, err := do(scope.ForMachine(cmd.Context(), "import", firmID), capture.Upload{Name: filepath.Base(name), Source: o.source, Data: data})
	if err != nil {
		return inPlainWords(err)
	}
	return printImport(cmd.OutOrStdout(), r, o.asJSON)
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
