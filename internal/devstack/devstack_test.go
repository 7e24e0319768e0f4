package devstack

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestStackStartsAndStops(t *testing.T) {
	s, err := Start(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := StartBouncer(context.Background(), s.Addresses, "docketry_api", "postgres")
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(context.Background(), b.Postgres("postgres", "postgres")+" default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	c.Close(context.Background())
	t.Log(s.Run, b.Run)
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}
