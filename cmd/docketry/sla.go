package main

import (
	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/sla"
)

func newSLACmd() *cobra.Command {
	cmd := &cobra.Command{Use: "sla", Short: "Service levels"}
	cmd.AddCommand(newSLAReplayCmd(), newSLAFiguresCmd())
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

func newSLAFiguresCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "figures FILE",
		Short: "Work out attainment, goals, credits and composite of months in a file",
		Long: `Work out each case of FILE ("-" is standard input): counts, goals, weights and
credit tiers of a month's targets, the month's fee in cents and the cap on credits.
Print [{"id", "got"}] as JSON.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f sla.FigureFile
			if err := readJSON(cmd.InOrStdin(), args[0], &f); err != nil {
				return err
			}
			results, err := f.Work()
			if err != nil {
				return explain(args[0], err)
			}
			return printJSON(cmd.OutOrStdout(), results)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", true, "taken for uniformity: the answer is always one JSON document")
	return cmd
}
