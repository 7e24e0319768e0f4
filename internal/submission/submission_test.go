package submission_test

import (
	"testing"

	"github.com/docketry/docketry/internal/submission"
)

func TestWhatAReceiverCanSayNext(t *testing.T) {
	t.Parallel()
	for s, want := range map[submission.Status]int{
		submission.Submitted: 9, submission.Received: 8, submission.Pending: 8, submission.Approved: 2, submission.SentToAP: 1,
		submission.Rejected: 0, submission.FileError: 0, submission.Reduced: 0, submission.Paid: 0,
	} {
		if got := s.Answers(); len(got) != want {
			t.Errorf("after %s: %v", s, got)
		}
		if s.Words() == "" {
			t.Errorf("%s has no words", s)
		}
	}
}
