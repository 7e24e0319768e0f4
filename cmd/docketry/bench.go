package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"

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
	unit    string  // of the metric that both report and that is compared, instead of time
	fixed   float64 // the limit where the budget is a figure, instead of limit: nanoseconds, or of unit
}

type benchResult struct {
	Name   string  `json:"name"`
	Ours   float64 `json:"ours"`  // nanoseconds an operation or what the budget counts, best of the rounds
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
			defer func() { failed = errors.Join(failed, large.close(), books.close()) }()
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

// What some budgets are measured on, each opened for the first one that needs it.
var (
	large = lazy[*load.Bureau]{open: load.Open}     // the bureau at its full size
	books = lazy[*load.Books]{open: load.OpenBooks} // one firm under big files
)

// lazy is a place of measurement that takes its time to make.
type lazy[P io.Closer] struct {
	open func(ctx context.Context, say io.Writer) (P, error)
	once sync.Once
	it   P
	made bool
	err  error
}

// at is a measurement at that place.
func (l *lazy[P]) at(measure func(place P, b *testing.B) error) func(b *testing.B) {
	return func(b *testing.B) {
		l.once.Do(func() {
			l.it, l.err = l.open(context.Background(), os.Stderr)
			l.made = l.err == nil
		})
		if l.err == nil {
			l.err = measure(l.it, b)
		}
		if l.err != nil {
			b.Fatal(l.err) // which the command tells when it closes
		}
	}
}

// close ends what was opened, or tells why it could not be.
func (l *lazy[P]) close() error {
	if !l.made {
		return l.err
	}
	return errors.Join(l.err, l.it.Close())
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
			r.Ours = best(r.Ours, b.ours, b.unit)
			if b.fixed > 0 {
				r.Limit = b.fixed
				continue
			}
			r.Limit = best(r.Limit, b.limit, b.unit)
		}
		if r.Ours == 0 || r.Limit == 0 {
			return nil, fmt.Errorf("budget %s: a measurement failed", b.name)
		}
		results = append(results, b.judge(r))
	}
	return results, nil
}

func best(sofar float64, f func(b *testing.B), unit string) float64 {
	r := testing.Benchmark(f)
	v := float64(r.T.Nanoseconds()) / float64(max(r.N, 1))
	if unit != "" {
		v = r.Extra[unit]
	}
	if sofar == 0 || (v > 0 && v < sofar) {
		return v
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
	fmt.Fprintln(w, "budget\tours\tlimit\tratio\twanted\tholds")
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
