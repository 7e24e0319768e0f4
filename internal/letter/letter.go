// Package letter is what people are written about their access and the keys they sign
// in with, and the post that sends it: each letter at most once. It names no client,
// matter or other person. The one-time links that make somebody a person go another way
// (package signin), and so do the letters that carry an invoice.
package letter

import (
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
)

// Kind is what a letter is about; stored.
type Kind string

// The letters that people are sent about access. None names a client, a matter or
// another person: who wants to know more signs in.
const (
	Asked         Kind = "access_asked"    // to who decides
	Answered      Kind = "access_answered" // to who asked
	Given         Kind = "access_given"    // to who now has it
	Second        Kind = "access_second"   // to who can confirm an administrator
	Sole          Kind = "access_sole"     // to a firm whose only administrator proposes another
	GlassAsked    Kind = "glass_asked"     // to a firm: the bureau asks for emergency access
	GlassSecond   Kind = "glass_second"    // to the bureau's other administrators
	GlassOpen     Kind = "glass_open"      // to a firm: it is open now
	GlassDecided  Kind = "glass_decided"   // to who asked for it
	Ends14        Kind = "access_ends_14"  // to who can extend: a grant ends within 14 days
	Ends3         Kind = "access_ends_3"   // within 3
	ConflictFound Kind = "conflict_found"  // to the bureau's administrators: a check has opened by itself
	SelfCheck     Kind = "self_check"      // to the bureau's administrators: stored sums are not what their rows give

	// To a person about the keys they sign in with, so that they learn of what was not theirs to do.
	PasskeyAdded   Kind = "passkey_added"
	PasskeyRemoved Kind = "passkey_removed"
	PasskeyStopped Kind = "passkey_stopped"
	SSOLinked      Kind = "sso_linked"
	RecoveryOpened Kind = "recovery_opened"    // to whose factor is said to be lost
	RecoveryOf     Kind = "recovery_of_person" // to who can stop it
	RecoveryNear   Kind = "recovery_near"      // to a firm's partners, who can ask them to
	RecoveryDone   Kind = "recovery_done"
	ReadsMany      Kind = "reads_many"    // to a firm's administrators: somebody opens many privileged texts (SECURITY 7)
	DeputyNamed    Kind = "deputy_named"  // to who is to stand in for somebody
	DeputyGiven    Kind = "deputy_given"  // to whom somebody else gave a deputy
	DeputyEnded    Kind = "deputy_ended"  // to whoever of the two did not end it
	DeputyLeft     Kind = "deputy_left"   // to a firm's administrators: one of the two left, and so much waited for them
	PassedBy       Kind = "sso_passed_by" // to a firm's administrators: one of them came in past the firm's own sign-in
)

// ErrNotFound is for a letter that is not there.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")

// Wanted asks the worker to send one letter.
type Wanted struct {
	Letter ident.LetterID `json:"letter_id"`
}

// Kind is stored; never rename it.
func (Wanted) Kind() string { return "person.letter" }

