package pages

import (
	"strings"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
)

// clockView is the explanation of one due date, stretch by stretch.
func clockView(f frame, i worklist.Item, k worklist.Clock) ClockView {
	shown := itemClockOf(i, k)
	v := ClockView{Firm: *f.Firm, Item: i.ID, Name: k.Name, Clock: shown.Clock, Promise: format.BusinessTime(int(k.TargetS / 60)), Calendar: i.Calendar, Started: k.StartedAt.In(i.Zone)}
	var total time.Duration
	for _, step := range k.Steps {
		counted := time.Duration(step.CountedS) * time.Second
		total += counted
		v.Steps = append(v.Steps, ClockStep{From: step.From.In(i.Zone), To: step.To.In(i.Zone), What: stepWords(step), Counted: counted, Total: total})
	}
	return v
}

func stepWords(s sla.Step) string {
	switch s.Kind {
	case sla.StepOpen:
		return "Open, counted"
	case sla.StepPaused:
		reasons := make([]string, len(s.Reasons))
		for i, r := range s.Reasons {
			reasons[i] = strings.ReplaceAll(string(r), "_", " ")
		}
		return "Paused: " + strings.Join(reasons, ", ")
	case sla.StepClosed:
		if s.Name != "" {
			return "Closed: " + s.Name
		}
		return "Closed"
	default:
		return "Open, if the clock runs on"
	}
}
