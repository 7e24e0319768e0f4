package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/backup"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
)

// finding is one line of the doctor's report.
type finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

func newDoctorCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, roles, versions and clocks, and say what to do",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := examine(cmd.Context())
			bad := false
			for _, f := range found {
				bad = bad || !f.OK
				if asJSON {
					continue
				}
				mark := "ok  "
				if !f.OK {
					mark = "FIX "
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %-14s %s\n", mark, f.Check, f.Says)
				if f.Do != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "     %-14s %s\n", "", f.Do)
				}
			}
			if asJSON {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(found); err != nil {
					return err
				}
			}
			if bad {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func examine(ctx context.Context) []finding {
	c, err := config.Load()
	found := problems("configuration", errors.Join(err, c.ForServe(), c.ForWork()), "set the variables named; README lists them all")
	if c.DatabaseURL != "" && len(c.Keys.Scope) > 0 {
		found = append(found, examineDatabase(ctx, c)...)
	}
	if err == nil && c.ForKeys() == nil {
		found = append(found, examineKeys(ctx)...)
	}
	if c.RedisURL != "" {
		found = append(found, examineRedis(ctx, c.RedisURL)...)
	}
	if c.BackupDir != "" {
		found = append(found, examineBackup(c.BackupDir, clock.System().Now())...)
	}
	return found
}

// problems is one good line, or a line for each error that was joined.
func problems(check string, err error, do string) []finding {
	if err == nil {
		return []finding{{Check: check, OK: true, Says: "complete"}}
	}
	var found []finding
	for line := range strings.SplitSeq(err.Error(), "\n") {
		found = append(found, finding{Check: check, Says: line, Do: do})
	}
	return found
}

func examineDatabase(ctx context.Context, c config.Config) []finding {
	d, err := db.Open(ctx, db.Config{URL: c.DatabaseURL, Key: c.Keys.Scope, Clock: clock.System(), Bounced: c.Bounced})
	if err != nil {
		return problems("database", err, "correct DOCKETRY_DATABASE_URL")
	}
	defer d.Close()
	f, err := d.Facts(ctx)
	if err != nil {
		return problems("database", err, "is PostgreSQL up, and has `docketry migrate up` run?")
	}
	found := []finding{
		judge("postgresql", f.Version >= 150000, fmt.Sprintf("version %d.%d", f.Version/10000, f.Version%10000), "use PostgreSQL 15 or newer"),
		judge("clock", f.Skew.Abs() < time.Second, fmt.Sprintf("the database's clock differs by %s", f.Skew.Round(time.Millisecond)), "run a time service on both machines"),
		judge("migrations", f.Applied == f.Newest, fmt.Sprintf("%d of %d applied", f.Applied, f.Newest), "run `docketry migrate up`"),
	}
	breaches, err := d.Catalogue(ctx)
	if err != nil {
		return append(found, problems("walls", err, "")...)
	}
	for _, b := range breaches {
		found = append(found, finding{Check: "walls", Says: b, Do: "correct the table or role; serve and work refuse to start until then"})
	}
	if len(breaches) == 0 {
		found = append(found, finding{Check: "walls", OK: true, Says: "role " + f.Role + " sees one firm at a time"})
	}
	return found
}

func examineRedis(ctx context.Context, url string) []finding {
	opt, err := redis.ParseURL(url)
	if err != nil {
		return problems("redis", err, "correct DOCKETRY_REDIS_URL")
	}
	r := redis.NewClient(opt)
	defer func() { _ = r.Close() }()
	ctx, stop := context.WithTimeout(ctx, 3*time.Second)
	defer stop()
	policy, err := r.ConfigGet(ctx, "maxmemory-policy").Result()
	if err != nil {
		return problems("redis", err, "is Redis up? Work waits in PostgreSQL until it is")
	}
	appends, err := r.ConfigGet(ctx, "appendonly").Result()
	if err != nil {
		return problems("redis", err, "")
	}
	return []finding{
		judge("redis memory", policy["maxmemory-policy"] == "noeviction", "maxmemory-policy "+policy["maxmemory-policy"], "set maxmemory-policy noeviction"),
		judge("redis disk", appends["appendonly"] == "yes", "appendonly "+appends["appendonly"], "set appendonly yes; nothing is lost without it, but pending work is sent again"),
	}
}

// oldestBackup is how old the newest backup may be, where one is taken each night.
const oldestBackup = 26 * time.Hour

func examineBackup(dir string, now time.Time) []finding {
	file, at, err := backup.Newest(dir)
	switch {
	case err != nil:
		return problems("backup", err, "correct DOCKETRY_BACKUP_DIR")
	case file == "":
		return []finding{judge("backup", false, "there is none in "+dir, "run `docketry backup` each night")}
	}
	age := now.Sub(at)
	return []finding{judge("backup", age <= oldestBackup, fmt.Sprintf("the newest is %s old: %s", age.Round(time.Minute), file), "run `docketry backup` each night, and `docketry restore drill` each week")}
}

func judge(check string, ok bool, says, do string) finding {
	f := finding{Check: check, OK: ok, Says: says}
	if !ok {
		f.Do = do
	}
	return f
}
