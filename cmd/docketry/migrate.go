package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
)

func newMigrateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to this version (needs DOCKETRY_MIGRATE_URL and DOCKETRY_SCOPE_KEY)",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "up", Short: "Make the roles, run every pending migration, install the sealing key", Args: cobra.NoArgs,
			RunE: withMigrator(func(cmd *cobra.Command, m *db.Migrator, _ []string) error { return m.Up(cmd.Context()) }),
		},
		&cobra.Command{
			Use: "down VERSION", Short: "Take back migrations above VERSION; their data is lost", Args: cobra.ExactArgs(1),
			RunE: withMigrator(func(cmd *cobra.Command, m *db.Migrator, args []string) error {
				version, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil || version < 0 {
					return fmt.Errorf("%q is not a migration's number; `docketry migrate status` lists them", args[0])
				}
				return m.Down(cmd.Context(), version)
			}),
		},
		&cobra.Command{
			Use: "status", Short: "List the migrations and which are applied", Args: cobra.NoArgs,
			RunE: withMigrator(func(cmd *cobra.Command, m *db.Migrator, _ []string) error {
				all, err := m.Status(cmd.Context())
				if err != nil {
					return err
				}
				for _, s := range all {
					fmt.Fprintf(cmd.OutOrStdout(), "%05d  %-8s  %s\n", s.Source.Version, s.State, s.Source.Path)
				}
				return nil
			}),
		},
	)
	return cmd
}

func withMigrator(do func(cmd *cobra.Command, m *db.Migrator, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := config.Load()
		if err != nil {
			return &exitError{exitConfig, err}
		}
		if err := c.ForMigrate(); err != nil {
			return &exitError{exitConfig, err}
		}
		return do(cmd, db.NewMigrator(c.MigrateURL, c.Keys.Scope, c.Keys.FormerScope), args)
	}
}
