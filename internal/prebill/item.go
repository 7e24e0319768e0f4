package prebill

import (
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/matter"
)

func openItem(_ *db.Tx, _ *Prebill, _ matter.Matter) error { return nil }
func finishItem(_ *db.Tx, _ *Prebill) error                { return nil }
