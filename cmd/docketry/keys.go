package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/seal"
)

func newKeysCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Replace the master key without downtime (needs DOCKETRY_MASTER_KEY too)",
		Long: "The master key wraps each firm's data key. To replace it: give serve and work the new key as\n" +
			"DOCKETRY_MASTER_KEY_FORMER beside the old one and restart them; exchange the two and restart them;\n" +
			"run `docketry admin keys rewrap`; take DOCKETRY_MASTER_KEY_FORMER away when `status` says it is unused.",
	}
	cmd.AddCommand(newKeysStatusCmd(), newKeysRewrapCmd())
	return cmd
}

func newKeysStatusCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which master keys are in use; exit 1 unless it is the present one alone",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), func(d *db.DB, m *seal.Master) error {
				uses, err := blob.Uses(cmd.Context(), d, m)
				if err != nil {
					return err
				}
				if asJSON {
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(uses)
				} else {
					for _, u := range uses {
						fmt.Fprintln(cmd.OutOrStdout(), sentence(u))
					}
				}
				if err != nil {
					return err
				}
				if !settled(uses) {
					return errNo
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func newKeysRewrapCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "rewrap",
		Short: "Wrap every firm's data key with the present master key; safe to run again, or twice at once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), func(d *db.DB, m *seal.Master) error {
				n, err := blob.NewKeys(m).RewrapAll(cmd.Context(), d)
				fmt.Fprintf(cmd.OutOrStdout(), "%d data keys are wrapped anew with master key %s\n", n, m.Present())
				return err
			})
		},
	}
}

// withKeys opens the database as its owner, with the master keys of the environment.
func withKeys(ctx context.Context, fn func(d *db.DB, m *seal.Master) error) error {
	c, err := config.Load()
	if err == nil {
		err = c.ForKeys()
	}
	if err != nil {
		return &exitError{exitConfig, err}
	}
	owner, err := asRole(c.MigrateURL, "docketry_migrate")
	if err != nil {
		return &exitError{exitConfig, err}
	}
	m, err := seal.NewMaster(c.Keys.Master, c.Keys.FormerMasters()...)
	if err != nil {
		return &exitError{exitConfig, err}
	}
	d, err := db.Open(ctx, db.Config{URL: owner, Key: c.Keys.Scope, Clock: clock.System(), Bounced: c.Bounced})
	if err != nil {
		return err
	}
	defer d.Close()
	return fn(d, m)
}

// settled tells that nothing needs a key other than the present one.
func settled(uses []blob.Use) bool {
	for _, u := range uses {
		if u.State != "present" {
			return false
		}
	}
	return true
}

func sentence(u blob.Use) string {
	wraps := fmt.Sprintf("master key %s wraps %d data keys of %d firms: ", u.MasterID, u.Keys, u.Firms)
	switch u.State {
	case "present":
		return wraps + "the present key"
	case "former":
		return wraps + "still needed; use it as the former key until `docketry admin keys rewrap` has run"
	default:
		return wraps + "it is not configured, so these firms' documents cannot be read; set it as DOCKETRY_MASTER_KEY_FORMER"
	}
}

// examineKeys is the doctor's look at the master keys, where it may see every firm's.
func examineKeys(ctx context.Context) []finding {
	var found []finding
	err := withKeys(ctx, func(d *db.DB, m *seal.Master) error {
		uses, err := blob.Uses(ctx, d, m)
		for _, u := range uses {
			found = append(found, judge("master key", u.State == "present", sentence(u), "run `docketry admin keys rewrap` with both keys configured"))
		}
		return err
	})
	if err != nil {
		return problems("master key", err, "")
	}
	return found
}
