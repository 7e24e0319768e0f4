package jobs

import (
	"errors"

	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"
)

// NewMonitor is Asynq's own page over its queues, to look at and not to touch: what
// is there can be lost, and a job is tried again on the firm's own page. Its scripts
// and fonts do not pass our policy, so it belongs on the loopback port alone. Close
// it when done.
func NewMonitor(redisURL, path string) (*asynqmon.HTTPHandler, error) {
	o, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, errors.New("open the queues' page: the Redis URL cannot be read") // it may hold a password: not repeated
	}
	return asynqmon.New(asynqmon.Options{
		RootPath: path, RedisConnOpt: connection{o}, ReadOnly: true,
		// A payload is an id with its seal; a page needs neither.
		PayloadFormatter: asynqmon.PayloadFormatterFunc(func(string, []byte) string { return "sealed" }),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(string, []byte) string { return "" }),
	}), nil
}

// connection opens what redis.ParseURL reads; Asynq's own reader knows fewer forms.
type connection struct{ *redis.Options }

// MakeRedisClient is asynq.RedisConnOpt's.
func (c connection) MakeRedisClient() any { return redis.NewClient(c.Options) }
