// Package testkit gives tests a migrated database of their own, as the run-time
// role, and the firms, people and rows they need. Only tests import it. It writes
// rows with plain SQL and imports no noun, so that a noun's tests can import it.
package testkit

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/devstack"
)

// stack is the servers of this test run: those that `docketry devstack` started
// for the whole run, or this process's own, which end with it.
var stack = sync.OnceValues(func() (devstack.Addresses, error) {
	if run := os.Getenv(devstack.Env); run != "" {
		return devstack.At(run), nil
	}
	s, err := devstack.Start(context.Background(), devstack.Config{})
	if err != nil {
		return devstack.Addresses{}, err
	}
	return s.Addresses, nil
})

// Stack is where the servers of this test run listen.
func Stack(t testing.TB) devstack.Addresses {
	t.Helper()
	s, err := stack()
	if err != nil {
		t.Fatalf("start test servers: %v", err)
	}
	return s
}

// bouncer is this process's PgBouncer in front of the run's PostgreSQL.
var bouncer = sync.OnceValues(func() (devstack.Addresses, error) {
	s, err := stack()
	if err != nil {
		return devstack.Addresses{}, err
	}
	b, err := devstack.StartBouncer(context.Background(), s, api, worker)
	if err != nil {
		return devstack.Addresses{}, err
	}
	return b.Addresses, nil
})

// Between stands between a program and the run's PostgreSQL: pass is given each new
// connection of both, and both are closed when it returns. dir is the host that the
// program is told of.
func Between(t testing.TB, pass func(client, server net.Conn)) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "pg-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	const socket = ".s.PGSQL.5432"
	l, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Close()
		_ = os.RemoveAll(dir)
	})
	behind := filepath.Join(Stack(t).Run, socket)
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				server, err := net.Dial("unix", behind)
				if err != nil {
					return
				}
				defer func() { _ = server.Close() }()
				pass(client, server)
			}()
		}
	}()
	return dir
}

// Redis is a client of an empty logical database that belongs to one test.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	return client(t, RedisURL(t))
}

// RedisURL is an empty logical database that belongs to one test, as the program
// is told of it. FLUSHALL would empty everybody's: see OwnRedis.
func RedisURL(t testing.TB) string {
	t.Helper()
	s := Stack(t)
	// Database 0 counts, so that no two processes are given the same one.
	n, err := client(t, s.Redis(0)).Incr(t.Context(), "databases given to tests").Result()
	if err != nil {
		t.Fatalf("choose a Redis database: %v", err)
	}
	url := s.Redis(1 + int(n)%(devstack.RedisDatabases-1))
	if err := client(t, url).FlushDB(t.Context()).Err(); err != nil {
		t.Fatalf("empty the Redis database: %v", err)
	}
	return url
}

// OwnRedis is the URL of a whole Redis server that belongs to one test, to empty,
// pause or kill.
func OwnRedis(t testing.TB) (url string, server *devstack.Extra) {
	t.Helper()
	r, err := devstack.StartRedis(t.Context())
	if err != nil {
		t.Fatalf("start a Redis of one's own: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r.Redis(0), r
}

func client(t testing.TB, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatalf("read Redis URL: %v", err)
	}
	c := redis.NewClient(opt)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var databases atomic.Int64 // clones made by this process
