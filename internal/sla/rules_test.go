package sla

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Monday to Friday 09:00 to 17:00 UTC; 2027-02-01 is a Monday.
const rulesHead = `{"calendars":[
 {"id":"c","tz":"UTC","weekly":{"mon":[["09:00","17:00"]],"tue":[["09:00","17:00"]],"wed":[["09:00","17:00"]],"thu":[["09:00","17:00"]],"fri":[["09:00","17:00"]]},"exceptions":[]},
 {"id":"holiday","tz":"UTC","weekly":{"mon":[["09:00","17:00"]],"tue":[["09:00","17:00"]],"wed":[["09:00","17:00"]],"thu":[["09:00","17:00"]],"fri":[["09:00","17:00"]]},"exceptions":[{"date":"2027-02-02","hours":[],"name":"forgotten"}]},
 {"id":"never","tz":"UTC","weekly":{},"exceptions":[]}],
 "stories":[{"id":"R","clock":{"kind":"duration","calendar":"c","targets":{"P1":120,"P2":480,"P3":960},"priority":"P2",
 "pause_reasons":["waiting_firm","firm_hold"],"at_risk_pct":[75]},"events":[`

func tell(t *testing.T, events, rest string) map[string]json.RawMessage {
	t.Helper()
	text := rulesHead + events + `]` + rest + `}]}`
	for day := 1; day <= 12; day++ { // "01T09:00:00Z" is short for that day of February 2027
		text = strings.ReplaceAll(text, fmt.Sprintf(`"%02dT`, day), fmt.Sprintf(`"2027-02-%02dT`, day))
	}
	var f StoryFile
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	results, err := f.Replay()
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Got
}

