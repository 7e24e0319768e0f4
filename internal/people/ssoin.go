package people

import (
	"context"

	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Way is where the browser goes.
type Way struct {
	Address string
	Host    string // of it, for the person to read
	Firm    string // its name; "" to whom nobody has shown yet who they are
}

// WayIn is the way of a firm's people to their provider, by the firm's code, for the
// network and the holder of t. A code that is nobody's, a firm that has no provider and
// one whose people do not come through it are alike: ErrSSONone.
//
// Whoever asks is a stranger, and there are 17,576 codes. That a code leads to a provider
// cannot be hidden, for the browser goes there; everything else is: the firm's name is
// never said before somebody has signed in, and codes that lead nowhere are counted
// against the network as failed passwords are (throttle.go), under a count of their own.
// From the fifth on they cost up to a minute each, and meanwhile no code is answered,
// ThrottledError, so that all of them take one network twelve days. An e-mail address in
// place of the code would tell persons apart (T11), and its domain is easier to guess.
func (s *Service) WayIn(ctx context.Context, code string, t Try) (Way, error) {
	i, listed := s.providers.of(code)
	var firm *ident.FirmID
	open, asking := false, []subject{codesSubject(t.Network)}
	err := s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		if err := reserve(tx, asking); err != nil {
			return err
		}
		if err := tx.Raw(`SELECT auth.firm_of_code(?)`, code).Row().Scan(&firm); err != nil {
			return wrap(err, "look for firm", code)
		}
		if firm != nil && listed {
			err := bureau.Inside(tx, *firm, func() error {
				set, err := ssoOf(tx)
				open = set.works(i)
				return err
			})
			if err != nil {
				return err
			}
		}
		if !open {
			return failed(tx, asking)
		}
		return nil
	})
	if err != nil {
		return Way{}, err
	}
	if !open {
		return Way{}, ErrSSONone
	}
	w, err := s.way(scope.With(ctx, scope.Scope{Machine: "access", Firm: *firm, RequestID: scope.RequestID(ctx)}), i, attempt{errand: ErrandEnter, holder: t.Holder})
	w.Firm = ""
	return w, err
}

// codesSubject counts the firms' codes that a network tries.
func codesSubject(network string) subject { return networkSubject("codes:" + network) }
