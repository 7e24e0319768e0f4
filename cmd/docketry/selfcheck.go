package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/selfcheck"
)

func newSelfCheckCmd() *cobra.Command {
	var firm string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "selfcheck [--firm F]",
		Short: "Recompute each firm's stored sums from the rows below them; exit 1 when one differs",
		Long: "Recomputes invoice totals and open amounts (I03), the numbers of each series (I04), payments and their parts (I08)\n" +
			"and the ledger (I11) of every firm, closed ones too, as the workers do every night. What it finds is kept, recorded\n" +
			"in the firm's audit log and written to the bureau's administrators. It repairs nothing.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := selfCheck(cmd.Context(), firm)
			if err != nil {
				return err
			}
			if err := found.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if !found.OK {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&firm, "firm", "", "only the firm of this three-letter code or id")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// selfCheckJSON is the command's answer.
type selfCheckJSON struct {
	OK        bool                `json:"ok"`
	Firms     []firmSelfCheckJSON `json:"firms"`
	Unchecked map[string]string   `json:"unchecked"` // invariants that are left out, and why: none is
}

type firmSelfCheckJSON struct {
	Firm     ident.FirmID        `json:"firm"`
	Code     string              `json:"code"`
	At       time.Time           `json:"at"`
	Compared int64               `json:"compared"`
	Found    int64               `json:"found"`
	Findings []selfcheck.Finding `json:"findings"`
}

func selfCheck(ctx context.Context, only string) (out selfCheckJSON, err error) {
	c, err := config.Load()
	if err == nil {
		err = c.ForMigrate()
	}
	if err != nil {
		return out, &exitError{exitConfig, err}
	}
	owner, err := asRole(c.MigrateURL, "docketry_migrate")
	if err != nil {
		return out, &exitError{exitConfig, err}
	}
	d, err := db.Open(ctx, db.Config{URL: owner, Key: c.Keys.Scope, Clock: clock.System(), Bounced: c.Bounced, StatementTimeout: time.Hour})
	if err != nil {
		return out, err
	}
	defer d.Close()
	firms, err := selfcheck.Firms(ctx, d, strings.TrimSpace(only))
	if err != nil {
		return out, err
	}
	if len(firms) == 0 && only != "" {
		return out, fmt.Errorf("there is no firm with the code or id %q", only)
	}
	// What it finds is its output; the log would say it a second time.
	svc := selfcheck.New(d, bureau.New(d), slog.New(slog.DiscardHandler), obs.NewMetrics())
	out = selfCheckJSON{OK: true, Firms: []firmSelfCheckJSON{}, Unchecked: map[string]string{}}
	for _, f := range firms {
		r, err := svc.Check(ctx, f.ID)
		if err != nil {
			return out, err
		}
		out.OK = out.OK && r.OK()
		out.Firms = append(out.Firms, firmSelfCheckJSON{r.Firm, f.Code, r.At.UTC(), r.Compared, r.Found, r.Findings})
	}
	return out, nil
}

func (o selfCheckJSON) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(o)
	}
	for _, f := range o.Firms {
		mark := "ok  "
		if f.Found > 0 {
			mark = "NO  "
		}
		fmt.Fprintf(w, "%s %s %s: %d records, %d differences\n", mark, f.Code, f.Firm, f.Compared, f.Found)
		for _, one := range f.Findings {
			fmt.Fprintln(w, "    ", one)
		}
		if more := f.Found - int64(len(f.Findings)); more > 0 {
			fmt.Fprintf(w, "     and %d more\n", more)
		}
	}
	return nil
}
