package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
)

func newGuidelineCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "guideline", Short: "Judge time and costs by billing guidelines"}
	cmd.AddCommand(newGuidelineCheckCmd(), newGuidelineRulesCmd())
	return cmd
}

func newGuidelineRulesCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "rules", Short: "List the built-in rules, what each needs to know and where it runs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return rulesJSON(cmd.OutOrStdout())
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, r := range guideline.Catalogue() {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\tneeds %s\n", r.ID, r.Severity, r.Name, r.Runs(), strings.Join(r.Needs.Names(), ", "))
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

type listedRule struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Severity   string   `json:"severity"`
	Needs      []string `json:"needs"`
	Parameters []string `json:"parameters"`
	Runs       string   `json:"runs"`
}

func rulesJSON(w io.Writer) error {
	var out []listedRule
	for _, r := range guideline.Catalogue() {
		out = append(out, listedRule{r.ID, r.Name, string(r.Severity), r.Needs.Names(), guideline.Parameters(r.ID), r.Runs()})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}

func newGuidelineCheckCmd() *cobra.Command {
	var entries, rules string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check --entries FILE.csv [--rules FILE.json]",
		Short: "List what the rules find in a file of entries, without a database",
		Long: `Reads a CSV file with the columns id, timekeeper_class, hours, narrative,
task_code and activity_code, and where it has them date, client, matter,
timekeeper, rate, and for costs expense_code, quantity and unit_cost. A rule
whose columns the file lacks is not run; docketry guideline rules lists what each
needs. More columns: agreed_rate, task_set, matter_opened, matter_closed, entered
(the day it was recorded), billed_through, timekeeper_name, joined, left, admitted,
start and end (09:30), client_name, matter_name, benchmark_hours; for costs receipt,
approval, vendor_amount, economy_fare, flight_hours; and invoice, which makes lines
with the same value one bill, with invoice_date, period_start, period_end,
invoice_total, line_total, adjustment, discount, billed_before, client_number,
client_matter, tax_rate, tax_due, tax_note, po_number and po_balance. --rules back-tests a client's guidelines:
its parameters, and under "rules" the firm's own, each {"id", "name", "severity",
"when", "message", "fix"} with a condition in CEL such as
  minutes > 180 && activity == "A102" && !has_word(narrative, ["approved"])
over narrative, kind, client, matter, timekeeper, class, task, activity, expense,
currency, minutes, value_minor, rate_minor, unit_cost_minor, quantity, words,
characters, year, month, day and weekday, with has_word and has_phrase.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			policy, err := readPolicy(rules)
			if err != nil {
				return err
			}
			f, err := os.Open(entries)
			if err != nil {
				return fmt.Errorf("open entries: %w", err)
			}
			defer f.Close()
			sheet, err := guideline.ReadSheet(f)
			if err != nil {
				return explain(entries, err)
			}
			failed := func(line string, err error) { fmt.Fprintf(cmd.ErrOrStderr(), "entry %s: %v\n", line, err) }
			if asJSON {
				return checkJSON(cmd.OutOrStdout(), sheet, policy, failed)
			}
			return checkText(cmd.OutOrStdout(), sheet, policy, failed)
		},
	}
	cmd.Flags().StringVar(&entries, "entries", "", "CSV file of entries")
	cmd.Flags().StringVar(&rules, "rules", "", "JSON file of a client's parameters")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	_ = cmd.MarkFlagRequired("entries") // fails only for a flag that is not there
	return cmd
}

func readPolicy(path string) (guideline.Policy, error) {
	if path == "" {
		return guideline.Policy{}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return guideline.Policy{}, fmt.Errorf("open rules: %w", err)
	}
	defer f.Close()
	p, err := guideline.ReadPolicy(f)
	return p, explain(path, err)
}

// explain spells out a fault's fields, one a line, for a reader at a terminal.
func explain(path string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	text := path + ": " + f.Message
	for _, x := range f.Fields {
		where, fix := x.Path, x.Fix
		if x.Line > 0 {
			where = fmt.Sprintf("line %d, %s", x.Line, x.Path)
		}
		if fix != "" {
			fix = "; " + fix
		}
		text += "\n  " + where + ": " + x.Message + fix
	}
	return errors.New(text)
}

// checked is one entry of the answer, or one invoice; every one is listed.
type checked struct {
	ID       string         `json:"id"` // "" for an invoice
	Invoice  string         `json:"invoice,omitempty"`
	Findings []checkedFault `json:"findings"`
}

type checkedFault struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

func checkJSON(w io.Writer, sheet *guideline.Sheet, policy guideline.Policy, failed func(string, error)) error {
	out := make([]checked, 0, len(sheet.Lines))
	for i, l := range sheet.Lines {
		out = append(out, checked{ID: l.ID, Findings: checkedFaults(sheet.Check(i, policy, failed))})
	}
	for _, number := range sheet.Bills() {
		out = append(out, checked{Invoice: number, Findings: checkedFaults(sheet.CheckBill(number, policy))})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(out)
}

func checkedFaults(found []guideline.Finding) []checkedFault {
	out := make([]checkedFault, 0, len(found))
	for _, f := range found {
		out = append(out, checkedFault{f.Rule, string(f.Severity), f.Message, f.Fix})
	}
	return out
}

func checkText(w io.Writer, sheet *guideline.Sheet, policy guideline.Policy, failed func(string, error)) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	lines, total := 0, 0
	tell := func(of string, found []guideline.Finding) {
		for _, f := range found {
			total++
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", of, f.Rule, f.Severity, f.Title, f.Message)
		}
	}
	for i, l := range sheet.Lines {
		found := sheet.Check(i, policy, failed)
		if len(found) > 0 {
			lines++
		}
		tell(l.ID, found)
	}
	for _, number := range sheet.Bills() {
		tell("invoice "+number, sheet.CheckBill(number, policy))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d entries, %d with findings, %d findings\n", len(sheet.Lines), lines, total)
	return nil
}
