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
		Short: "Replace a key without downtime (needs DOCKETRY_MASTER_KEY too)",
		Long: "Replaces the scope, payload, master or session key. The order is the same for each, and matters:\n" +
			"  1. scope key only: `docketry admin keys install` with the new key as DOCKETRY_SCOPE_KEY_FORMER;\n" +
			"  2. everywhere, give the new key as DOCKETRY_..._KEY_FORMER beside the old one and restart serve and work;\n" +
			"  3. everywhere, exchange the two and restart: the new key makes, the old one is still believed;\n" +
			"  4. master key only: `docketry admin keys rewrap`;\n" +
			"  5. when `docketry admin keys status` says so, take DOCKETRY_..._KEY_FORMER away everywhere and restart;\n" +
			"  6. scope key only: `docketry admin keys retire`, so that the database refuses the old key.\n" +
			"A program that lacks the key another one makes with refuses what that one made: finish a step before the next.",
	}
	cmd.AddCommand(newKeysStatusCmd(), newKeysInstallCmd(), newKeysRewrapCmd(), newKeysRetireCmd())
	return cmd
}

func newKeysStatusCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which keys are in use and when a former one may go; exit 1 unless it is the present ones alone",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			uses, err := keyUses(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(uses)
			} else {
				for _, u := range uses {
					fmt.Fprintln(cmd.OutOrStdout(), u.Says)
				}
			}
			if err != nil {
				return err
			}
			if !settled(uses) {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func newKeysInstallCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "install",
		Short: "Have the database accept DOCKETRY_SCOPE_KEY and DOCKETRY_SCOPE_KEY_FORMER; before any program starts with them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configured(config.Config.ForMigrate)
			if err != nil {
				return err
			}
			if err := migratorOf(c).InstallKey(cmd.Context()); err != nil {
				return err
			}
			for _, key := range seal.Live(c.Keys.Scope, c.Keys.FormerScope) {
				fmt.Fprintf(cmd.OutOrStdout(), "the database accepts scope key %s\n", db.KeyID(key))
			}
			return nil
		},
	}
}

func newKeysRetireCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "retire",
		Short: "Have the database refuse every scope key but those configured; refuses while a program still seals with one",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configured(config.Config.ForMigrate)
			if err != nil {
				return err
			}
			n, err := migratorOf(c).RetireKeys(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "former scope keys that the database refuses from now on: %d\n", n)
			return nil
		},
	}
}

func newKeysRewrapCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "rewrap",
		Short: "Wrap every firm's data key with the present master key; safe to run again, or twice at once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), func(_ config.Config, d *db.DB, m *seal.Master) error {
				n, err := blob.NewKeys(m).RewrapAll(cmd.Context(), d)
				fmt.Fprintf(cmd.OutOrStdout(), "%d data keys are wrapped anew with master key %s\n", n, m.Present())
				return err
			})
		},
	}
}

// configured is the environment where it has what a command needs.
func configured(need func(config.Config) error) (config.Config, error) {
	c, err := config.Load()
	if err == nil {
		err = need(c)
	}
	if err != nil {
		return c, &exitError{exitConfig, err}
	}
	return c, nil
}

func migratorOf(c config.Config) *db.Migrator {
	return db.NewMigrator(c.MigrateURL, c.Keys.Scope, c.Keys.FormerScope)
}

// withKeys opens the database as its owner, with the master keys of the environment.
func withKeys(ctx context.Context, fn func(c config.Config, d *db.DB, m *seal.Master) error) error {
	c, err := configured(config.Config.ForKeys)
	if err != nil {
		return err
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
	return fn(c, d, m)
}

// examineKeys is the doctor's look at the keys, where it may see every firm's.
func examineKeys(ctx context.Context) []finding {
	uses, err := keyUses(ctx)
	if err != nil {
		return problems("keys", err, "")
	}
	var found []finding
	for _, u := range uses {
		found = append(found, judge(u.Kind+" key", u.OK, u.Says, "finish the replacement: `docketry admin keys --help` has the order"))
	}
	return found
}
