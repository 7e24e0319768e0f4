package partial

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 4, 15, 42, 0, 0, time.UTC)
	const h = time.Hour
	for name, c := range map[string]struct {
		clock             Clock
		class, text, used string
		seconds           string
	}{
		"plenty of time":             {Clock{Due: now.Add(5 * h), Now: now, Target: 8 * h, Used: 3 * h}, "sla", "5 h 00 m left", "37%", "18000"},
		"a quarter left is soon":     {Clock{Due: now.Add(2 * h), Now: now, Target: 8 * h, Used: 6 * h}, "sla soon", "2 h 00 m left", "75%", "7200"},
		"more than a quarter is not": {Clock{Due: now.Add(121 * time.Minute), Now: now, Target: 8 * h, Used: 6*h - time.Minute}, "sla", "2 h 01 m left", "74%", "7260"},
		"one business hour is now":   {Clock{Due: now.Add(18 * h), Now: now, Target: 8 * h, Used: 7 * h}, "sla now", "18 h 00 m left", "87%", "64800"},
		"due now is not over":        {Clock{Due: now, Now: now, Target: 8 * h, Used: 8 * h}, "sla now", "0 m left", "100%", "0"},
		"over":                       {Clock{Due: now.Add(-41 * time.Minute), Now: now, Target: 8 * h, Used: 9 * h}, "sla over", "Over by 1 business h", "100%", ""},
		"over since closing time":    {Clock{Due: now.Add(-15 * h), Now: now, Target: 8 * h, Used: 8 * h}, "sla over", "Over by 0 business m", "100%", ""},
		"paused":                     {Clock{Now: now, Target: 8 * h, Used: 175 * time.Minute, Paused: true}, "sla held", "Paused, 5 h 05 m left", "36%", ""},
		"no clock":                   {Clock{Now: now}, "sla", "No clock", "0%", ""},
		"met":                        {Clock{Now: now, Target: 8 * h, Used: 3 * h, Met: true}, "sla", "Met", "37%", ""},
		"missed":                     {Clock{Now: now, Target: 8 * h, Used: 9 * h, Missed: true}, "sla now", "Missed", "100%", ""},
		"cancelled":                  {Clock{Due: now.Add(h), Now: now, Target: 8 * h, Used: 3 * h, Gone: true}, "sla", "Cancelled", "37%", ""},
	} {
		if got := c.clock; got.class() != c.class || got.Text() != c.text || got.used() != c.used || got.seconds() != c.seconds {
			t.Errorf("%s: %q %q %q %q", name, got.class(), got.Text(), got.used(), got.seconds())
		}
	}
}

func TestFirmClassAndLabel(t *testing.T) {
	t.Parallel()
	for slot, want := range map[int]string{1: "f-1", 28: "f-28", 29: "f-1", 0: "f-28", -40: "f-16"} {
		if got := (Firm{Slot: slot}).Class(); got != want {
			t.Errorf("slot %d = %s, want %s", slot, got, want)
		}
	}
	if Label(9).String() != "Sealed" || LabelMark(9) != LabelMark(Sealed) {
		t.Error("an unknown label must look like the strictest")
	}
}

// TestHandWrittenMarksEscape: what comes from outside cannot break out of a mark.
func TestHandWrittenMarksEscape(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	evil := `"><script>alert(1)</script>`
	if err := FirmBadge(Firm{Code: evil, Name: evil, Slot: 3}).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") || strings.Count(b.String(), `"`) != 2 {
		t.Errorf("badge %s", b.String())
	}
}
