package guideline

import (
	"regexp"
	"strings"
)

// What the compiler of conditions says, and what a lawyer who writes a rule understands
// of it. The line and the caret that it draws below stay.
var (
	noOverload = regexp.MustCompile(`found no matching overload for '([^']+)' applied to '([^']*)'`)
	noSuchName = regexp.MustCompile(`undeclared reference to '([^']+)'(?: \(in container '[^']*'\))?`)
	wrongKind  = regexp.MustCompile(`expected type '([^']+)' but found '([^']+)'`)
	tooEarly   = regexp.MustCompile(`Syntax error: \w+ input '<EOF>'.*`)
	unexpected = regexp.MustCompile(`Syntax error: \w+ input ('.+?')(?: expecting .*)?(\n|$)`)

	kindOfValue = strings.NewReplacer("docketry.Narrative", "the narrative", "list(string)", "a list of texts", "list(int)", "a list of numbers",
		"list(", "a list (", "map(", "a map (", "string", "a text", "int", "a number", "double", "a number with a point", "uint", "a number", "bool", "true or false", "null_type", "nothing")
	signs = strings.NewReplacer("_?_:_", "? :", "@in", "in", "_[_]", "[ ]", "_", " ")
)

// inWords tells in words what the compiler says.
func inWords(text string) string {
	text = strings.ReplaceAll(text, "ERROR: <input>:", "line ")
	text = noOverload.ReplaceAllStringFunc(text, func(said string) string {
		m := noOverload.FindStringSubmatch(said)
		name, given := m[1], strings.TrimSuffix(m[2], ")")
		if strings.ContainsAny(name, "_@") && !strings.ContainsAny(name, "abcdefghjklmopqrstuvwxyz") {
			name = strings.TrimSpace(signs.Replace(name))
		}
		given = strings.NewReplacer(".(", ", ", ", ", ", ").Replace(strings.TrimPrefix(given, "("))
		kinds := strings.Split(given, ", ")
		for i := range kinds {
			kinds[i] = kindOfValue.Replace(kinds[i])
		}
		return name + " cannot be used with " + strings.Join(kinds, " and ")
	})
	text = wrongKind.ReplaceAllStringFunc(text, func(said string) string {
		m := wrongKind.FindStringSubmatch(said)
		return "this is " + kindOfValue.Replace(m[2]) + "; here it has to be " + kindOfValue.Replace(m[1])
	})
	text = tooEarly.ReplaceAllString(text, "the condition ends too early")
	text = unexpected.ReplaceAllString(text, "$1 is not expected here$2")
	return noSuchName.ReplaceAllString(text, "there is no $1 that a rule can ask for")
}
