package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
)

// Show is how `docketry demo` runs.
type Show struct {
	Addr string    // where pages are served: a loopback address
	Data string    // folder that keeps the data, "" for none
	JSON bool      // one line instead of words
	Out  io.Writer // the address and the sign-ins
	Say  io.Writer // what is going on
	Log  *slog.Logger
}

// Play starts servers, seeds them once, and serves pages until ctx ends.
func Play(ctx context.Context, show Show) (failed error) {
	stage, err := NewStage(ctx, show.Data, show.Say, show.Log)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, stage.Close(show.Data != "")) }()
	listener, err := net.Listen("tcp", show.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", show.Addr, err)
	}
	defer listener.Close()
	stage.Config.Listen = listener.Addr().String()
	stage.Config.PublicURL = "http://" + stage.Config.Listen
	signIns, err := seedOnce(ctx, stage, show.Say)
	if err != nil {
		return err
	}
	s, err := stage.Services(ctx, "docketry_api", clock.System(), nil)
	if err != nil {
		return err
	}
	web, err := app.NewWeb(s)
	if err != nil {
		return err
	}
	worker, err := stage.Services(ctx, "docketry_worker", clock.System(), nil)
	if err != nil {
		return err
	}
	engine, err := app.NewEngine(worker)
	if err != nil {
		return err
	}
	if err := announce(show, stage.Config.PublicURL, signIns); err != nil {
		return err
	}
	return app.ServeAndWork(ctx, web, listener, engine)
}

// seedOnce tells the story on a fresh stage and remembers the ways in.
func seedOnce(ctx context.Context, stage *Stage, say io.Writer) ([]SignIn, error) {
	file := filepath.Join(stage.dir, "sign-ins.json")
	if b, err := os.ReadFile(file); err == nil && !stage.Fresh {
		var known []SignIn
		return known, json.Unmarshal(b, &known)
	}
	began := clock.System().Now()
	c := clock.At(storyStart(began))
	letters := NewLetters()
	s, err := stage.Services(ctx, "docketry_api", c, func(p *app.Parts) { p.Courier = letters })
	if err != nil {
		return nil, err
	}
	worker, err := stage.Services(ctx, "docketry_worker", c, nil)
	if err != nil {
		return nil, err
	}
	engine, err := app.NewEngine(worker)
	if err != nil {
		return nil, err
	}
	cast, err := Hire(ctx, s, c, letters, engine, Firms())
	if err != nil {
		return nil, err
	}
	if err := cast.conflict(); err != nil {
		return nil, err
	}
	cast.remind = func(ctx context.Context) error {
		letters, err := worker.Notices.Sweep(ctx)
		if err != nil || letters == 0 {
			return err
		}
		return cast.labour(ctx)
	}
	if err := cast.Tell(ctx, began); err != nil {
		return nil, fmt.Errorf("tell the story: %w", err)
	}
	fmt.Fprintf(say, "seeded in %s\n", clock.System().Now().Sub(began).Round(time.Second))
	b, err := json.Marshal(cast.SignIns())
	if err != nil {
		return nil, err
	}
	return cast.SignIns(), os.WriteFile(file, b, 0o600)
}

// storyStart is noon of the day before the first of the months that the story tells.
func storyStart(now time.Time) time.Time {
	return MonthOf(now).Back(told).first().Add(-12 * time.Hour)
}

func announce(show Show, url string, signIns []SignIn) error {
	if show.JSON {
		return json.NewEncoder(show.Out).Encode(struct {
			URL     string   `json:"url"`
			SignIns []SignIn `json:"sign_ins"`
		}{url, signIns})
	}
	fmt.Fprintf(show.Out, "ready at %s\n\n", url)
	for _, x := range signIns {
		fmt.Fprintf(show.Out, "  %-16s %-26s %-34s %s\n", x.Role, x.Firm, x.Email, x.TOTP)
	}
	_, err := fmt.Fprintf(show.Out, "\nEverybody's password: %s\nThe last column is a secret for an authenticator app: signing in asks for its code, and so do acts that matter.\nWithout an app: docketry demo code SECRET prints it (go run ./cmd/docketry demo code SECRET).\nPress ctrl-C to end; nothing is left running.\n", Password)
	return err
}
