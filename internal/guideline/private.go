package guideline

import (
	"regexp"
	"strings"

	"github.com/docketry/docketry/internal/utbms"
)

// Rules about what a narrative must not tell its readers.
var privateChecks = []check{
	{"NAR-09", InNarrative, privateContent},
	{"NAR-10", InNarrative | InClient | InMatter | InNames, otherNamed},
}

// privatePatterns are what stays inside the privilege, by kind. They are narrow on
// purpose: "medical records" is a document, a diagnosis is health data.
var privatePatterns = []struct {
	what string
	find *regexp.Regexp
}{
	{"an account or identity number", regexp.MustCompile(`(?i)\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b|\b\d{3}-\d{2}-\d{4}\b|\b(?:\d{4}[ -]){3}\d{4}\b|\b(?:account|acct|passport|licen[cs]e|social security) (?:no\.?|number|#) ?[A-Z0-9-]{4,}`)},
	{"health data", regexp.MustCompile(`(?i)\b(?:diagnos(?:is|ed|es) (?:of|with)|hiv|chemotherapy|pregnan(?:t|cy)|psychiatric (?:history|treatment|care)|mental (?:health|illness)|substance abuse|suicid(?:e|al)|overdose|addiction|rehab)\b`)},
	{"a minor", regexp.MustCompile(`(?i)\bminor(?:'s|’s)? (?:child(?:ren)?|son|daughter|plaintiff|claimant)\b|\b(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)[ -]year[ -]old\b|\baged (?:\d|1[0-7])\b`)},
	{"strategy", regexp.MustCompile(`(?i)\b(?:bottom line|walk[ -]?away (?:figure|number|price|point)|settlement (?:authority|strategy|range|value)|(?:trial|litigation|negotiat(?:ion|ing)|case) strategy|weakness(?:es)? (?:of|in)|likelihood of (?:success|prevailing|liability)|exposure (?:analysis|estimate)|reserve (?:recommendation|analysis)|attorney[- ]client privileged?|work product)\b`)},
}

func privateContent(j *job) {
	if !j.policy.OutsideReaders {
		return
	}
	var what, hits []string
	redacted := j.Narrative
	for _, p := range privatePatterns {
		found := p.find.FindAllString(redacted, -1)
		if len(found) == 0 {
			continue
		}
		what = append(what, p.what)
		for _, f := range found {
			hits = append(hits, "“"+f+"”")
		}
		redacted = p.find.ReplaceAllString(redacted, "[redacted]")
	}
	if len(hits) == 0 {
		return
	}
	j.report(remark{
		field: "narrative", observed: strings.Join(hits, ", "), expected: "nothing that is privileged or personal", params: "outside_readers=true",
		fact: "The narrative tells of " + strings.Join(what, ", ") + " (" + strings.Join(hits, ", ") + ").", ask: "readers outside the privilege see neither strategy nor personal data",
		so: "What is sent once cannot be taken back.", fix: "Bill the redacted narrative", proposal: &Proposal{Field: "narrative", Value: redacted},
	})
}

// Named is a client or a matter by its name; Matter is "" for a client.
type Named struct{ Client, Matter, Name string }

// Names are the firm's clients and matters, to find in narratives. Read-only once
// made, so goroutines may share it.
type Names struct{ byFirst map[string][]*called }

type called struct {
	Named
	words []word
	low   string
}

// companyForms say nothing about whose name it is.
var companyForms = set("inc llc llp ltd limited gmbh corp corporation company co plc ag sa bv nv lp pllc pty srl spa kg se the")

// NewNames indexes names of at least four letters, without their company form.
func NewNames(list []Named) *Names {
	n := &Names{byFirst: map[string][]*called{}}
	for _, x := range list {
		ws := scan(x.Name).words
		for len(ws) > 0 && companyForms[ws[len(ws)-1].low] {
			ws = ws[:len(ws)-1]
		}
		for len(ws) > 0 && companyForms[ws[0].low] {
			ws = ws[1:]
		}
		low := lowOf(ws)
		if len(strings.ReplaceAll(low, " ", "")) < 4 {
			continue
		}
		n.byFirst[possessed(ws[0].low)] = append(n.byFirst[possessed(ws[0].low)], &called{x, ws, low})
	}
	return n
}

func lowOf(ws []word) string {
	low := make([]string, len(ws))
	for i, w := range ws {
		low[i] = possessed(w.low)
	}
	return strings.Join(low, " ")
}

func possessed(low string) string { return strings.TrimSuffix(low, "'s") }

// stands tells whether the name stands at word i, written as a name. A single word
// at the start of a sentence tells nothing by its capital.
func (c *called) stands(t *text, i int) bool {
	if i+len(c.words) > len(t.words) {
		return false
	}
	for k, w := range c.words {
		at := t.words[i+k]
		if possessed(at.low) != possessed(w.low) || w.capital && !at.capital && !t.shouted {
			return false
		}
	}
	if len(c.words) > 1 {
		return true
	}
	return t.words[i].capital && !t.words[i].starts && !t.shouted
}

func otherNamed(j *job) {
	own := " "
	var hits []*called
	var where []string
	for i, w := range j.text.words {
		for _, c := range j.Names.byFirst[possessed(w.low)] {
			if !c.stands(j.text, i) {
				continue
			}
			if c.Client == j.Client && (c.Matter == "" || c.Matter == j.Matter) {
				own += c.low + " "
				continue
			}
			hits, where = append(hits, c), append(where, "“"+lowOf(j.text.words[i:i+len(c.words)])+"”")
		}
	}
	for i, c := range hits {
		if strings.Contains(own, " "+c.low+" ") {
			continue // its own client or matter is called so too
		}
		j.report(remark{
			field: "narrative", observed: where[i], expected: "no other client or matter",
			fact: "The narrative names " + where[i] + ", which is another client or matter of the firm.", ask: "a narrative names nobody that the firm works for elsewhere",
			so: "The client would learn of work for somebody else.", fix: "Take the name out, or move the line to the right matter", atRisk: j.ValueMinor,
		})
		return
	}
}

// isEvent tells whether the line bills being somewhere with others.
func isEvent(activity string, t *text) bool {
	for _, a := range t.leads {
		if a.code == "A109" || a.code != "" && conversation(a.code) {
			return true
		}
	}
	code := utbms.Clean(activity)
	return len(t.leads) > 0 && t.leads[0].code == "" && code >= "A105" && code <= "A109"
}
