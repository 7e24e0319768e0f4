package people_test

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

const good = office.Password

var (
	leaves = office.Leaves
	from   = office.Network
	try    = office.Try
)

func background() context.Context { return context.Background() }