// words is what a kind of letter says: subject, text, what the link is called.
func (k Kind) words(firm string) (subject, text, link string) {
	if k.reviews() {
		return "Access at " + firm + " waits for its review", "Some access at " + firm + " was given or last kept more than 90 days ago. Please look at each and keep it or end it.", "Review access"
	}
	if k.waits() {
		return "Reminders wait for you at " + firm, "Reminders to payors of " + firm + " wait for a partner to see them. Some go by themselves in two business days unless you keep them back; others never go without your approval. Each is shown word for word.", "See what waits"
	}
	switch k {
	case Asked:
		return "A request for access waits for " + firm, "The billing bureau asks " + firm + " to give one of its people access. Nothing is given until somebody at the firm decides.", "See the request"
	case Answered:
		return firm + " has decided on a request for access", firm + " has decided on a request for access that you made.", "See the decision"
	case Given:
		return "You have access at " + firm, firm + " has given you access, until a day that you see when you sign in.", "Sign in"
	case Second:
		return "A new administrator waits for your word", "Somebody has proposed a new administrator for " + firm + ". It takes a second administrator to confirm. If you know nothing of it, refuse.", "See the proposal"
	case Sole:
		return "A new administrator is proposed for " + firm, "The only administrator of " + firm + " has proposed another. The bureau can confirm it after 24 hours, not before. If this should not be, tell the bureau now.", "Open Docketry"
	case GlassAsked:
		return "Emergency access to " + firm + " is asked for", "An administrator of the billing bureau asks to look at the records of " + firm + " for 60 minutes, because of an emergency. You can allow or refuse it now. If you do neither, a second administrator of the bureau can allow it; you are told at once.", "See who asks, and why"
	case GlassSecond:
		return "Emergency access waits for a second word", "A colleague asks for emergency access to " + firm + ". Allow it only when you know why it cannot wait for the firm. The firm has been told.", "Open Docketry"
	case GlassOpen:
		return "Emergency access to " + firm + " is open", "An administrator of the billing bureau can look at the records of " + firm + " for 60 minutes from now, but change nothing and see no sealed matter. Each look is in your access log. You can end it at once.", "See it, or end it"
	case GlassDecided:
		return "Your emergency access to " + firm + " was decided on", "Your request for emergency access to " + firm + " was decided on. If it was allowed, it lasts 60 minutes.", "Open Docketry"
	case Ends14, Ends3:
		days := map[Kind]string{Ends14: "14", Ends3: "3"}[k]
		return "Access at " + firm + " ends within " + days + " days", "A grant to one of the billing bureau's people ends within " + days + " days. If the work goes on, extend it; if not, do nothing.", "See who has access"
	case ConflictFound:
		return "A conflict check waits for a decision", "New parties at two firms stand on opposite sides, and one of " + firm + "'s people has access to both. Their access stands until somebody decides: say why they can work for both, or have one of the firms end it.", "See the open checks"
	case SelfCheck:
		return "Stored sums of a firm do not agree", "The nightly self-check found sums that are not what the rows below them give. Nothing was changed, and nothing will be by itself. The operators' log and the command docketry admin selfcheck name the firm and each record; bill nothing from them until it is explained.", "Open Docketry"
	case PasskeyAdded:
		return "A passkey was added to your account", "A passkey was added with which somebody signs in to Docketry as you. If it was not you, remove it, change your password and tell your administrator now.", "See your account"
	case PasskeyRemoved:
		return "A passkey was removed from your account", "A passkey of yours was removed and no longer signs in to Docketry. If it was not you, change your password and tell your administrator now.", "See your account"
	case PasskeyStopped:
		return "A passkey of yours was stopped", "A passkey was used in a way that points to a copy of it, so it no longer signs in to Docketry. Sign in another way, remove it, and tell your administrator.", "See your account"
	case RecoveryOpened:
		return "Your second factor will be removed", "An administrator at " + firm + " says that you have lost your second factor. After 24 hours a second administrator can remove it. If you have lost nothing, sign in and refuse on your account page, and tell " + firm + ".", "Refuse it"
	case RecoveryOf:
		return "A lost second factor at " + firm, "The second factor of a person of " + firm + " is to be removed because they have lost it. A second administrator can confirm it after 24 hours. If it should not be, refuse it now.", "See whose, and refuse it"
	case RecoveryNear:
		return "A lost second factor at " + firm, "The second factor of a person of " + firm + " is to be removed because they have lost it. A second administrator can confirm it after 24 hours. If it should not be, have an administrator of " + firm + " refuse it, or tell the bureau now.", "Open Docketry"
	case RecoveryDone:
		return "Your second factor was removed", "Two administrators have removed your second factor and ended your sessions. Sign in with your password and set up a new one. If you did not ask for it, tell " + firm + " now.", "Sign in"
	case SSOLinked:
		return "Your account is linked to " + firm + "'s sign-in", "From now on " + firm + "'s own sign-in opens your account in that firm. If you did not do this, tell your administrator now.", "See your account"
	case ReadsMany:
		return "Many privileged texts were opened at " + firm, "Somebody with access to " + firm + " has opened more than 500 narratives in ten minutes, outside the work they hold. There may be a good reason. The access log names who it was and each record they opened.", "See the access log"
	case PassedBy:
		return "An administrator came in past " + firm + "'s sign-in", "People of " + firm + " sign in through its own provider only. An administrator has just signed in without it, as administrators can when it fails. If nobody had a reason to, look at the audit log.", "See the audit log"
	case DeputyNamed:
		return "You stand in for a colleague at " + firm, "You are named as a colleague's deputy at " + firm + ". While it lasts, the pre-bills that wait for them reach you too, marked with their name. It gives you no new right. If you cannot do it, give it back.", "See for whom, and until when"
	case DeputyGiven:
		return "A deputy stands in for you at " + firm, "An administrator of " + firm + " has named a deputy for you. While it lasts, the pre-bills that wait for you reach the deputy too. You can end it at any time.", "See who, and until when"
	case DeputyEnded:
		return "Standing in at " + firm + " has ended", "Your deputy at " + firm + ", or your standing in for a colleague there, has ended before its day. What waits for each of you by name reaches nobody else any more.", "See what ended"
	case DeputyLeft:
		return "A deputy's part at " + firm + " has ended because somebody left", "Somebody at " + firm + " who had a deputy, or was one, can no longer approve pre-bills, so that has ended. Please look at what waits for them, and see that each goes to somebody who can approve it.", "See what waits"
	default:
		return "News from " + firm, "There is news about access at " + firm + ".", "Open Docketry"
	}
}

