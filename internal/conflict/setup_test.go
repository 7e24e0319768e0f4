package conflict_test

import (
	"context"
	"testing"

	"github.com/docketry/docketry/internal/testkit/office"
)

// world is a bureau with its clock, services and post.
type world struct{ office.Office }

func setup(t testing.TB) world {
	t.Helper()
	return world{office.Open(t)}
}

var leaves = office.Leaves

func background() context.Context { return context.Background() }
