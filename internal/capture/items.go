package capture

import (
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

func openItem(tx *db.Tx, id ident.ImportID, p *plan) error { return nil }
func closeItem(tx *db.Tx, id ident.ImportID) error         { return nil }
