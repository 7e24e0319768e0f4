package main

import (
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/obs"
)

func newDemoCmd() *cobra.Command {
	show := demo.Show{}
	var verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole product on private servers with a bureau, three firms and two months of work",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, _, err := net.SplitHostPort(show.Addr)
			if err != nil || !net.ParseIP(host).IsLoopback() {
				return &exitError{exitBroken, errLoopback}
			}
			show.Out, show.Say, show.Log = cmd.OutOrStdout(), cmd.ErrOrStderr(), obs.Discard()
			if verbose {
				show.Log = obs.NewLogger(cmd.ErrOrStderr(), slog.LevelInfo)
			}
			return demo.Play(cmd.Context(), show)
		},
	}
	cmd.Flags().StringVar(&show.Addr, "addr", "127.0.0.1:8080", "loopback address of the pages")
	cmd.Flags().StringVar(&show.Data, "data", "", "folder that keeps the data; without it nothing is kept")
	cmd.Flags().BoolVar(&show.JSON, "json", false, "print one line of JSON")
	cmd.Flags().BoolVar(&verbose, "log", false, "write the log to standard error")
	return cmd
}
