package main

import (
	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/sla"
)

func newSLACmd() *cobra.Command {
	cmd := &cobra.Command{Use: "sla", Short: "Service levels"}
	cmd.AddCommand(newSLAReplayCmd())
	return cmd
}

func newSLAReplayCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Tell what becomes of clocks from a file of calendars and stories",
		Long: `Replay each story of FILE ("-" is standard input): a clock and what happened to
it. Print [{"id", "got"}] as JSON, got with the keys that the story expects.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f sla.StoryFile
			if err := readJSON(cmd.InOrStdin(), args[0], &f); err != nil {
				return err
			}
			results, err := f.Replay()
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), results)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", true, "taken for uniformity: the answer is always one JSON document")
	return cmd
}
