package main

import (
	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app"
)

func newWorkCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "work",
		Short: "Do jobs, relays, sweeps and schedules (DOCKETRY_DATABASE_URL as docketry_worker)",
		Args:  cobra.NoArgs,
		RunE:  fromEnvironment(app.RunWork),
	}
}
