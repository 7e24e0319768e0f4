package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/utbms"
)

func newUTBMSCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "utbms", Short: "Task and activity codes"}
	cmd.AddCommand(newUTBMSSuggestCmd())
	return cmd
}

func newUTBMSSuggestCmd() *cobra.Command {
	var set, learn string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "suggest FILE.csv",
		Short: "Suggest task and activity codes for narratives, without a database",
		Long: `Reads a CSV file ("-" is standard input) with the columns id and narrative, and
where it has one matter. The codes that stand in the file are not looked at. The
task set of a matter is --set, else the one that its narratives fit best. --learn
is a file with accepted codes (narrative, task_code, activity_code) to learn from.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if set != "" && !isTaskSet(set) {
				return fmt.Errorf("--set %s is not a task set; give one of %s", set, strings.Join(utbms.TaskSets(), ", "))
			}
			sheet, err := openSheet(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			s := utbms.Shipped()
			if learn != "" {
				accepted, err := openSheet(cmd.InOrStdin(), learn)
				if err != nil {
					return err
				}
				s = s.With(examples(accepted))
			}
			answers := suggestAll(s, sheet, set)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), answers)
			}
			return printSuggestions(cmd.OutOrStdout(), answers)
		},
	}
	cmd.Flags().StringVar(&set, "set", "", strings.Join(utbms.TaskSets(), ", "))
	cmd.Flags().StringVar(&learn, "learn", "", "CSV file of lines with accepted codes")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func isTaskSet(set string) bool {
	for _, s := range utbms.TaskSets() {
		if s == set {
			return true
		}
	}
	return false
}

func openSheet(stdin io.Reader, path string) (*guideline.Sheet, error) {
	f, err := openInput(stdin, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sheet, err := guideline.ReadSheet(f)
	return sheet, explain(path, err)
}

func examples(sheet *guideline.Sheet) (out []utbms.Example) {
	for _, l := range sheet.Lines {
		out = append(out, utbms.Example{Narrative: l.Narrative, Task: l.Task, Activity: l.Activity})
	}
	return out
}

// suggested is one entry of the answer; every id is listed.
type suggested struct {
	ID       string      `json:"id"`
	Task     []codeGuess `json:"task"`
	Activity []codeGuess `json:"activity"`
}

type codeGuess struct {
	Code       string  `json:"code"`
	Confidence float64 `json:"confidence"`
	rests      []string
}

func suggestAll(s *utbms.Suggester, sheet *guideline.Sheet, set string) []suggested {
	byMatter := map[string][]string{}
	for _, l := range sheet.Lines {
		byMatter[l.Matter] = append(byMatter[l.Matter], l.Narrative)
	}
	sets := map[string]string{}
	for matter, narratives := range byMatter {
		if sets[matter] = set; set == "" {
			sets[matter] = s.Likely(narratives)
		}
	}
	out := make([]suggested, 0, len(sheet.Lines))
	for _, l := range sheet.Lines {
		got := s.Suggest(l.Narrative, sets[l.Matter])
		out = append(out, suggested{l.ID, guesses(got.Task), guesses(got.Activity)})
	}
	return out
}

func guesses(choices []utbms.Choice) []codeGuess {
	out := make([]codeGuess, 0, len(choices))
	for _, c := range choices {
		out = append(out, codeGuess{c.Code, c.Confidence, c.Rests})
	}
	return out
}

func printSuggestions(w io.Writer, answers []suggested) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range answers {
		fmt.Fprintf(t, "%s\t%s\t%s\n", a.ID, guessText(a.Task), guessText(a.Activity))
	}
	return t.Flush()
}

// guessText is the first choice with what it rests on, and the others.
func guessText(choices []codeGuess) string {
	if len(choices) == 0 {
		return "no suggestion"
	}
	text := fmt.Sprintf("%s %.0f%% (%s)", choices[0].Code, choices[0].Confidence*100, strings.Join(choices[0].rests, ", "))
	for _, c := range choices[1:] {
		text += fmt.Sprintf("; %s %.0f%%", c.Code, c.Confidence*100)
	}
	return text
}
