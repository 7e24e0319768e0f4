package letter

import (
	"strings"
	"testing"
)

// Only who can refuse a recovery is asked to, and the link leads there.
func TestLettersOfARecovery(t *testing.T) {
	t.Parallel()
	const firm = "0197c1a0-0000-7000-8000-000000000001"
	for kind, refuses := range map[Kind]bool{RecoveryOf: true, RecoveryNear: false} {
		subject, l := kind.letter("Ines Carvalho", "Hale Brandt", "https://billing.larkspur.example/", firm, "")
		text := strings.Join(l.Paragraphs, " ")
		if !strings.Contains(subject, "Hale Brandt") {
			t.Errorf("%s: subject %q", kind, subject)
		}
		if there := strings.HasSuffix(l.Link, "/firms/"+firm+"/people/recoveries"); there != refuses || strings.Contains(text, ", refuse it now") != refuses {
			t.Errorf("%s leads to %s and says %q", kind, l.Link, text)
		}
	}
}

// A partner's letter about reminders leads to what waits, whatever its day.
func TestLettersAboutReminders(t *testing.T) {
	t.Parallel()
	const firm = "0197c1a0-0000-7000-8000-000000000001"
	subject, l := RemindersWait("2026-03-13").letter("Rosalind Vane", "Hale Brandt", "https://billing.larkspur.example/", firm, "")
	if !strings.HasSuffix(l.Link, "/firms/"+firm+"/reminders") || !strings.Contains(subject, "Hale Brandt") || len(RemindersWait("2026-03-13")) > 40 {
		t.Errorf("%q leads to %s", subject, l.Link)
	}
}
