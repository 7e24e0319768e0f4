package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
)

// exportStatements is how long one statement may take, as under serve.
const exportStatements = 5 * time.Second

// exportNetwork is what a command has in the place of a caller's network.
const exportNetwork = "command"

type exportOptions struct {
	firm, as string
	asJSON   bool
}

func newExportCmd() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Ask for a firm's entries as an encrypted file, and fetch it (needs serve's environment)",
		Long: "An export is asked for, decided on by somebody else at the firm, built by the worker and fetched. The\n" +
			"command asks, lists and fetches; the firm decides on its pages. It acts as the person of --as, with that\n" +
			"person's rights: it takes the password and the code of the authenticator app (or a recovery code) from\n" +
			"standard input, a line each. Exit code 0 when it was done, 1 when the answer is no, 2 when it could not run.",
	}
	cmd.PersistentFlags().StringVar(&o.firm, "firm", "", "the firm's three-letter code or its id")
	cmd.PersistentFlags().StringVar(&o.as, "as", "", "the address with which you sign in")
	cmd.PersistentFlags().BoolVar(&o.asJSON, "json", false, "print one JSON document")
	for _, needed := range []string{"firm", "as"} {
		_ = cmd.MarkPersistentFlagRequired(needed) // fails for an unknown flag only
	}
	cmd.AddCommand(newExportAskCmd(&o), newExportListCmd(&o), newExportFetchCmd(&o))
	return cmd
}

func newExportAskCmd(o *exportOptions) *cobra.Command {
	var n export.NewRequest
	var clients, matters, invoices []string
	var dry bool
	var payor string
	cmd := &cobra.Command{
		Use:   "ask --firm F --as EMAIL --from DAY --to DAY --recipient AGE_KEY --reason TEXT",
		Short: "Ask the firm for the entries of a period, as far as you see them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, func(ctx context.Context, s *app.Services) (any, error) {
				if err := nameParts(ctx, s, &n, clients, matters); err != nil {
					return nil, err
				}
				if err := nameInvoices(&n, payor, invoices); err != nil {
					return nil, err
				}
				if dry {
					p, err := s.Exports.Preview(ctx, n)
					return toPreviewJSON(p), err
				}
				e, _, err := s.Exports.Request(ctx, n)
				return toExportJSON(e), err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar((*string)(&n.From), "from", "", "the first day of the work, such as 2026-01-01")
	f.StringVar((*string)(&n.To), "to", "", "the last day of the work")
	f.StringSliceVar(&clients, "client", nil, "only this client, by number or id; may be given more than once")
	f.StringSliceVar(&matters, "matter", nil, "only this matter, by number or id; with --client: what is in either")
	f.StringVar((*string)(&n.Audience), "audience", string(export.AudiencePartner), "who will read it: partner, specialist, staff, payor, court, collector or auditor")
	f.StringVar((*string)(&n.Format), "format", string(export.FormatCSV), "csv, xlsx, jsonl or parquet")
	f.StringVar(&payor, "payor", "", "of the audience payor: the payor's id; narrows a collector and an auditor too")
	f.StringSliceVar(&invoices, "invoice", nil, "only this invoice, by id; may be given more than once")
	f.StringSliceVar(&n.Redact, "redact", nil, "of a court: a word or name to black out; may be given more than once")
	f.BoolVar(&n.Documents, "documents", false, "of a payor or a partner: with the files of the invoices issued in the period")
	f.StringVar((*string)(&n.Form), "form", string(export.FormRedacted), "redacted, or full: with narratives as far as you may read them")
	f.StringVar(&n.Recipient, "recipient", "", "the age public key that the file is encrypted for; age-keygen makes one")
	f.IntVar(&n.Hours, "hours", 24, "how long the file can be fetched: 24 or 168")
	f.StringVar(&n.Reason, "reason", "", "what it is for; the firm decides by it")
	f.BoolVar(&dry, "dry-run", false, "say what the file would hold, and ask for nothing")
	for _, needed := range []string{"from", "to", "recipient"} {
		_ = cmd.MarkFlagRequired(needed)
	}
	return cmd
}

func newExportListCmd(o *exportOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "list --firm F --as EMAIL",
		Short: "List the exports that you asked for, or decide on, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, func(ctx context.Context, s *app.Services) (any, error) {
				all := exportsJSON{}
				err := eachExport(ctx, s, func(e export.Export) bool {
					all = append(all, toExportJSON(e))
					return true
				})
				return all, err
			})
		},
	}
}

