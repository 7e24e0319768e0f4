package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

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
			return errors.Join(beside(cmd.Context(), stack, args), stack.Stop())
		},
	}
}

// beside runs args to the end and passes on its exit code. An interrupt reaches
// it too, and it decides how to end.
func beside(ctx context.Context, stack *devstack.Stack, args []string) error {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 20 * time.Second
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), devstack.Env+"="+stack.Run)
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &exitError{max(exit.ExitCode(), exitNo), err}
	}
	return err
}
