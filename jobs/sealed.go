package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Sealed counts what Redis still means to deliver by the key that sealed it, in the order
// of keys; the last number is of what none of them did. Archived tasks are never
// delivered and not counted. While jobs go in and out it is close, not exact.
func Sealed(ctx context.Context, redisURL string, keys ...[]byte) ([]int, error) {
	opt, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, errors.New("DOCKETRY_REDIS_URL is not a Redis URL") // its text may hold a password
	}
	r := redis.NewClient(opt)
	defer func() { _ = r.Close() }()
	if err := r.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("reach Redis: %w", err)
	}
	in := asynq.NewInspectorFromRedisClient(r)
	queues, err := in.Queues()
	if err != nil {
		return nil, fmt.Errorf("list Redis queues: %w", err)
	}
	counts := make([]int, len(keys)+1)
	type list func(queue string, opts ...asynq.ListOption) ([]*asynq.TaskInfo, error)
	for _, queue := range queues {
		for _, of := range []list{in.ListPendingTasks, in.ListActiveTasks, in.ListScheduledTasks, in.ListRetryTasks} {
			for page := 1; ; page++ {
				tasks, err := of(queue, asynq.PageSize(500), asynq.Page(page))
				if err != nil {
					return nil, fmt.Errorf("list tasks of queue %s: %w", queue, err)
				}
				for _, t := range tasks {
					_, which, err := openWhich(keys, t.Payload)
					if err != nil {
						which = len(keys)
					}
					counts[which]++
				}
				if len(tasks) < 500 {
					break
				}
			}
		}
	}
	return counts, nil
}