func newExportFetchCmd(o *exportOptions) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "fetch EX-N --firm F --as EMAIL --out FILE",
		Short: "Fetch a file that is ready; counts as one of its downloads",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// Before a download is used up.
			if _, err := os.Lstat(out); err == nil {
				return fmt.Errorf("%s is there already: name another file with --out", out)
			}
			return o.run(cmd, func(ctx context.Context, s *app.Services) (any, error) {
				e, err := findExport(ctx, s, args[0])
				if err != nil {
					return nil, err
				}
				return fetchExport(ctx, s, e, out)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "where the encrypted file goes; it must not be there yet")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

// run signs in, does one thing as that person in the firm, and prints its outcome.
func (o exportOptions) run(cmd *cobra.Command, do func(ctx context.Context, s *app.Services) (any, error)) error {
	c, err := config.Load()
	if err == nil {
		err = c.ForServe()
	}
	if err != nil {
		return &exitError{exitConfig, err}
	}
	s, err := app.Open(cmd.Context(), c, obs.Discard(), exportStatements)
	if errors.Is(err, app.ErrSetup) {
		return &exitError{exitConfig, err}
	}
	if err != nil {
		return err
	}
	defer s.DB.Close()
	outcome, err := o.act(cmd, s, do)
	if err != nil {
		return o.refused(cmd.OutOrStdout(), err)
	}
	return o.print(cmd.OutOrStdout(), outcome)
}

func (o exportOptions) act(cmd *cobra.Command, s *app.Services, do func(ctx context.Context, s *app.Services) (any, error)) (any, error) {
	ctx, err := enter(cmd, s, o.as, o.firm)
	if err != nil {
		return nil, err
	}
	outcome, err := do(ctx, s)
	return outcome, errors.Join(err, s.People.SignedOut(ctx))
}

// refused tells a no in the person's words; wrong flags are told as what could not run.
func (o exportOptions) refused(w io.Writer, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return err
	}
	if f.Kind == fault.Invalid && len(f.Fields) > 0 {
		return inPlainWords(err)
	}
	if o.asJSON {
		if err := json.NewEncoder(w).Encode(map[string]string{"code": f.Code, "message": f.Message}); err != nil {
			return err
		}
		return errNo
	}
	fmt.Fprintln(w, f.Message)
	return errNo
}

func (o exportOptions) print(w io.Writer, outcome any) error {
	if o.asJSON {
		return json.NewEncoder(w).Encode(outcome)
	}
	if t, ok := outcome.(fmt.Stringer); ok {
		_, err := fmt.Fprintln(w, t)
		return err
	}
	return fmt.Errorf("nothing says how to print %T", outcome)
}

// nameParts finds the clients and matters that the flags name.
func nameParts(ctx context.Context, s *app.Services, n *export.NewRequest, clients, matters []string) error {
	var fs fault.Fields
	if len(clients) > 0 {
		all, err := s.Matters.Clients(ctx)
		if err != nil {
			return err
		}
		byName := map[string]ident.ClientID{}
		for _, c := range all {
			byName[strings.ToLower(c.Number)], byName[string(c.ID)] = c.ID, c.ID
		}
		n.Clients = named(&fs, "client", clients, byName)
	}
	if len(matters) > 0 {
		all, err := s.Matters.Matters(ctx, "")
		if err != nil {
			return err
		}
		byName := map[string]ident.MatterID{}
		for _, m := range all {
			byName[strings.ToLower(m.Number)], byName[string(m.ID)] = m.ID, m.ID
		}
		n.Matters = named(&fs, "matter", matters, byName)
	}
	return fs.Err(export.ErrInput)
}

