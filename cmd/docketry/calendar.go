package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/calendar"
)

func newCalendarCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "calendar", Short: "Business time"}
	cmd.AddCommand(newCalendarEvalCmd())
	return cmd
}

func newCalendarEvalCmd() *cobra.Command {
	var explain, asJSON bool
	cmd := &cobra.Command{
		Use:   "eval FILE",
		Short: "Answer questions about business time from a file of calendars and cases",
		Long: `Answer each case of FILE ("-" is standard input) by the calendars of the same
file and print [{"id", "got"}] as JSON. Operations: open, between, add, sub, bd,
cob, cutoff, eff, add_bdays, nth_bday. What has no answer gives {"error": "no_business_time"}.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f calendar.CaseFile
			if err := readJSON(cmd.InOrStdin(), args[0], &f); err != nil {
				return err
			}
			results, err := f.Eval(explain)
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), results)
		},
	}
	cmd.Flags().BoolVar(&explain, "explain", false, "add the open stretches that were counted")
	cmd.Flags().BoolVar(&asJSON, "json", true, "taken for uniformity: the answer is always one JSON document")
	return cmd
}

// maxQuestionFile bounds what a question file may hold; the examples have 18 kB.
const maxQuestionFile = 64 << 20

// readJSON reads one JSON document from the file, or from stdin when it is "-".
func readJSON(stdin io.Reader, path string, into any) error {
	from := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, maxQuestionFile+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if len(b) > maxQuestionFile {
		return fmt.Errorf("read %s: it is larger than %d MiB", path, maxQuestionFile>>20)
	}
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", path, jsonTrouble(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: there is more after the first JSON document", path)
	}
	return nil
}

// jsonTrouble says in plain words where a document goes wrong.
func jsonTrouble(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("field %s at byte %d holds a %s", kind.Field, kind.Offset, kind.Value)
	default:
		return err
	}
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