// path is where a letter's link leads. whose is the person whose list it is, "" for none.
func (k Kind) path(firm ident.FirmID, whose ident.PersonID) string {
	if k.reviews() {
		return "/firms/" + string(firm) + "/access/review"
	}
	if k.waits() {
		return "/firms/" + string(firm) + "/reminders"
	}
	switch k {
	case Asked, Second, GlassAsked, GlassOpen, Ends14, Ends3:
		return "/firms/" + string(firm) + "/access"
	case Answered:
		return "/firms/" + string(firm) + "/access/asked"
	case DeputyNamed, DeputyGiven, DeputyEnded:
		return "/firms/" + string(firm) + "/deputies"
	case DeputyLeft:
		return "/firms/" + string(firm) + "/prebills?status=in_review&waits_for=" + string(whose)
	case ConflictFound:
		return "/firms/" + string(firm) + "/conflict-checks?open=1"
	case ReadsMany:
		return "/firms/" + string(firm) + "/access/log"
	case PassedBy:
		return "/firms/" + string(firm) + "/audit"
	case RecoveryOf:
		return "/firms/" + string(firm) + "/people/recoveries"
	case RecoveryOpened, SSOLinked, PasskeyAdded, PasskeyRemoved, PasskeyStopped:
		return "/people/me"
	default:
		return ""
	}
}

func (k Kind) letter(name, firm, url string, id ident.FirmID, whose ident.PersonID) (string, mail.Letter) {
	subject, text, link := k.words(firm)
	url = strings.TrimSuffix(url, "/")
	return subject, mail.Letter{Greeting: "Dear " + name + ",", Paragraphs: []string{text}, Link: url + k.path(id, whose), LinkText: link, Closing: []string{"Docketry", url}}
}

// Review is the kind of the letter about what waits for its review in the quarter of at.
func Review(at time.Time) Kind {
	return Kind(fmt.Sprintf("%s%dq%d", reviewOf, at.Year(), (int(at.Month())+2)/3))
}

func (k Kind) reviews() bool { return strings.HasPrefix(string(k), reviewOf) }

// reviewOf begins the kind of the letter of a quarter: one letter a quarter and person.
const reviewOf = "grants_review_"

// RemindersWait is the kind of the letter that tells a partner that reminders wait for them since
// a day, such as 2026-03-13.
func RemindersWait(day string) Kind { return Kind(remindersWait + day) }

func (k Kind) waits() bool { return strings.HasPrefix(string(k), remindersWait) }

// remindersWait begins the kind of a day's letter: one letter a day and person, however many wait.
const remindersWait = "reminders_wait_"
