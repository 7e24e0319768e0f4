package devstack

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const redisSocket = "redis.sock"

// RedisDatabases is how many logical databases a Redis server of a stack has.
const RedisDatabases = 512

// startRedis runs a redis-server or valkey-server with its socket in run and its
// append-only file, when kept, in home.
func startRedis(ctx context.Context, who account, run, home string, kept bool) (*server, error) {
	bin, err := find("redis-server (Debian, Ubuntu), valkey (Fedora) or redis (brew)", "redis-server", "valkey-server")
	if err != nil {
		return nil, err
	}
	if err := who.folder(home); err != nil {
		return nil, err
	}
	p := plan{name: "redis", who: who, run: run, ends: "TERM", remove: home, argv: []string{
		bin, "--port", "0", "--unixsocket", filepath.Join(run, redisSocket), "--unixsocketperm", "700",
		"--dir", home, "--databases", strconv.Itoa(RedisDatabases), "--daemonize", "no", "--save", "", "--maxmemory-policy", "noeviction",
		"--appendfsync", "everysec", "--appendonly", map[bool]string{true: "yes", false: "no"}[kept],
	}}
	if kept {
		p.remove = ""
	}
	s, err := p.start()
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(run, redisSocket), MaxRetries: -1})
	defer client.Close()
	err = s.ready(ctx, filepath.Join(run, "redis.pid"), func(ctx context.Context) error { return client.Ping(ctx).Err() })
	if err != nil {
		_ = s.stop() // the first error says more
		return nil, err
	}
	return s, nil
}

// fallback is a Redis inside this process. Its keys expire only when it is told
// that time has passed.
type fallback struct {
	mini *miniredis.Miniredis
	quit chan struct{}
}

func startFallback() (*fallback, error) {
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, err
	}
	f := &fallback{m, make(chan struct{})}
	go f.age(time.Second)
	return f, nil
}

func (f *fallback) age(step time.Duration) {
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		select {
		case <-f.quit:
			return
		case <-tick.C:
			f.mini.FastForward(step)
		}
	}
}

func (f *fallback) addr() string { return f.mini.Addr() }

func (f *fallback) stop() {
	close(f.quit)
	f.mini.Close()
}
