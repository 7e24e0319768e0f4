package format

import "strings"

// Nouns of the audit log's codes that are no words as they stand.
var nouns = map[string]string{
	"prebill": "pre-bill", "sso": "single sign-on", "sla": "service level", "factor": "second factor", "firm_key": "firm's key", "reads": "reading",
}

// Act is a code of the audit log as words: "Pre-bill approved" for prebill.approved.
func Act(code string) string {
	noun, verb, _ := strings.Cut(code, ".")
	if words := nouns[noun]; words != "" {
		noun = words
	}
	s := strings.NewReplacer("_", " ", ".", " ").Replace(strings.TrimSpace(noun + " " + verb))
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
