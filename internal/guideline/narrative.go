package guideline

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/money"
)

// Rules about how a narrative is written.
var narrativeChecks = []check{
	{"NAR-01", InNarrative | InHours, blockBilling},
	{"NAR-02", InNarrative, vagueNarrative},
	{"NAR-03", InNarrative, emptyNarrative},
	{"NAR-04", InNarrative, noCounterparty},
	{"NAR-05", InNarrative, tooLong},
	{"NAR-06", InNarrative, forbiddenCharacters},
	{"NAR-08", InNarrative, restrictedTerm},
	{"NAR-11", InNarrative | InActivity, codeAndVerb},
}

// blockBillingOver is the amount of time that may hold several small tasks.
const blockBillingOver money.Fixed4 = 5_000

func blockBilling(j *job) {
	tasks := j.text.tasks()
	if j.Hours <= blockBillingOver || (len(tasks) < 2 && len(j.text.times) == 0) {
		return
	}
	fact := fmt.Sprintf("%s tasks share one amount of %s h.", count(len(tasks)), j.Hours)
	if len(j.text.times) > 0 {
		fact = fmt.Sprintf("The narrative states times of its own (%s h) inside one amount of %s h.", strings.Join(j.text.times, ", "), j.Hours)
	}
	var names []string
	for _, a := range tasks {
		names = append(names, a.name)
	}
	j.report(remark{
		field: "narrative", observed: strings.Join(names, "; "), expected: "one task",
		params: "over_hours=" + blockBillingOver.String() + " share=" + j.policy.BlockShare.String(),
		fact:   fact, ask: "each task is its own entry",
		so:     "Payors and courts cut such lines by 10 to 35 percent.",
		fix:    "Split into one line per task; the hours of each come from the timekeeper",
		atRisk: j.share(j.policy.BlockShare),
	})
}

func vagueNarrative(j *job) {
	if len(j.text.words) == 0 {
		return // NAR-03 says so
	}
	found := j.text.found[vague]
	fact := ""
	switch {
	case len(j.text.words) < 4:
		fact = fmt.Sprintf("The narrative has %s.", plural(len(j.text.words), "word", "words"))
	case utf8.RuneCountInString(j.text.folded) < 20:
		fact = fmt.Sprintf("The narrative has %d characters.", utf8.RuneCountInString(j.text.folded))
	case len(found) > 0 && !j.text.subject(found):
		fact = "The narrative says " + terms(found) + " and names no subject."
	default:
		return
	}
	j.report(remark{
		field: "narrative", observed: j.text.folded, expected: "what was done, on what, for which issue", params: "min_words=4 min_characters=20",
		fact: fact, ask: "a narrative says what was done and on what",
		fix: "Name the document, issue or person the time went to", atRisk: j.share(j.policy.BlockShare),
	})
}

func emptyNarrative(j *job) {
	if len(j.text.words) > 0 {
		return
	}
	j.report(remark{
		field: "narrative", observed: j.text.folded, expected: "a narrative",
		fact: "The line has no narrative.", ask: "every line says what it is for",
		fix: "Write what was done", atRisk: j.ValueMinor,
	})
}

func noCounterparty(j *job) {
	if !j.text.conversation(j.Activity) || j.text.names() || j.text.topic() {
		return
	}
	j.report(remark{
		field: "narrative", observed: j.text.folded, expected: "with whom and about what",
		fact: "A conversation is billed without a party or a subject.", ask: "calls, meetings and messages name the other side and the subject",
		fix: "Add with whom and about what", atRisk: j.share(j.policy.BlockShare),
	})
}

// conversation tells whether the line bills one: a clause begins with it, or the
// code says so and the words do not contradict.
func (t *text) conversation(activity string) bool {
	for _, a := range t.leads {
		if a.code != "" && conversation(a.code) {
			return true
		}
	}
	if activity < "A105" || activity > "A108" {
		return false
	}
	for _, w := range t.words {
		if talkWords[w.low] {
			return true
		}
	}
	return false
}

