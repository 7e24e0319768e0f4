// Package migrations holds the numbered SQL files that make the database. One
// file a noun, Up and Down, run by goose as docketry_migrate (internal/db).
package migrations

import "embed"

// FS holds every migration file.
//
//go:embed *.sql
var FS embed.FS
