package outbox

import (
	"fmt"
	"time"
)

// RetryError is an error of a handler that knows better than the engine when
// another try is worth it.
type RetryError struct {
	After time.Duration
	err   error
}

// Retry wraps err so that the job is tried again after the pause. The try is not
// counted towards parking: the handler decides for how long it goes on, and ends
// it by returning a fault that cannot change.
func Retry(err error, after time.Duration) error { return &RetryError{after, err} }

func (e *RetryError) Error() string { return fmt.Sprintf("again after %s: %v", e.After, e.err) }

// Unwrap gives the cause.
func (e *RetryError) Unwrap() error { return e.err }
