package demo

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// createDatabase makes the demo's database on its private server, and tells
// whether it was not there yet.
func createDatabase(ctx context.Context, url string) (fresh bool, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return false, fmt.Errorf("connect to the private server: %w", err)
	}
	defer conn.Close(ctx)
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&there); err != nil {
		return false, fmt.Errorf("look for the database: %w", err)
	}
	if there {
		return false, nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize()); err != nil {
		return false, fmt.Errorf("make the database: %w", err)
	}
	return true, nil
}
