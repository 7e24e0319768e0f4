// Command summary reads `go test -json` from standard input, prints one line for
// each package and the output of what failed, and closes with a line
// "N passed, N failed". It exits 1 when anything failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of test2json, or of a build's output.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build's output
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// tally counts tests, sub-tests among them. A package that ends badly without a
// failed test (it did not build, it panicked) counts as one.
type tally struct{ passed, failed, skipped int }

type summary struct {
	out    io.Writer
	all    tally
	pkgs   map[string]*tally
	output map[string][]string // by package and test, until it is known to have passed
	racing map[string]bool     // packages in the middle of a race's report
}

func main() {
	counts := flag.String("counts", "", "append the three counts to this file")
	flag.Parse()
	s := &summary{out: os.Stdout, pkgs: map[string]*tally{}, output: map[string][]string{}, racing: map[string]bool{}}
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(2)
	}
	if *counts != "" {
		if err := s.save(*counts); err != nil {
			fmt.Fprintln(os.Stderr, "summary:", err)
			os.Exit(2)
		}
	}
	fmt.Fprintln(s.out, s.all)
	if s.all.failed > 0 || s.all.passed == 0 {
		os.Exit(1)
	}
}

func (t tally) String() string {
	text := fmt.Sprintf("%d passed, %d failed", t.passed, t.failed)
	if t.skipped > 0 {
		text += fmt.Sprintf(", %d skipped", t.skipped)
	}
	return text
}

func (s *summary) save(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	fmt.Fprintln(f, s.all.passed, s.all.failed, s.all.skipped)
	return f.Close()
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprint(s.out, string(line)) // go's own words
			} else {
				s.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) take(e event) {
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "output":
		s.race(e)
		if at := strings.Index(e.Output, ": tried: "); at >= 0 {
			fmt.Fprintf(s.out, "%s:%s", e.Test, e.Output[at+1:]) // what a matrix of isolation went through
		}
		s.output[key] = append(s.output[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e)
		}
	}
}

// race prints the report of a race at once: it is told as said by whichever test ran
// last, which may be none that fails for it.
func (s *summary) race(e event) {
	if strings.HasPrefix(e.Output, "WARNING: DATA RACE") {
		s.racing[e.Package] = true
	}
	if s.racing[e.Package] {
		fmt.Fprint(s.out, e.Output)
	}
	if strings.HasPrefix(e.Output, "==================") {
		s.racing[e.Package] = false
	}
}

func (s *summary) pkg(name string) *tally {
	if s.pkgs[name] == nil {
		s.pkgs[name] = &tally{}
	}
	return s.pkgs[name]
}

func (s *summary) endTest(e event) {
	key := e.Package + "\x00" + e.Test
	p := s.pkg(e.Package)
	switch e.Action {
	case "pass":
		p.passed++
	case "skip":
		p.skipped++
	case "fail":
		p.failed++
		for _, line := range s.output[key] {
			if !strings.HasPrefix(line, "=== ") {
				fmt.Fprint(s.out, line)
			}
		}
	}
	delete(s.output, key)
}

func (s *summary) endPackage(e event) {
	p := s.pkg(e.Package)
	if e.Action == "fail" && p.failed == 0 {
		p.failed++
		s.words(e.Package)
	}
	s.all.passed += p.passed
	s.all.failed += p.failed
	s.all.skipped += p.skipped
	word := map[string]string{"pass": "ok  ", "fail": "FAIL", "skip": "--  "}[e.Action]
	if p.passed+p.failed > 0 {
		fmt.Fprintf(s.out, "%s %s (%s, %.1f s)\n", word, e.Package, *p, e.Elapsed)
	}
	delete(s.pkgs, e.Package)
}

// words prints what a package said that ended without saying which test failed.
func (s *summary) words(pkg string) {
	var keys []string
	for key := range s.output {
		if strings.HasPrefix(key, pkg+"\x00") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		for _, line := range s.output[key] {
			fmt.Fprint(s.out, line)
		}
		delete(s.output, key)
	}
}
