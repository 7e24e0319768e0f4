package submission

import (
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound/carry"
)

// State is where one hand-over of a file stands; stored.
type State string

// The states. HandUncertain means that the receiver may have the file: the connection ended
// after all of it was given. At most once, so nothing is sent again until a person has
// looked (SECURITY F09).
const (
	HandQueued    State = "queued"
	HandSending   State = "sending"
	HandSent      State = "sent"
	HandFailed    State = "failed"
	HandUncertain State = "uncertain"
	HandByPerson  State = "by_hand" // somebody took the file there, or saw that it is there
)

// The causes beside those of package carry; stored.
const (
	causeNotAllowed carry.Cause = "not_allowed" // who asked may not send any more
	causeCredited   carry.Cause = "credited"    // the invoice was taken back meanwhile
	causeAltered    carry.Cause = "altered"     // the file is not the one that was made
	causeUnset      carry.Cause = "unset"       // files do not go to this receiver by themselves any more
	causeClosed     carry.Cause = "closed"      // the receiver was closed meanwhile
)

// Handover is one try to bring a version to its receiver.
type Handover struct {
	N          int
	State      State
	Cause      carry.Cause // of what went wrong last
	Why        string      // a person's, of the second on; "" for a reader below C3
	Attempt    int
	Way        carry.Way // as sent, with the next three
	RemoteName string
	SHA256     string `gorm:"column:sha256"`
	SizeBytes  int64
	AskedBy    string // name
	QueuedAt   time.Time
	NextAt     *time.Time // when it is tried again
	SendingAt  *time.Time
	EndedAt    *time.Time
}

// Unsure tells that it did not surely arrive, and that a person decides what is next.
func (h *Handover) Unsure() bool { return h.State == HandFailed || h.State == HandUncertain }

// Latest is the newest hand-over, nil where a person takes the file.
func (v *View) Latest() *Handover {
	if len(v.Handovers) == 0 {
		return nil
	}
	return &v.Handovers[0]
}

// HandoverWanted asks the worker to bring a version to its receiver.
type HandoverWanted struct {
	Submission ident.SubmissionID `json:"submission_id"`
	N          int                `json:"n"`
}

// Kind is stored; never rename it.
func (HandoverWanted) Kind() string { return "submission.handover" }

// giveUpAfter ends the tries at a file that certainly did not arrive (as F08 for mail).
const giveUpAfter = 24 * time.Hour

// cutShortAfter is when a hand-over that is sending, and whose job never came back, is
// called uncertain: far beyond any.
const cutShortAfter = 15 * time.Minute

// pauseAfter grows from 1 minute to 6 hours.
func pauseAfter(attempt int) time.Duration {
	return min(time.Minute<<min(max(attempt-1, 0), 9), 6*time.Hour)
}
