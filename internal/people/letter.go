package people

import (
	"strings"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
)

// LetterKind is what a letter is about; stored.
type LetterKind string

// The letters that people are sent about access. None names a client, a matter or
// another person: who wants to know more signs in.
const (
	LetterAsked    LetterKind = "access_asked"    // to who decides
	LetterAnswered LetterKind = "access_answered" // to who asked
	LetterGiven    LetterKind = "access_given"    // to who now has it
	LetterSecond   LetterKind = "access_second"   // to who can confirm an administrator
	LetterSole     LetterKind = "access_sole"     // to a firm whose only administrator proposes another
	LetterGlass    LetterKind = "glass_asked"     // to a firm: the bureau asks for emergency access
	LetterGlass2   LetterKind = "glass_second"    // to the bureau's other administrators
	LetterOpen     LetterKind = "glass_open"      // to a firm: it is open now
	LetterDecided  LetterKind = "glass_decided"   // to who asked for it
	LetterEnds14   LetterKind = "access_ends_14"  // to who can extend: a grant ends within 14 days
	LetterEnds3    LetterKind = "access_ends_3"   // within 3

	// To a person about the keys they sign in with, so that they learn of what was not theirs to do.
	LetterPasskeyAdded   LetterKind = "passkey_added"
	LetterPasskeyGone    LetterKind = "passkey_removed"
	LetterPasskeyStopped LetterKind = "passkey_stopped"
	LetterLinked         LetterKind = "sso_linked"
	LetterRecovery       LetterKind = "recovery_opened"    // to whose factor is said to be lost
	LetterRecoveryOf     LetterKind = "recovery_of_person" // to who can stop it
	LetterRecovered      LetterKind = "recovery_done"
	LetterPassedBy       LetterKind = "sso_passed_by" // to a firm's administrators: one of them came in past the firm's own sign-in
)

// LetterWanted asks the worker to send one letter.
type LetterWanted struct {
	Letter ident.LetterID `json:"letter_id"`
}

// Kind is stored; never rename it.
func (LetterWanted) Kind() string { return "person.letter" }

// words is what a kind of letter says: subject, text, what the link is called.
func (k LetterKind) words(firm string) (subject, text, link string) {
	if k.reviews() {
		return "Access at " + firm + " waits for its review", "Some access at " + firm + " was given or last kept more than 90 days ago. Please look at each and keep it or end it.", "Review access"
	}
	switch k {
	case LetterAsked:
		return "A request for access waits for " + firm, "The billing bureau asks " + firm + " to give one of its people access. Nothing is given until somebody at the firm decides.", "See the request"
	case LetterAnswered:
		return firm + " has decided on a request for access", firm + " has decided on a request for access that you made.", "See the decision"
	case LetterGiven:
		return "You have access at " + firm, firm + " has given you access, until a day that you see when you sign in.", "Sign in"
	case LetterSecond:
		return "A new administrator waits for your word", "Somebody has proposed a new administrator for " + firm + ". It takes a second administrator to confirm. If you know nothing of it, refuse.", "See the proposal"
	case LetterSole:
		return "A new administrator is proposed for " + firm, "The only administrator of " + firm + " has proposed another. The bureau can confirm it after 24 hours, not before. If this should not be, tell the bureau now.", "Open Docketry"
	case LetterGlass:
		return "Emergency access to " + firm + " is asked for", "An administrator of the billing bureau asks to look at the records of " + firm + " for 60 minutes, because of an emergency. You can allow or refuse it now. If you do neither, a second administrator of the bureau can allow it; you are told at once.", "See who asks, and why"
	case LetterGlass2:
		return "Emergency access waits for a second word", "A colleague asks for emergency access to " + firm + ". Allow it only when you know why it cannot wait for the firm. The firm has been told.", "Open Docketry"
	case LetterOpen:
		return "Emergency access to " + firm + " is open", "An administrator of the billing bureau can look at the records of " + firm + " for 60 minutes from now, but change nothing and see no sealed matter. Each look is in your access log. You can end it at once.", "See it, or end it"
	case LetterDecided:
		return "Your emergency access to " + firm + " was decided on", "Your request for emergency access to " + firm + " was decided on. If it was allowed, it lasts 60 minutes.", "Open Docketry"
	case LetterEnds14, LetterEnds3:
		days := map[LetterKind]string{LetterEnds14: "14", LetterEnds3: "3"}[k]
		return "Access at " + firm + " ends within " + days + " days", "A grant to one of the billing bureau's people ends within " + days + " days. If the work goes on, extend it; if not, do nothing.", "See who has access"
	case LetterPasskeyAdded:
		return "A passkey was added to your account", "A passkey was added with which somebody signs in to Docketry as you. If it was not you, remove it, change your password and tell your administrator now.", "See your account"
	case LetterPasskeyGone:
		return "A passkey was removed from your account", "A passkey of yours was removed and no longer signs in to Docketry. If it was not you, change your password and tell your administrator now.", "See your account"
	case LetterPasskeyStopped:
		return "A passkey of yours was stopped", "A passkey was used in a way that points to a copy of it, so it no longer signs in to Docketry. Sign in another way, remove it, and tell your administrator.", "See your account"
	case LetterRecovery:
		return "Your second factor will be removed", "An administrator at " + firm + " says that you have lost your second factor. After 24 hours a second administrator can remove it. If you have lost nothing, sign in and refuse on your account page, and tell " + firm + ".", "Refuse it"
	case LetterRecoveryOf:
		return "A lost second factor at " + firm, "The second factor of a person of " + firm + " is to be removed because they have lost it. A second administrator can confirm it after 24 hours. If it should not be, refuse it or tell the bureau now.", "Open Docketry"
	case LetterRecovered:
		return "Your second factor was removed", "Two administrators have removed your second factor and ended your sessions. Sign in with your password and set up a new one. If you did not ask for it, tell " + firm + " now.", "Sign in"
	case LetterLinked:
		return "Your account is linked to " + firm + "'s sign-in", "From now on " + firm + "'s own sign-in opens your account in that firm. If you did not do this, tell your administrator now.", "See your account"
	case LetterPassedBy:
		return "An administrator came in past " + firm + "'s sign-in", "People of " + firm + " sign in through its own provider only. An administrator has just signed in without it, as administrators can when it fails. If nobody had a reason to, look at the audit log.", "See the audit log"
	default:
		return "News from " + firm, "There is news about access at " + firm + ".", "Open Docketry"
	}
}

// path is where a letter's link leads.
func (k LetterKind) path(firm ident.FirmID) string {
	if k.reviews() {
		return "/firms/" + string(firm) + "/access/review"
	}
	switch k {
	case LetterAsked, LetterSecond, LetterGlass, LetterOpen, LetterEnds14, LetterEnds3:
		return "/firms/" + string(firm) + "/access"
	case LetterAnswered:
		return "/firms/" + string(firm) + "/access/asked"
	case LetterPassedBy:
		return "/firms/" + string(firm) + "/audit"
	case LetterRecoveryOf:
		return "/firms/" + string(firm) + "/people/recoveries"
	case LetterRecovery, LetterLinked, LetterPasskeyAdded, LetterPasskeyGone, LetterPasskeyStopped:
		return "/people/me"
	default:
		return ""
	}
}

func (k LetterKind) letter(name, firm, url string, id ident.FirmID) (string, mail.Letter) {
	subject, text, link := k.words(firm)
	url = strings.TrimSuffix(url, "/")
	return subject, mail.Letter{Greeting: "Dear " + name + ",", Paragraphs: []string{text}, Link: url + k.path(id), LinkText: link, Closing: []string{"Docketry", url}}
}
