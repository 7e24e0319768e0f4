package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/jobs"
)

// Serve answers on l, and on the loopback operations address when there is one,
// until ctx ends and what is under way has finished.
func Serve(ctx context.Context, s *Services, web *httpd.Server, l net.Listener, operations string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 2)
	running := 1
	go func() { failed <- web.Serve(ctx, l) }()
	if operations != "" {
		running++
		go func() { failed <- serveOperations(ctx, s, operations) }()
	}
	err := <-failed
	stop() // one that ends takes the other with it
	for range running - 1 {
		err = errors.Join(err, <-failed)
	}
	return err
}

// ServeAndWork is web server and worker in one process, for the demo.
func ServeAndWork(ctx context.Context, web *httpd.Server, l net.Listener, e *jobs.Engine) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 2)
	go func() { failed <- web.Serve(ctx, l) }()
	go func() { failed <- e.Run(ctx) }()
	err := <-failed
	stop()
	return errors.Join(err, <-failed)
}

func serveOperations(ctx context.Context, s *Services, addr string) error {
	h, closed, err := Operations(s)
	if err != nil {
		return err
	}
	defer closed() //nolint:errcheck // the process is ending
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for operations: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return srv.Close()
	}
}
