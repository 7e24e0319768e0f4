package pages

import (
	"strconv"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/submission"
)

// queuedChip is how a version stands that goes to its receiver by itself.
func queuedChip(s submission.State) partial.Chip {
	switch s {
	case submission.HandFailed:
		return partial.Chip{Tone: partial.Bad, Icon: "x", Text: "Did not arrive"}
	case submission.HandUncertain:
		return partial.Chip{Tone: partial.Warn, Icon: "alert", Text: "May have arrived"}
	case submission.HandSending:
		return partial.Chip{Tone: partial.Calm, Icon: "transfer", Text: "Being sent"}
	default:
		return partial.Chip{Tone: partial.Calm, Icon: "clock", Text: "Waits to be sent"}
	}
}

// nextOfHandover says what is to be done about a file on its way.
func nextOfHandover(h *submission.Handover) string {
	switch {
	case h == nil:
		return "Nothing is to be done."
	case h.State == submission.HandSent || h.State == submission.HandByPerson:
		return "It is at the receiver. Wait for its answer, then enter it."
	case h.State == submission.HandUncertain:
		return "Look at the receiver whether the file is there: the connection ended before its server said so. If it is there, say so below; if not, send it again."
	case h.State == submission.HandFailed:
		return "It certainly did not arrive. " + causeWords[h.Cause] + ". Then send it again, or take the file there and say so."
	case h.Cause != "":
		return "Nothing is to be done yet: it did not arrive so far, and is tried again by itself for 24 hours. " + causeWords[h.Cause] + "."
	}
	return "Nothing is to be done: it goes to the receiver by itself."
}

var stateWords = map[submission.State]string{submission.HandQueued: "Waits", submission.HandSending: "Being sent", submission.HandSent: "Arrived", submission.HandFailed: "Did not arrive",
	submission.HandUncertain: "May have arrived", submission.HandByPerson: "Taken there by a person"}

// handoverSections are the tries to bring the file there, and what a person decides after
// one that did not surely arrive.
func handoverSections(f frame, x submission.View, act bool, typed typedForm) []Section {
	if len(x.Handovers) == 0 {
		return nil
	}
	t := &partial.Table{Caption: "Tries, newest first", Columns: []partial.Column{{Head: "State"}, {Head: "Asked", NoWrap: true}, {Head: "Tries", Right: true, Minor: true}, {Head: "What is known", Wide: true}}}
	for _, h := range x.Handovers {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: stateWords[h.State], Sub: h.Why, Key: true}, {Text: format.Moment(h.QueuedAt.In(f.Zone)), Sub: h.AskedBy}, partial.Txt(strconv.Itoa(h.Attempt)), knownOf(f, h)}})
	}
	sections := []Section{{Title: "On its way", Note: "A version is sent once", Table: t}}
	if h := x.Latest(); !act || x.Status != submission.Queued || !h.Unsure() || h.Cause == "credited" {
		return sections
	}
	ask := func(path, title, label, button, hint string) {
		action := href.SubmissionAct(f.FirmID, x.ID, path)
		sections = append(sections, Section{Title: title, Form: typed.back(&partial.Form{ID: path, Action: action, Version: x.Version, Submit: button, Fields: []partial.Field{
			{Name: "reason", Label: label, Kind: partial.Area, Rows: 2, Value: typed.of(action, "reason"), Required: true, Max: 500, Wide: true, Hint: hint}}})})
	}
	ask("send-again", "Send it again", "What you found", "Send again", "Such as: not there, the receiver’s desk says so")
	ask("by-hand", "It is there", "How you know", "It is at the receiver", "You took the file there, or saw it there")
	return sections
}

// knownOf is the receipt, or what went wrong.
func knownOf(f frame, h submission.Handover) partial.Cell {
	switch {
	case h.State == submission.HandSent:
		return partial.Cell{Text: h.RemoteName + ", " + format.Bytes(h.SizeBytes) + ", " + format.Moment(h.EndedAt.In(f.Zone)), Sub: "SHA-256 " + h.SHA256}
	case h.Cause == "":
		return partial.Cell{}
	case h.NextAt != nil:
		return partial.Cell{Text: causeWords[h.Cause] + ".", Sub: "next try " + format.Moment(h.NextAt.In(f.Zone))}
	}
	return partial.Cell{Text: causeWords[h.Cause] + "."}
}

func (s *Site) sendAgain(r *httpd.Request) (httpd.Reply, error) {
	return s.actOnEBill(r, "It goes to the receiver once more by itself.", func(id ident.SubmissionID, version int) error {
		_, err := s.Submissions.SendAgain(r.Context(), id, version, r.Form("reason"))
		return err
	})
}

func (s *Site) takenByHand(r *httpd.Request) (httpd.Reply, error) {
	return s.actOnEBill(r, "It is at the receiver. Enter its answer when it comes.", func(id ident.SubmissionID, version int) error {
		_, err := s.Submissions.TakenByHand(r.Context(), id, version, r.Form("reason"))
		return err
	})
}
