package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/devstack"
)

// newDevstackCmd runs a command with private servers beside it; the test targets
// use it so that one pair of servers serves a whole run.
func newDevstackCmd() *cobra.Command {
	return &cobra.Command{
		Use:    "devstack -- COMMAND [ARGS...]",
		Short:  "Run a command with a private PostgreSQL and Redis",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			stack, err := devstack.Start(cmd.Context(), devstack.Config{Log: cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			defer func() { _ = stack.Stop() }() // the command's own exit code matters more
			signal.Ignore(os.Interrupt)         // the command gets it from the terminal too and decides
			c := exec.Command(args[0], args[1:]...)
			c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
			c.Env = append(os.Environ(), "DOCKETRY_TEST_STACK="+stack.Run)
			err = c.Run()
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return &exitError{exit.ExitCode(), err}
			}
			return err
		},
	}
}