func TestRules(t *testing.T) {
	t.Parallel()
	const start = `{"do":"start","at":"01T09:00:00Z"}` // P2: due Monday 17:00, a closing instant
	for name, c := range map[string]struct {
		events, rest string
		key, want    string
	}{
		"completed exactly at the due instant is met": {
			events: start + `,{"do":"complete","at":"01T17:00:00Z"}`,
			key:    "cycles", want: `"outcome":"met"`},
		"one minute after closing on the due day is breached without overrun": {
			events: start + `,{"do":"complete","at":"01T17:01:00Z"}`,
			key:    "cycles", want: `"breached_at":"2027-02-01T17:00:00Z","completed_at":"2027-02-01T17:01:00Z","consumed_minutes":480,"due_at":"2027-02-01T17:00:00Z","n":1,"outcome":"breached","overrun_minutes":0`},
		"a pause at the due instant comes first, and resuming is due at once": {
			events: start + `,{"do":"pause","reason":"waiting_firm","at":"01T17:00:00Z"},{"do":"resume","reason":"waiting_firm","at":"02T11:00:00Z"}`,
			rest:   `,"probes":["02T10:00:00Z","02T11:00:00Z","02T11:00:01Z"]`,
			key:    "probes", want: `"breached":false,"consumed_minutes":480,"cycle":1,"due_at":"2027-02-02T11:00:00Z","state":"running"`},
		"resuming after hours with nothing left is due at the next opening": {
			events: start + `,{"do":"pause","reason":"waiting_firm","at":"01T17:00:00Z"},{"do":"resume","reason":"waiting_firm","at":"02T20:00:00Z"}`,
			rest:   `,"probes":["02T21:00:00Z"]`,
			key:    "probes", want: `"due_at":"2027-02-03T09:00:00Z"`},
		"completed while paused with nothing left is met": {
			events: start + `,{"do":"pause","reason":"waiting_firm","at":"01T17:00:00Z"},{"do":"complete","at":"05T20:00:00Z"}`,
			key:    "cycles", want: `"due_at":null,"n":1,"outcome":"met"`},
		"a warning at the instant of completion is not given": {
			events: start + `,{"do":"complete","at":"01T15:00:00Z"}`,
			key:    "emitted", want: `[]`},
		"internal waiting never stops a clock": {
			events: start + `,{"do":"pause","reason":"waiting_internal","at":"01T10:00:00Z"},{"do":"complete","at":"01T12:00:00Z"}`,
			key:    "cycles", want: `"consumed_minutes":180`},
		"a reason that the target does not allow stops nothing": {
			events: start + `,{"do":"pause","reason":"force_majeure","at":"01T10:00:00Z"},{"do":"complete","at":"01T12:00:00Z"}`,
			key:    "cycles", want: `"consumed_minutes":180`},
		"the same reason twice is one": {
			events: start + `,{"do":"pause","reason":"firm_hold","at":"01T10:00:00Z"},{"do":"pause","reason":"firm_hold","at":"01T11:00:00Z"},{"do":"resume","reason":"firm_hold","at":"01T12:00:00Z"},{"do":"complete","at":"01T13:00:00Z"}`,
			key:    "cycles", want: `"consumed_minutes":120`},
		"after a breach a pause changes neither outcome nor instant": {
			events: start + `,{"do":"pause","reason":"firm_hold","at":"02T10:00:00Z"},{"do":"resume","reason":"firm_hold","at":"02T12:00:00Z"},{"do":"complete","at":"02T13:00:00Z"}`,
			key:    "cycles", want: `"breached_at":"2027-02-01T17:00:00Z","completed_at":"2027-02-02T13:00:00Z","consumed_minutes":600,"due_at":"2027-02-01T17:00:00Z","n":1,"outcome":"breached","overrun_minutes":120`},
		"after a breach a priority change changes nothing": {
			events: start + `,{"do":"priority","to":"P3","at":"02T10:00:00Z"},{"do":"complete","at":"02T11:00:00Z"}`,
			key:    "cycles", want: `"due_at":"2027-02-01T17:00:00Z","n":1,"outcome":"breached","overrun_minutes":120,"state":"completed","target_minutes":480`},
		"cancelled before due": {
			events: start + `,{"do":"cancel","at":"01T10:00:00Z"}`,
			key:    "cycles", want: `"outcome":"cancelled","overrun_minutes":0,"state":"completed"`},
		"cancelled after a breach stays breached": {
			events: start + `,{"do":"cancel","at":"02T10:00:00Z"}`,
			key:    "cycles", want: `"outcome":"breached","overrun_minutes":60`},
		"a waived breach is waived": {
			events: start + `,{"do":"complete","at":"02T10:00:00Z"},{"do":"waive","at":"02T12:00:00Z"}`,
			key:    "cycles", want: `"outcome":"waived"`},
		"the firm's change begins a new cycle and the old outcome stands": {
			events: start + `,{"do":"complete","at":"01T12:00:00Z"},{"do":"reopen","cause":"firm_change","at":"02T09:00:00Z"},{"do":"complete","at":"03T10:00:00Z"}`,
			key:    "cycles", want: `"outcome":"met","overrun_minutes":0,"state":"completed","target_minutes":480},{"breached_at":"2027-02-02T17:00:00Z","completed_at":"2027-02-03T10:00:00Z","consumed_minutes":540,"due_at":"2027-02-02T17:00:00Z","n":2,"outcome":"breached"`},
		"the bureau's error after the window begins a new cycle": {
			events: start + `,{"do":"complete","at":"01T12:00:00Z"},{"do":"reopen","cause":"bureau_error","at":"2027-02-15T17:00:01Z"}`,
			key:    "cycles", want: `"n":2`},
		"the bureau's error at the last close continues the cycle": {
			events: start + `,{"do":"complete","at":"01T12:00:00Z"},{"do":"reopen","cause":"bureau_error","at":"2027-02-15T17:00:00Z"},{"do":"complete","at":"2027-02-16T10:00:00Z"}`,
			key:    "cycles", want: `[{"breached_at":null,"completed_at":"2027-02-16T10:00:00Z","consumed_minutes":240,"due_at":"2027-02-16T14:00:00Z","n":1,"outcome":"met"`},
		"a breach stays when the cycle is reopened": {
			events: start + `,{"do":"complete","at":"02T10:00:00Z"},{"do":"reopen","cause":"bureau_error","at":"03T09:00:00Z"},{"do":"complete","at":"03T10:00:00Z"}`,
			key:    "cycles", want: `"consumed_minutes":600,"due_at":"2027-02-01T17:00:00Z","n":1,"outcome":"breached","overrun_minutes":120`},
		"lowered priority gives the longer target": {
			events: start + `,{"do":"priority","to":"P3","at":"01T10:00:00Z"},{"do":"complete","at":"02T17:00:00Z"}`,
			key:    "cycles", want: `"due_at":"2027-02-02T17:00:00Z","n":1,"outcome":"met"`},
		"a warning is given once though the target grows": {
			events: start + `,{"do":"priority","to":"P3","at":"01T16:00:00Z"},{"do":"complete","at":"02T17:00:00Z"}`,
			key:    "emitted", want: `[{"at":"2027-02-01T15:00:00Z","cycle":1,"pct":75,"type":"at_risk"}]`},
		"the design's example of grace": { // P2 480, consumed 200, raised to P1 120: target 230
			events: start + `,{"do":"priority","to":"P1","at":"01T12:20:00Z"},{"do":"complete","at":"01T12:30:00Z"}`,
			key:    "cycles", want: `"due_at":"2027-02-01T12:50:00Z","n":1,"outcome":"met","overrun_minutes":0,"state":"completed","target_minutes":230`},
		"a warning passed by an edit is given at the edit, also at night": {
			events: start + `,{"do":"pause","reason":"firm_hold","at":"01T13:00:00Z"},{"do":"priority","to":"P1","at":"01T22:00:00Z"},{"do":"complete","at":"01T23:00:00Z"}`,
			key:    "emitted", want: `[{"at":"2027-02-01T22:00:00Z","cycle":1,"pct":75,"type":"at_risk"}]`},
		"forward: what was used stays as measured, from now the new calendar counts": {
			events: start + `,{"do":"rebase_forward","calendar":"holiday","targets":{"P2":600},"at":"01T13:00:00Z"},{"do":"complete","at":"03T10:00:00Z"}`,
			key:    "cycles", want: `"consumed_minutes":540,"due_at":"2027-02-03T11:00:00Z","n":1,"outcome":"met"`},
		"forward to a shorter target leaves the grace": {
			events: start + `,{"do":"rebase_forward","targets":{"P2":100},"at":"01T13:00:00Z"},{"do":"complete","at":"01T13:05:00Z"}`,
			key:    "cycles", want: `"target_minutes":265`},
		"correct: a forgotten holiday voids the breach": {
			events: `{"do":"start","at":"01T13:00:00Z"},{"do":"sweep","at":"02T16:00:00Z"},{"do":"rebase_correct","calendar":"holiday","at":"03T08:00:00Z"},{"do":"complete","at":"03T12:00:00Z"}`,
			key:    "voided_at", want: `"2027-02-03T08:00:00Z"`},
		"correct: the outcome is that of the corrected calendar": {
			events: `{"do":"start","at":"01T13:00:00Z"},{"do":"sweep","at":"02T16:00:00Z"},{"do":"rebase_correct","calendar":"holiday","at":"03T08:00:00Z"},{"do":"complete","at":"03T12:00:00Z"}`,
			key:    "cycles", want: `"breached_at":null,"completed_at":"2027-02-03T12:00:00Z","consumed_minutes":420,"due_at":"2027-02-03T13:00:00Z","n":1,"outcome":"met"`},
		"a system's earlier receipt voids a breach": {
			events: start + `,{"do":"sweep","at":"01T18:00:00Z"},{"do":"complete","at":"01T16:59:00Z","recorded_at":"02T08:00:00Z","source":"hub"}`,
			key:    "voided_at", want: `"2027-02-02T08:00:00Z"`},
		"a voided breach was detected all the same": {
			events: start + `,{"do":"sweep","at":"01T18:00:00Z"},{"do":"complete","at":"01T16:59:00Z","recorded_at":"02T08:00:00Z","source":"hub"}`,
			key:    "detected", want: `[{"at":"2027-02-01T17:00:00Z","detected_at":"2027-02-01T18:00:00Z"}]`},
		"a receipt that comes before any sweep leaves no breach": {
			events: start + `,{"do":"complete","at":"01T16:59:00Z","recorded_at":"02T08:00:00Z","source":"hub"}`,
			key:    "detected", want: `[]`},
		"a person does not date back": {
			events: start + `,{"do":"sweep","at":"01T18:00:00Z"},{"do":"complete","at":"01T16:59:00Z","recorded_at":"02T10:00:00Z","source":"person"}`,
			key:    "cycles", want: `"outcome":"breached","overrun_minutes":60`},
		"a sweep exactly at the due instant does not see a breach": {
			events: start + `,{"do":"sweep","at":"01T17:00:00Z"},{"do":"sweep","at":"01T17:00:01Z"}`,
			key:    "detected", want: `[{"at":"2027-02-01T17:00:00Z","detected_at":"2027-02-01T17:00:01Z"}]`},
		"an open clock is told as of the given instant": {
			events: start, rest: `,"as_of":"2027-02-02T12:00:00Z"`,
			key: "cycles", want: `"consumed_minutes":660,"due_at":"2027-02-01T17:00:00Z","n":1,"outcome":"breached","overrun_minutes":180,"state":"running"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := normal(t, tell(t, c.events, c.rest)[c.key])
			if !strings.Contains(got, c.want) {
				t.Errorf("%s: %s\n   want %s", c.key, got, c.want)
			}
		})
	}
}

func TestMonthlyDeadlines(t *testing.T) {
	t.Parallel()
	const head = `{"calendars":[{"id":"c","tz":"UTC","weekly":{"mon":[["09:00","17:00"]],"tue":[["09:00","17:00"]],"wed":[["09:00","17:00"]],"thu":[["09:00","17:00"]],"fri":[["09:00","17:00"]]},"exceptions":[]}],
	"stories":[{"id":"M","clock":{"kind":"monthly","calendar":"c","year":2027,"month":2,"nth":5,"input_nth":2,"cap_bdays":2,"cutoff":"12:00","receipt_cutoff":null,"warn_minutes_before":60},"events":[`
	for name, c := range map[string]struct{ events, asOf, want string }{
		"input in time": {`{"do":"input_received","at":"2027-02-02T16:59:00Z"},{"do":"complete","at":"2027-02-05T12:00:00Z"}`, "",
			`{"breached_at":null,"due_at":"2027-02-05T12:00:00Z","due_date":"2027-02-05","extension_bdays":0,"outcome":"met","warn_at":"2027-02-05T11:00:00Z"}`},
		"input after closing is the next day's": {`{"do":"input_received","at":"2027-02-02T17:00:00Z"}`, "2027-02-20T00:00:00Z",
			`{"breached_at":"2027-02-08T12:00:00Z","due_at":"2027-02-08T12:00:00Z","due_date":"2027-02-08","extension_bdays":1,"outcome":"breached","warn_at":"2027-02-08T11:00:00Z"}`},
		"no input yet counts as if it came now": {``, "2027-02-03T10:00:00Z",
			`{"breached_at":null,"due_at":"2027-02-08T12:00:00Z","due_date":"2027-02-08","extension_bdays":1,"outcome":"open","warn_at":"2027-02-08T11:00:00Z"}`},
		"never more than the cap": {`{"do":"input_received","at":"2027-02-12T10:00:00Z"}`, "2027-02-12T11:00:00Z",
			`{"breached_at":"2027-02-09T12:00:00Z","due_at":"2027-02-09T12:00:00Z","due_date":"2027-02-09","extension_bdays":2,"outcome":"breached","warn_at":"2027-02-09T11:00:00Z"}`},
		"done without input": {`{"do":"complete","at":"2027-02-01T12:00:00Z"}`, "2027-02-28T00:00:00Z",
			`{"breached_at":null,"due_at":"2027-02-05T12:00:00Z","due_date":"2027-02-05","extension_bdays":0,"outcome":"met","warn_at":"2027-02-05T11:00:00Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := head + c.events + `]`
			if c.asOf != "" {
				text += `,"as_of":"` + c.asOf + `"`
			}
			var f StoryFile
			if err := json.Unmarshal([]byte(text+`}]}`), &f); err != nil {
				t.Fatal(err)
			}
			results, err := f.Replay()
			if err != nil {
				t.Fatal(err)
			}
			if got := normal(t, results[0].Got); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestReplayNamesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for edit, want := range map[string]string{
		`"kind":"duration"|"kind":"forever"`:      `"forever" is not a kind of clock`,
		`"calendar":"c"|"calendar":"x"`:           `there is no calendar "x"`,
		`"priority":"P2"|"priority":"P4"`:         `no target for P4`,
		`"do":"start"|"do":"begin"`:               `"begin" does not happen to a clock`,
		`"do":"start"|"do":"pause"`:               `names its reason`,
		`"do":"start"|"do":"priority","to":"P4"`:  `no target for P4`,
		`"tz":"UTC"|"tz":"Mars"`:                  `calendar "c": tz`,
		`"targets":{"P1":120|"targets":{"P1":-1,`: ``,
	} {
		from, to, _ := strings.Cut(edit, "|")
		text := strings.Replace(rulesHead+`{"do":"start","at":"2027-02-01T09:00:00Z"}]}]}`, from, to, 1)
		var f StoryFile
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			continue // the JSON itself refuses
		}
		if _, err := f.Replay(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", edit, err, want)
		}
	}
}

func TestStoryWithoutBusinessTimeSaysSo(t *testing.T) {
	t.Parallel()
	text := strings.Replace(rulesHead, `"calendar":"c"`, `"calendar":"never"`, 1) + `{"do":"start","at":"2027-02-01T09:00:00Z"}]}]}`
	var f StoryFile
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	results, err := f.Replay()
	if err != nil || normal(t, results[0].Got) != `{"error":"no_business_time"}` {
		t.Errorf("got %v %v", results, err)
	}
}
