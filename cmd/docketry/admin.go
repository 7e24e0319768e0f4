package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
)

func newAdminCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "What only whoever holds the database may do (needs DOCKETRY_MIGRATE_URL and DOCKETRY_SCOPE_KEY)",
	}
	cmd.AddCommand(newBootstrapCmd(), newKeysCmd(), newSelfCheckCmd())
	return cmd
}

func newBootstrapCmd() *cobra.Command {
	var in grant.Setup
	cmd := &cobra.Command{
		Use:   "bootstrap",
		Short: "Make the bureau and its first administrator; prints a one-time enrolment link",
		Long: "Make the bureau and its first administrator and print a link with which they choose a password.\n" +
			"The link serves once, for 72 hours. Run it again for a new link until they have enrolled.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return bootstrap(cmd, in) },
	}
	cmd.Flags().StringVar(&in.Bureau, "bureau", "", "the bureau's name")
	cmd.Flags().StringVar(&in.Name, "name", "", "the administrator's name")
	cmd.Flags().StringVar(&in.Email, "email", "", "the administrator's address; they sign in with it")
	cmd.Flags().StringVar(&in.TZ, "tz", "UTC", "the bureau's time zone, such as Europe/London")
	cmd.Flags().StringVar(&in.Country, "country", "US", "the bureau's country, two letters")
	for _, needed := range []string{"bureau", "name", "email"} {
		_ = cmd.MarkFlagRequired(needed) // fails for an unknown flag only
	}
	return cmd
}

func bootstrap(cmd *cobra.Command, in grant.Setup) error {
	c, err := config.Load()
	if err == nil {
		err = c.ForMigrate()
	}
	if err != nil {
		return &exitError{exitConfig, err}
	}
	owner, err := asRole(c.MigrateURL, "docketry_migrate")
	if err != nil {
		return &exitError{exitConfig, err}
	}
	d, err := db.Open(cmd.Context(), db.Config{URL: owner, Key: c.Keys.Scope, Clock: clock.System(), Bounced: c.Bounced})
	if err != nil {
		return err
	}
	defer d.Close()
	token, err := grant.Bootstrap(cmd.Context(), d, in)
	if errors.Is(err, grant.ErrSetUp) {
		fmt.Fprintln(cmd.OutOrStdout(), grant.ErrSetUp.Message)
		return errNo
	}
	if err != nil {
		return inPlainWords(err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s/enrol/%s\n", strings.TrimSuffix(c.PublicURL, "/"), token)
	fmt.Fprintln(cmd.ErrOrStderr(), "This link serves once, within 72 hours. Give it to "+in.Name+" only.")
	return nil
}

// asRole is a connection string whose sessions act as role.
func asRole(text, role string) (string, error) {
	if !strings.Contains(text, "://") {
		return text + " role=" + role, nil // the keyword form
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("DOCKETRY_MIGRATE_URL is not a connection URL") // its text may hold a password
	}
	q := u.Query()
	q.Set("role", role)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// inPlainWords shows a fault's complaints, one a line.
func inPlainWords(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	lines := make([]string, len(f.Fields))
	for i, field := range f.Fields {
		lines[i] = "--" + field.Path + ": " + field.Message
	}
	return errors.New(strings.Join(lines, "\n"))
}