func tooLong(j *job) {
	size, limit, unit := len(j.Narrative), j.policy.MaxBytes, "bytes"
	if n := utf8.RuneCountInString(j.Narrative); j.policy.MaxRunes > 0 && n > j.policy.MaxRunes {
		size, limit, unit = n, j.policy.MaxRunes, "characters"
	}
	if size <= limit {
		return
	}
	j.report(remark{
		field: "narrative", observed: fmt.Sprintf("%d %s", size, unit), expected: fmt.Sprintf("at most %d %s", limit, unit), params: fmt.Sprintf("max_%s=%d", unit, limit),
		fact: fmt.Sprintf("The narrative has %d %s, the receiver takes %d.", size, unit, limit), ask: "the narrative fits the receiver's file",
		so: "The receiver refuses the file.", fix: "Shorten the narrative, or split the line", atRisk: j.ValueMinor,
	})
}

func forbiddenCharacters(j *job) {
	bad := forbidden(j.Narrative)
	if len(bad) == 0 {
		return
	}
	j.report(remark{
		field: "narrative", observed: strings.Join(bad, " "), expected: "printable ASCII without | and []",
		fact: "The narrative holds " + strings.Join(bad, ", ") + ".", ask: "a flat file takes printable ASCII without | and []",
		so: "The file gets plain characters; the narrative stays as it is.", fix: "Replaced in the file only: | by /, line breaks and tabs by a blank, letters by their ASCII form",
	})
}

// forbidden names the characters a flat file cannot carry, each once.
func forbidden(s string) (bad []string) {
	seen := map[string]bool{}
	note := func(name string) {
		if !seen[name] && len(bad) < 8 {
			seen[name] = true
			bad = append(bad, name)
		}
	}
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r':
			note("line break")
		case r == '\t':
			note("tab")
		case r < ' ' || r == 0x7f:
			note("control character")
		case r == '|':
			note("|")
		case r > 0x7e:
			note(string(r))
		}
	}
	if strings.Contains(s, "[]") {
		note("[]")
	}
	return bad
}

func restrictedTerm(j *job) {
	found := j.text.found[restricted]
	hits := append(j.policy.forbids(j.text), terms(found))
	if len(found) == 0 {
		hits = hits[:len(hits)-1]
	}
	if len(hits) == 0 {
		return
	}
	list := strings.Join(hits, ", ")
	j.report(remark{
		field: "narrative", observed: list, expected: "none of the restricted terms",
		fact: "The narrative says " + list + ".", ask: "the client does not pay for these words",
		fix: "Say what was done instead", atRisk: j.share(j.policy.BlockShare),
	})
}

// codeAndVerb stays silent when any clause agrees with the code: a line of several
// tasks is block billing, not a wrong code.
func codeAndVerb(j *job) {
	if j.Activity == "" || len(j.text.clauses) == 0 {
		return
	}
	first := j.text.leads[0]
	if !first.sure || j.attendedTalk(first) || j.answered(first) || j.Activity == "A116" && len(j.text.found[training]) > 0 {
		return
	}
	for _, a := range j.text.leads {
		if a.code == j.Activity {
			return
		}
	}
	j.report(remark{
		field: "activity_code", observed: j.Activity, expected: first.code,
		fact: fmt.Sprintf("The narrative begins with “%s”, the activity code is %s.", first.name, j.Activity), ask: "code and narrative agree",
		fix: "Set the activity code to " + first.code, proposal: &Proposal{Field: "activity_code", Value: first.code},
	})
}

// attendedTalk holds for "attend meeting": a conversation as well as an appearance.
func (j *job) attendedTalk(first act) bool {
	if first.code != "A109" || !conversation(j.Activity) {
		return false
	}
	for _, w := range j.text.words {
		if talkWords[w.low] {
			return true
		}
	}
	return false
}

// answered holds for "review and respond to emails": reading comes before writing back.
func (j *job) answered(first act) bool {
	if first.code != "A104" || !conversation(j.Activity) {
		return false
	}
	back, talks := false, false
	for _, w := range j.text.words {
		back = back || answers[w.low]
		talks = talks || talkWords[w.low]
	}
	return back && talks
}

var answers = set("respond responded responding reply replied replying answer answered answering")
