// Command docketry is the one binary: it serves, works, migrates, shows a demo,
// and answers questions about files without a database.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of every command (DESIGN 7), and sysexits' EX_CONFIG for a start
// that the database's walls or the configuration forbid.
const (
	exitNo     = 1
	exitBroken = 2
	exitConfig = 78
)

// errLoopback keeps a demo, whose password everybody knows, off the network.
var errLoopback = errors.New("--addr must be a loopback address such as 127.0.0.1:8080")

// errNo is what a command returns whose answer is no: it has printed why.
var errNo = errors.New("the answer is no")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	err := newRootCmd().ExecuteContext(ctx)
	var coded *exitError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return exitNo
	case errors.As(err, &coded):
		fmt.Fprintln(os.Stderr, "docketry:", err)
		return coded.code
	default:
		fmt.Fprintln(os.Stderr, "docketry:", err)
		return exitBroken
	}
}

// exitError carries an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "docketry",
		Short:         "Legal billing for many law firms by one bureau",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newMigrateCmd(),
		newAdminCmd(),
		newServeCmd(),
		newWorkCmd(),
		newDoctorCmd(),
		newBenchCmd(),
		newDemoCmd(),
		newCalendarCmd(),
		newSLACmd(),
		newQueueCmd(),
		newAuditCmd(),
		newGuidelineCmd(),
		newUTBMSCmd(),
		newLedesCmd(),
		newImportCmd(),
		newExportCmd(),
		newBackupCmd(),
		newRestoreCmd(),
		newDevstackCmd(),
	)
	return root
}
