package db

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/migrations"
)

// Facts is what an operator's check wants to know about the server.
type Facts struct {
	Version int           // 150004 is 15.4
	Role    string        // who the program is there
	Skew    time.Duration // the server's clock minus ours
	Applied int64         // newest migration that is applied
	Newest  int64         // newest migration this program brings
}

// Facts asks the server about itself.
func (d *DB) Facts(ctx context.Context) (Facts, error) {
	conn, err := d.pgx.Acquire(ctx)
	if err != nil {
		return Facts{}, classify(err)
	}
	defer conn.Release()
	var f Facts
	var now time.Time
	before := d.clock.Now()
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, session_user::text, clock_timestamp()`).Scan(&f.Version, &f.Role, &now)
	if err != nil {
		return f, classify(fmt.Errorf("ask the server about itself: %w", err))
	}
	f.Skew = now.Sub(before.Add(d.clock.Now().Sub(before) / 2))
	if f.Newest, err = Newest(); err != nil {
		return f, err
	}
	err = conn.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&f.Applied)
	if err != nil {
		return f, classify(fmt.Errorf("read the migrations' record: %w", err))
	}
	return f, nil
}

// Newest is the newest migration that this program brings.
func Newest() (newest int64, err error) {
	files, err := migrations.FS.ReadDir(".")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		var n int64
		if _, err := fmt.Sscanf(file.Name(), "%d_", &n); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, nil
}
