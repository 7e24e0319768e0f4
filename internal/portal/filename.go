package portal

import (
	"strconv"
	"strings"
)

// Named is what a file's name can be made of.
type Named struct {
	Number  string // the invoice's, as the receiver reads it
	Client  string
	Matter  string
	Date    string // of the invoice, as 2026-11-30
	Version int    // of the submission, from 1
}

// fields of a pattern, each with what it stands for.
var fields = []string{"{number}", "{client}", "{matter}", "{date}", "{version}"}

// FileNameOf is the name of the file of one version. A receiver refuses a name that it had
// before, so where the pattern does not tell versions apart, a later one has its number
// behind the name.
func (s Settings) FileNameOf(n Named) string {
	name := strings.NewReplacer("{number}", n.Number, "{client}", n.Client, "{matter}", n.Matter, "{date}", strings.ReplaceAll(n.Date, "-", ""), "{version}", strconv.Itoa(n.Version)).Replace(s.FileName)
	if n.Version > 1 && !strings.Contains(s.FileName, "{version}") {
		name += "-" + strconv.Itoa(n.Version)
	}
	return safe(name) + "." + s.Extension
}

// safe is a name for a header and a disk: letters, digits, hyphen, underscore and point.
func safe(name string) string {
	return strings.Map(func(c rune) rune {
		if c == '.' || c == '_' || letterOrDigit(c) {
			return c
		}
		return '-'
	}, name)
}

func letterOrDigit(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// patternFault says what is wrong with a pattern, "" for a good one.
func patternFault(pattern string) string {
	rest := pattern
	for _, f := range fields {
		rest = strings.ReplaceAll(rest, f, "")
	}
	switch {
	case pattern == "" || len(pattern) > 80:
		return "enter a pattern of 1 to 80 characters, such as {number}-{version}"
	case strings.ContainsAny(rest, "{}"):
		return "the fields are " + strings.Join(fields, ", ")
	case !strings.Contains(pattern, "{number}"):
		return "a pattern without {number} names the files of several invoices alike"
	case safe(rest) != rest:
		return "beside the fields write letters, digits, hyphen, underscore and point"
	}
	return ""
}

// nth is the count behind a letter: nothing for the first.
func nth(n int) string {
	if n < 2 {
		return ""
	}
	return strconv.Itoa(n)
}
