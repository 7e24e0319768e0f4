// Package devstack runs a private PostgreSQL, Redis and PgBouncer from the binaries
// that are installed, for the demo and for tests. It never touches a server that
// it did not start, works as root and as a normal user, listens on unix sockets
// only, and leaves nothing running when its process ends, however it ends.
package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Config says what to run. The zero value is a throw-away stack for tests.
type Config struct {
	Data    string    // keeps the data there and makes it durable; "" throws it away at the end
	Lasting bool      // people work on it for hours: keep the planner's figures fresh
	Log     io.Writer // one line for each thing a person may want to know; nil keeps quiet
	Redis   Courier   // what to do about Redis
	// Settings of PostgreSQL, such as "max_wal_senders=4", come after our own.
	Settings []string
}

// Courier says which Redis a stack has.
type Courier int

const (
	RedisServer     Courier = iota // a redis-server or valkey-server; their absence is an error
	RedisOrFallback                // in-process miniredis where no server is installed, and says so
	NoRedis                        // none
)

// Env names the variable that tells a test process where the stack of the whole
// run is: the folder of its sockets.
const Env = "DOCKETRY_TEST_STACK"

// Stack is a running PostgreSQL and Redis.
type Stack struct {
	Addresses
	servers []*server
	mini    *fallback
}

// Addresses is where a stack listens. Its text form is the folder of its sockets.
type Addresses struct {
	Run   string // folder of the sockets, always short
	redis string // "" means the socket in Run
}

// At gives the addresses of a stack that another process runs, by its folder.
func At(run string) Addresses { return Addresses{Run: run} }

// Postgres is the connection string of a database for a login. Logins need no
// password: the socket's folder admits this user only.
func (a Addresses) Postgres(login, database string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s", a.Run, postgresPort, login, database)
}

// Redis is the URL of one logical database.
func (a Addresses) Redis(n int) string {
	if a.redis != "" {
		return fmt.Sprintf("redis://%s/%d", a.redis, n)
	}
	return fmt.Sprintf("unix://%s?db=%d", filepath.Join(a.Run, redisSocket), n)
}

// Start cleans up what a killed stack may have left and starts a new one. ctx
// bounds the start only; the stack runs until Stop, or until this process ends.
func Start(ctx context.Context, c Config) (*Stack, error) {
	if c.Log == nil {
		c.Log = io.Discard
	}
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	sweep(c.Log)
	run, err := makeRun(who)
	if err != nil {
		return nil, err
	}
	s := &Stack{Addresses: Addresses{Run: run}}
	if err := s.start(ctx, c, who); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, c Config, who account) error {
	home := s.Run
	if c.Data != "" {
		var err error
		if home, err = claimData(c.Data, who); err != nil {
			return err
		}
	}
	kept := c.Data != ""
	pg, err := startPostgres(ctx, who, s.Run, filepath.Join(home, "postgres"), life{kept: kept, lasting: kept || c.Lasting, settings: c.Settings})
	if err != nil {
		return err
	}
	s.servers = append(s.servers, pg)
	if c.Redis == NoRedis {
		return s.record(home)
	}
	rd, err := startRedis(ctx, who, s.Run, filepath.Join(home, "redis"), kept)
	switch {
	case err == nil:
		s.servers = append(s.servers, rd)
	case c.Redis == RedisOrFallback && errors.Is(err, ErrMissing):
		fmt.Fprintln(c.Log, "no redis-server is installed: using one inside this process, which forgets everything at the end")
		if s.mini, err = startFallback(); err != nil {
			return err
		}
		s.redis = s.mini.addr()
	default:
		return err
	}
	return s.record(home)
}

// Stop ends the servers in the reverse order of their start and removes the
// folder of the sockets. Data that is to be kept is flushed first.
func (s *Stack) Stop() error {
	if s.mini != nil {
		s.mini.stop()
	}
	var problems []error
	for i := len(s.servers) - 1; i >= 0; i-- {
		problems = append(problems, s.servers[i].stop())
	}
	s.servers = nil
	problems = append(problems, os.RemoveAll(s.Run))
	return errors.Join(problems...)
}
