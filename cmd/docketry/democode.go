package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/people"
)

// newDemoCodeCmd spares a visitor of the demo an authenticator app.
func newDemoCodeCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "code SECRET",
		Short: "Print the one-time code that an authenticator app shows now for a secret of the demo",
		Long:  "Each code signs in once: after a sign-in wait for the next one.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			now := clock.System().Now()
			code, err := people.AppCode(strings.ToUpper(strings.TrimSpace(args[0])), now)
			if err != nil {
				return &exitError{exitBroken, fmt.Errorf("%q is no secret of an authenticator app: copy the last column that the demo prints", args[0])}
			}
			left := 30*time.Second - time.Duration(now.UnixNano())%(30*time.Second)
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s  for %d s more\n", code, int(left.Seconds()))
			return err
		},
	}
}
