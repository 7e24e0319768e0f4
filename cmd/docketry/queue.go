package main

import (
	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/worklist"
)

func newQueueCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "The work queue"}
	cmd.AddCommand(newQueueSimulateCmd())
	return cmd
}

func newQueueSimulateCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "simulate FILE",
		Short: "Tell in which order get-next gives out the items of a file",
		Long: `Play each scenario of FILE ("-" is standard input): items of firms with their
band, deadline, estimate and arrival, shares of firms, and a number of calls of
get-next. Print [{"id", "got"}] as JSON: the item of each call, null for none.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f worklist.QueueFile
			if err := readJSON(cmd.InOrStdin(), args[0], &f); err != nil {
				return err
			}
			results, err := f.Simulate()
			if err != nil {
				return explain(args[0], err)
			}
			return printJSON(cmd.OutOrStdout(), results)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", true, "taken for uniformity: the answer is always one JSON document")
	return cmd
}
