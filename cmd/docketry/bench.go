package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/app/load"
)

// A budget compares ours with a limit measured in the same run on the same
// machine (DESIGN 9). Absolute times mean nothing here; ratios do.
type budget struct {
	name   string
	says   string
	budget float64 // ratio that must hold
	// atLeast: ratio = limit time / our time must be >= budget (we reach that share of the limit's speed).
	// Otherwise ratio = our time / limit time must be <= budget.
	atLeast bool
	ours    func(b *testing.B)
	limit   func(b *testing.B)
	cpu     bool          // compares processor time of this process, which both report
	fixed   time.Duration // the limit where the budget is a time, instead of limit
}

type benchResult struct {
	Name   string  `json:"name"`
	Ours   float64 `json:"ours"`  // nanoseconds an operation, best of the rounds
	Limit  float64 `json:"limit"` // the same, of the limit
	Ratio  float64 `json:"ratio"`
	Budget string  `json:"budget"`
	Holds  bool    `json:"holds"`
}

const benchRounds = 3

func newBenchCmd() *cobra.Command {
	var list, asJSON bool
	cmd := &cobra.Command{
		Use:   "bench [NAME...]",
		Short: "Measure the speed budgets against limits taken in the same run",
		RunE: func(cmd *cobra.Command, names []string) (failed error) {
			chosen, err := chooseBudgets(names)
			if err != nil {
				return err
			}
			if list {
				for _, b := range chosen {
					fmt.Fprintf(cmd.OutOrStdout(), "%-16s %s\n", b.name, b.says)
				}
				return nil
			}
			defer func() { failed = errors.Join(failed, large.close()) }()
			results, err := measureBudgets(chosen)
			if err != nil {
				return err
			}
			return printBudgets(cmd, results, asJSON)
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "name the budgets and end")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func chooseBudgets(names []string) ([]budget, error) {
	all := budgets()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []budget
	for _, n := range names {
		i := slices.IndexFunc(all, func(b budget) bool { return b.name == n })
		if i < 0 {
			return nil, fmt.Errorf("no budget is called %q; `docketry bench --list` names them", n)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// large is the bureau at its full size, opened for the first budget that needs it.
var large lazyBureau

type lazyBureau struct {
	once sync.Once
	it   *load.Bureau
	err  error
}

// page is a measurement of the large bureau.
func (l *lazyBureau) page(measure func(l *load.Bureau, b *testing.B)) func(b *testing.B) {
	return func(b *testing.B) {
		l.once.Do(func() { l.it, l.err = load.Open(context.Background(), os.Stderr) })
		if l.err != nil {
			b.Fatal(l.err) // which the command tells when it closes
		}
		measure(l.it, b)
	}
}

// close ends what was opened, or tells why it could not be.
func (l *lazyBureau) close() error {
	if l.it == nil {
		return l.err
	}
	return l.it.Close()
}

// measureBudgets takes turns between ours and the limit and keeps the best of
// each, so that a noisy neighbour cannot decide.
func measureBudgets(chosen []budget) ([]benchResult, error) {
	testing.Init()
	if err := flag.Set("test.benchtime", "300ms"); err != nil {
		return nil, fmt.Errorf("set the time of one round: %w", err)
	}
	results := make([]benchResult, 0, len(chosen))
	for _, b := range chosen {
		r := benchResult{Name: b.name}
		for range benchRounds {
			r.Ours = best(r.Ours, b.ours, b.cpu)
			if b.fixed > 0 {
				r.Limit = float64(b.fixed.Nanoseconds())
				continue
			}
			r.Limit = best(r.Limit, b.limit, b.cpu)
		}
		if r.Ours == 0 || r.Limit == 0 {
			return nil, fmt.Errorf("budget %s: a measurement failed", b.name)
		}
		results = append(results, b.judge(r))
	}
	return results, nil
}

func best(sofar float64, f func(b *testing.B), cpu bool) float64 {
	r := testing.Benchmark(f)
	ns := float64(r.T.Nanoseconds()) / float64(max(r.N, 1))
	if cpu {
		ns = r.Extra[load.CPU]
	}
	if sofar == 0 || (ns > 0 && ns < sofar) {
		return ns
	}
	return sofar
}

func (b budget) judge(r benchResult) benchResult {
	if b.atLeast {
		r.Ratio = r.Limit / r.Ours
		r.Holds = r.Ratio >= b.budget
		r.Budget = fmt.Sprintf(">= %g", b.budget)
		return r
	}
	r.Ratio = r.Ours / r.Limit
	r.Holds = r.Ratio <= b.budget
	r.Budget = fmt.Sprintf("<= %g", b.budget)
	return r
}

func printBudgets(cmd *cobra.Command, results []benchResult, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(results)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "budget\tours ns\tlimit ns\tratio\twanted\tholds")
	missed := false
	for _, r := range results {
		missed = missed || !r.Holds
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.2f\t%s\t%t\n", r.Name, r.Ours, r.Limit, r.Ratio, r.Budget, r.Holds)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missed {
		return errNo
	}
	return nil
}
