package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/obs"
)

type demoOptions struct {
	addr, data string // of a demo that stays
	once       bool
	out, input string // of one that does its errand and ends
	json, log  bool
}

func newDemoCmd() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole product on private servers with a bureau, three firms and three months of work",
		Long: "Serves the pages and does the work until ctrl-C. With --once it takes one month's files from import to\n" +
			"invoices, mails, an export and the audit's proof by the real workers, leaves every file in --out and ends.\n" +
			"With --input it takes a file of yours: rows that are refused or cannot be billed are listed with their line\n" +
			"and what to do, and it ends with 0 when the others are billed.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return &exitError{exitBroken, err}
			}
			log := obs.Discard()
			if o.log {
				log = obs.NewLogger(cmd.ErrOrStderr(), slog.LevelInfo)
			}
			if !o.once {
				return demo.Play(cmd.Context(), demo.Show{Addr: o.addr, Data: o.data, JSON: o.json, Out: cmd.OutOrStdout(), Say: cmd.ErrOrStderr(), Log: log})
			}
			got, err := demo.DoOnce(cmd.Context(), demo.Errand{Out: o.out, Input: o.input, Say: cmd.ErrOrStderr(), Log: log})
			if err != nil {
				return fileFaults(err)
			}
			if o.json {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(got)
			}
			return printOutcome(cmd.OutOrStdout(), o.out, got)
		},
	}
	cmd.Flags().StringVar(&o.addr, "addr", "127.0.0.1:8080", "loopback address of the pages")
	cmd.Flags().StringVar(&o.data, "data", "", "folder that keeps the data; without it nothing is kept")
	cmd.Flags().BoolVar(&o.once, "once", false, "do the main job once without a browser, and end")
	cmd.Flags().StringVar(&o.out, "out", "", "with --once: folder for invoices, mails, export and proof")
	cmd.Flags().StringVar(&o.input, "input", "", "with --once: a CSV, XLSX or LEDES file of yours instead of the sample")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.log, "log", false, "write the log to standard error")
	cmd.AddCommand(newDemoCodeCmd())
	return cmd
}

func (o demoOptions) check() error {
	host, _, err := net.SplitHostPort(o.addr)
	switch {
	case o.once && o.out == "":
		return errors.New("--once needs --out DIR, the folder that gets the files")
	case !o.once && (o.out != "" || o.input != ""):
		return errors.New("--out and --input go with --once")
	case err != nil || !net.ParseIP(host).IsLoopback():
		return errLoopback
	}
	return nil
}

func printOutcome(w io.Writer, dir string, o demo.Outcome) error {
	fmt.Fprintf(w, "entries   %d read, %d landed, %d refused; %d findings\n", o.Entries.Read, o.Entries.Landed, o.Entries.Refused, o.Findings)
	for _, f := range o.Refused {
		fmt.Fprintf(w, "          line %d, %s: %s; %s\n", f.Line, f.Column, f.Message, f.Fix)
	}
	if len(o.Unbilled) > 0 {
		fmt.Fprintf(w, "unbilled  %d\n", len(o.Unbilled))
	}
	for _, u := range o.Unbilled {
		fmt.Fprintf(w, "          line %d, matter %s: %s; %s\n", u.Line, u.Matter, u.Message, u.Fix)
	}
	fmt.Fprintf(w, "pre-bills %d\ninvoices  %d\n", o.Prebills, len(o.Invoices))
	for _, b := range o.Invoices {
		fmt.Fprintf(w, "          %-20s %-12s %-12s %12s %s  %s\n", b.Firm, b.Number, b.Matter, b.Total, b.Currency, b.PDF)
	}
	fmt.Fprintf(w, "mails     %d\nexport    %s, %d rows, opened by %s\n", len(o.Mails), o.Export.Path, o.Export.Rows, o.Export.Key)
	for _, p := range o.SLA {
		fmt.Fprintf(w, "promise   %-20s %-16s %3d met, %d broken, %s\n", p.Firm, p.Target, p.Met, p.Breached, p.Attainment)
	}
	_, err := fmt.Fprintf(w, "proof     %s, signed by %s\nEverything is in %s.\n", o.Audit.Bundle, o.Audit.Key, dir)
	return err
}
