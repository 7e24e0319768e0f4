package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestExampleFilesAreAnswered(t *testing.T) {
	t.Parallel()
	const times, figures, queues = "../../internal/sla/testdata/sla-examples.json", "../../internal/sla/testdata/figures-examples.json", "../../internal/worklist/testdata/queue-examples.json"
	for _, c := range []struct {
		cmd  *cobra.Command
		verb string
		file string
		want int
	}{{newCalendarCmd(), "eval", times, 40}, {newSLACmd(), "replay", times, 8}, {newSLACmd(), "figures", figures, 4}, {newQueueCmd(), "simulate", queues, 2}} {
		var out bytes.Buffer
		c.cmd.SetOut(&out)
		c.cmd.SetArgs([]string{c.verb, c.file, "--json"})
		if err := c.cmd.Execute(); err != nil {
			t.Fatalf("%s: %v", c.verb, err)
		}
		var results []struct {
			ID  string
			Got any
		}
		if err := json.Unmarshal(out.Bytes(), &results); err != nil || len(results) != c.want {
			t.Errorf("%s: %d results, %v", c.verb, len(results), err)
		}
	}
}

func TestUnreadableFilesAreRefusedInWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                "ends too early",
		`{"cases": [`:                     "ends too early",
		`{"cases": 3}`:                    "field cases at byte",
		`{"cases": []} {}`:                "more after the first",
		`{"cases": [}`:                    "not JSON at byte",
		`{"cases":[{"start":"morning"}]}`: "parsing time",
	} {
		cmd := newCalendarCmd()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetIn(strings.NewReader(text))
		cmd.SetOut(&bytes.Buffer{})
		cmd.SetArgs([]string{"eval", "-"})
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
