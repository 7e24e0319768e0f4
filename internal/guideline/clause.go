package guideline

import "strings"

// moreVerbs are phrases the shipped lexicon lacks: most mean one activity.
var moreVerbs = []struct{ kind, text string }{
	{"verb_A102", "legal research"}, {"verb_A103", "redraft"}, {"verb_A103", "prepare brief"}, {"verb_A103", "prepare letter"},
	{"verb_A103", "prepare memo"}, {"verb_A103", "prepare memorandum"}, {"verb_A103", "prepare response"}, {"verb_A103", "prepare reply"},
	{"verb_A104", "read"}, {"verb_A104", "summarize"}, {"verb_A104", "summarise"}, {"verb_A109", "depose"},
	{"verb_A112", "travel to"}, {"verb_A112", "travel from"}, {"verb_A112", "return travel"}, {"verb_A112", "drive to"}, {"verb_A112", "drive from"}, {"verb_A112", "fly to"},
	{clerical, "schedule court reporter"}, {clerical, "book court reporter"}, {billing, "edit prebill"}, {billing, "edit pre-bill"}, {billing, "revise prebill"},
	{"verb_A103", "prepare agreement"}, {"verb_A103", "prepare declaration"}, {"verb_A103", "prepare affidavit"}, {"verb_A103", "prepare complaint"},
}

// talk is the activity of a conversation whose other side is not clear: it differs
// from work at the desk, but from no other conversation.
const talk = "A105-A108"

// act is what a clause begins with.
type act struct {
	code string // activity, talk, or "" when the verb says nothing
	sure bool   // the lexicon or a plain counterparty says so
	name string // the words that say so
}

func isVerb(kind string) bool { return strings.HasPrefix(kind, verbs) }

// splitAnd cuts clauses at "and" where a verb phrase follows (LEGAL-BILLING 7).
func splitAnd(t *text) []span {
	if len(t.clauses) == 0 {
		return nil
	}
	var out []span
	for _, c := range t.clauses {
		from := c.from
		for i := c.from + 1; i+1 < c.to; i++ {
			switch {
			case t.words[i].low == "and" && lead(t.words[i+1:c.to]).code != "":
				out = append(out, span{from, i})
				from = i + 1
			case t.words[i].comma && i > from && begins(t.words[i:c.to]):
				out = append(out, span{from, i})
				from = i
			}
		}
		out = append(out, span{from, c.to})
	}
	return out
}

// begins tells whether an act surely begins with the first word, such as "draft
// memo" after a comma. A lone verb there is part of a list: "draft, edit and file".
func begins(ws []word) bool {
	m, ok := words().verb(ws, 0)
	return ok && m.at.to < len(ws) && !ws[m.at.to].comma && ws[m.at.to].low != "and"
}

// papers are what somebody prepares by writing.
var papers = set(`memo memorandum memoranda letter motion motions brief response responses reply declaration affidavit complaint answer agreement
	stipulation notice order report statement objections opposition subpoena subpoenas interrogatories requests petition application
	release contract`)

// writes tells that ws, which begins with a form of "prepare", names a paper before
// anything else is said of it.
func writes(ws []word) bool {
	for i := 1; i < min(len(ws), 5); i++ {
		switch w := ws[i].low; {
		case papers[w]:
			return true
		case w == "for", w == "to", w == "and", w == "of", w == "with", ws[i].comma:
			return false
		}
	}
	return false
}

var (
	argues = set("arguing opposing supporting addressing in") // after "brief" as a noun
	filed  = set("file files folder folders binder binders log index")
)

var prepares = set("prepare prepared preparing prepares")

// lead reads a clause's leading verb, past words such as "continue" or "telephone".
func lead(ws []word) act {
	var seen act
	if len(ws) > 1 && ws[0].low == "brief" && argues[ws[1].low] {
		return act{code: "A103", sure: true, name: "brief"}
	}
	for i := range ws {
		if m, ok := words().verb(ws, i); ok {
			return act{code: m.term.kind[len(verbs):], sure: true, name: m.term.text}
		}
		if prepares[ws[i].low] && writes(ws[i:]) {
			return act{code: "A103", sure: true, name: ws[i].low}
		}
		if talkWords[ws[i].low] && (i+1 == len(ws) || !filed[ws[i+1].low]) {
			if a := counterparty(ws[i+1:]); a.code != "" {
				a.name = ws[i].low
				return a
			}
			seen = act{code: talk, name: ws[i].low}
		}
		if !lookPast[ws[i].low] {
			break
		}
	}
	return seen
}

// counterparty tells whom a conversation was with by the first role it names.
func counterparty(ws []word) act {
	for i := 0; i < min(len(ws), 9); i++ {
		w := strings.TrimSuffix(ws[i].low, "'s")
		switch {
		case topicWords[w]:
			return act{}
		case (w == "general" || w == "in-house" || w == "inhouse") && i+1 < len(ws) && ws[i+1].low == "counsel", w == "client", w == "clients":
			return act{code: "A106", sure: true}
		case (w == "opposing" || w == "local" || w == "outside") && i+1 < len(ws) && ws[i+1].low == "counsel", w == "co-counsel":
			return act{code: "A107", sure: true}
		case w == "counsel":
			return act{code: "A107"}
		case w == "associate" || w == "associates" || w == "colleague" || w == "colleagues" || w == "paralegal":
			return act{code: "A105"}
		case partyWords[w]:
			return act{code: "A108"}
		}
	}
	return act{}
}

// tasks are the acts of all clauses that differ from each other, in order.
func (t *text) tasks() []act {
	var out []act
	for _, a := range t.leads {
		if a.code != "" && !holds(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func holds(acts []act, a act) bool {
	for _, b := range acts {
		if a.code == b.code || (a.code == talk && conversation(b.code)) || (b.code == talk && conversation(a.code)) {
			return true
		}
	}
	return false
}

func conversation(code string) bool {
	return code == talk || (code >= "A105" && code <= "A108")
}

// content tells whether a word can be the subject of a narrative.
func content(w word) bool {
	low := strings.TrimSuffix(w.low, "'s")
	return !stopWords[low] && !plainWords[low] && !talkWords[low] && !lookPast[low] && !teamWords[low]
}

// proper tells whether a word reads as a name: a capital where none is due.
func (t *text) proper(w word) bool {
	return w.capital && !w.starts && !t.shouted && !calendarWords[w.low] && content(w)
}

// names tells whether the narrative names a person, a body or a role.
func (t *text) names() bool {
	for _, w := range t.words {
		low := strings.TrimSuffix(w.low, "'s")
		if partyWords[low] || teamWords[low] || t.proper(w) {
			return true
		}
	}
	return false
}

// topic tells whether something follows "re", "regarding" or "about".
func (t *text) topic() bool {
	for i, w := range t.words {
		if !topicWords[w.low] {
			continue
		}
		for _, next := range t.words[i+1:] {
			if content(next) && !calendarWords[next.low] {
				return true
			}
		}
	}
	return false
}

// subject tells whether a content word stands outside the given matches.
func (t *text) subject(not []match) bool {
	inside := make([]bool, len(t.words))
	for _, m := range not {
		for i := m.at.from; i < m.at.to; i++ {
			inside[i] = true
		}
	}
	for i, w := range t.words {
		if !inside[i] && content(w) {
			return true
		}
	}
	return false
}
