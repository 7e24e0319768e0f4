package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
)

var (
	errNoFactor = fault.New(fault.Forbidden, "factor_due", "your role asks for a second factor; sign in on a page once and set one up")
	errNoFirm   = fault.New(fault.NotFound, "not_found", "you have no access to a firm of this code or id")
)

// enter is ctx with the person of email acting in the firm named, after they have
// shown password and code as on the sign-in page. It begins no session: what they
// may do is decided anew at each act.
func enter(cmd *cobra.Command, s *app.Services, email, firmName string) (context.Context, error) {
	ask := asker(cmd)
	password, err := ask("Password: ")
	if err != nil {
		return nil, err
	}
	try := people.Try{Email: email, Password: password, Network: exportNetwork, Browser: "docketry command"}
	e, err := s.People.SignIn(cmd.Context(), try)
	if errors.Is(err, people.ErrFactor) {
		if try.Code, err = ask("Code: "); err != nil {
			return nil, err
		}
		e, err = s.People.SignIn(cmd.Context(), try)
	}
	if err != nil {
		return nil, err
	}
	if e.FactorDue {
		return nil, errNoFactor
	}
	as := scope.Scope{Actor: e.Person}
	if e.FactorShown {
		as.FactorAt = e.At
	}
	ctx := scope.With(cmd.Context(), as)
	mine, err := s.Firms.Mine(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range mine {
		if strings.EqualFold(f.Code, strings.TrimSpace(firmName)) || string(f.ID) == strings.TrimSpace(firmName) {
			return scope.InFirm(ctx, f.ID), nil
		}
	}
	return nil, errNoFirm
}

// asker reads lines of standard input; at a terminal it asks for each and does not
// show what is typed.
func asker(cmd *cobra.Command) func(prompt string) (string, error) {
	in := cmd.InOrStdin()
	lines := bufio.NewScanner(in)
	return func(prompt string) (string, error) {
		if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			fmt.Fprint(cmd.ErrOrStderr(), prompt)
			b, err := term.ReadPassword(int(f.Fd()))
			fmt.Fprintln(cmd.ErrOrStderr())
			return string(b), err
		}
		if !lines.Scan() {
			return "", errors.Join(fmt.Errorf("standard input ended before %q: give the password and the app's code, a line each", prompt), lines.Err(), io.ErrUnexpectedEOF)
		}
		return lines.Text(), nil
	}
}