// nameInvoices takes the ids that the flags give.
func nameInvoices(n *export.NewRequest, payor string, invoices []string) error {
	var fs fault.Fields
	var err error
	if payor != "" {
		if n.Payor, err = ident.Parse[ident.PayorID](payor); err != nil {
			fs.Add("payor", "payor_unknown", "%q is not the id of a payor", payor)
		}
	}
	for _, text := range invoices {
		id, err := ident.Parse[ident.InvoiceID](text)
		if err != nil {
			fs.Add("invoice", "invoice_unknown", "%q is not the id of an invoice", text)
		}
		n.Invoices = append(n.Invoices, id)
	}
	return fs.Err(export.ErrInput)
}

func named[T ~string](fs *fault.Fields, flag string, names []string, byName map[string]T) (ids []T) {
	for _, name := range names {
		id, ok := byName[strings.ToLower(strings.TrimSpace(name))]
		if !ok || name == "" {
			fs.Add(flag, flag+"_unknown", "you see no %s with the number or id %q", flag, name)
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// eachExport calls fn with the person's exports, the newest first, until it has enough.
func eachExport(ctx context.Context, s *app.Services, fn func(e export.Export) bool) error {
	for r := (page.Request{}); ; {
		p, err := s.Exports.List(ctx, r)
		if err != nil {
			return err
		}
		for _, e := range p.Items {
			if !fn(e) {
				return nil
			}
		}
		if r.After = p.Next; p.Next == "" {
			return nil
		}
	}
}

func findExport(ctx context.Context, s *app.Services, name string) (found export.Export, err error) {
	err = eachExport(ctx, s, func(e export.Export) bool {
		if strings.EqualFold(e.Name(), name) || string(e.ID) == strings.ToLower(name) {
			found = e
		}
		return found.ID == ""
	})
	if err == nil && found.ID == "" {
		err = export.ErrNotFound.With("you see no export %q", name)
	}
	return found, err
}

// fetchExport writes the whole file or none.
func fetchExport(ctx context.Context, s *app.Services, e export.Export, out string) (_ fetchedJSON, err error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return fetchedJSON{}, err
	}
	if e.AskedBy == sc.Actor && e.Status != export.StatusReady {
		return fetchedJSON{}, export.ErrNotReady.With("%s", toExportJSON(e))
	}
	ticket, err := s.Exports.Ticket(ctx, e.ID, exportNetwork)
	if err != nil {
		return fetchedJSON{}, err
	}
	into, err := os.OpenFile(out+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fetchedJSON{}, fmt.Errorf("make the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = into.Close() // it may be closed; what is left of it is not the file
			_ = os.Remove(into.Name())
		}
	}()
	f, err := s.Exports.Download(ctx, ticket.Reveal(), exportNetwork, "")
	if err != nil {
		return fetchedJSON{}, err
	}
	defer f.Body.Close()
	if _, err := io.Copy(into, f.Body); err != nil { // its hash is checked on the way
		return fetchedJSON{}, fmt.Errorf("write %s: %w", out, err)
	}
	if err := errors.Join(into.Sync(), into.Close()); err != nil {
		return fetchedJSON{}, fmt.Errorf("write %s: %w", out, err)
	}
	if err := os.Rename(into.Name(), out); err != nil {
		return fetchedJSON{}, fmt.Errorf("name %s: %w", out, err)
	}
	return fetchedJSON{Export: e.Name(), File: out, Bytes: f.Size, SHA256: f.Hash, Rows: e.RowsDone, Left: e.DownloadsLeft - 1}, nil
}

type fetchedJSON struct {
	Export string `json:"export"`
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Rows   int64  `json:"rows"`
	Left   int    `json:"downloads_left"`
}

func (f fetchedJSON) String() string {
	return fmt.Sprintf("%s: %s, %d rows, %d bytes, SHA-256 %s; it can be fetched %d times more", f.Export, f.File, f.Rows, f.Bytes, f.SHA256, f.Left)
}

type exportJSON struct {
	ID      ident.ExportID  `json:"id"`
	Name    string          `json:"name"`
	Status  export.Status   `json:"status"`
	For     export.Audience `json:"audience"`
	Format  export.Format   `json:"format"`
	Form    export.Form     `json:"form"`
	From    invoice.Day     `json:"from"`
	To      invoice.Day     `json:"to"`
	Rows    int64           `json:"rows"`
	Due     int             `json:"approvals_due"`
	AskedBy string          `json:"asked_by"`
	AskedAt time.Time       `json:"asked_at"`
	Key     string          `json:"recipient"`
	Why     string          `json:"why,omitempty"`
	Hash    string          `json:"file_sha256,omitempty"`
	Expires *time.Time      `json:"expires_at,omitempty"`
	Left    int             `json:"downloads_left"`
}

func toExportJSON(e export.Export) exportJSON {
	return exportJSON{ID: e.ID, Name: e.Name(), Status: e.Status, For: e.Audience, Format: e.Format, Form: e.Form, From: e.FromOn, To: e.ToOn, Rows: e.RowsAsked, Due: e.ApprovalsDue, AskedBy: e.AskedByName,
		AskedAt: e.AskedAt.UTC(), Key: e.Recipient, Why: e.Why, Hash: e.FileHash, Expires: e.ExpiresAt, Left: e.DownloadsLeft}
}

func (e exportJSON) String() string {
	where := string(e.Status)
	switch e.Status {
	case export.StatusAsked:
		where = "somebody at the firm, other than who asked, decides now"
		if e.Due == 2 {
			where = "two people at the firm, other than who asked, decide now"
		}
	case export.StatusApproved:
		where = "approved; the worker builds it"
	case export.StatusReady:
		where = fmt.Sprintf("ready until %s, can be fetched %d times more", e.Expires.UTC().Format("2006-01-02 15:04 MST"), e.Left)
	case export.StatusRefused, export.StatusFailed:
		where += ": " + e.Why
	case export.StatusWithdrawn, export.StatusExpired: // the word says it
	}
	what := string(e.Form)
	if e.For != export.AudiencePartner {
		what = "for the " + string(e.For) + ", " + what
	}
	return fmt.Sprintf("%s, %s, %s to %s, %d rows, asked by %s: %s", e.Name, what, e.From, e.To, e.Rows, e.AskedBy, where)
}

type exportsJSON []exportJSON

func (all exportsJSON) String() string {
	lines := make([]string, len(all))
	for i, e := range all {
		lines[i] = e.String()
	}
	if len(lines) == 0 {
		return "no exports"
	}
	return strings.Join(lines, "\n")
}

type previewJSON struct {
	Rows       int64        `json:"rows"`
	Narratives int64        `json:"narratives"`
	Withheld   int64        `json:"withheld"`
	Matters    int64        `json:"matters"`
	Documents  int64        `json:"documents"`
	Columns    []columnJSON `json:"columns"`
	LeftOut    []string     `json:"left_out"`
}

type columnJSON struct {
	Name   string `json:"name"`
	Hidden int64  `json:"hidden"`
}

func toPreviewJSON(p export.Preview) previewJSON {
	out := previewJSON{Rows: p.Rows, Narratives: p.Narratives, Withheld: p.Withheld, Matters: p.Matters, Documents: p.Documents, LeftOut: append([]string{}, p.LeftOut...), Columns: make([]columnJSON, len(p.Columns))}
	for i, c := range p.Columns {
		out.Columns[i] = columnJSON{c.Name, c.Hidden}
	}
	return out
}

func (p previewJSON) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows on %d matters, %d with narrative; nothing was asked for", p.Rows, p.Matters, p.Narratives)
	if p.Documents > 0 {
		fmt.Fprintf(&b, "\nwith %d files of invoices", p.Documents)
	}
	if len(p.LeftOut) > 0 {
		fmt.Fprintf(&b, "\nnot for this audience: %s", strings.Join(p.LeftOut, ", "))
	}
	for _, c := range p.Columns {
		switch c.Hidden {
		case 0:
		case p.Rows:
			fmt.Fprintf(&b, "\n%s: left out", c.Name)
		default:
			fmt.Fprintf(&b, "\n%s: left out on %d rows", c.Name, c.Hidden)
		}
	}
	return b.String()
}
