package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/obs"
)

func newServeCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve pages and the JSON API (DOCKETRY_DATABASE_URL as docketry_api)",
		Args:  cobra.NoArgs,
		RunE:  fromEnvironment(app.RunWeb),
	}
}

// fromEnvironment runs a long-lived program; what the operator must change first
// ends with exit code 78.
func fromEnvironment(run func(ctx context.Context, c config.Config, log *slog.Logger) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c, err := config.Load()
		if err != nil {
			return &exitError{exitConfig, err}
		}
		err = run(cmd.Context(), c, obs.NewLogger(cmd.ErrOrStderr(), slog.LevelInfo))
		if errors.Is(err, app.ErrSetup) {
			return &exitError{exitConfig, err}
		}
		return err
	}
}
