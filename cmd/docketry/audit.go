package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/audit"
)

func newAuditCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Prove offline that nobody altered what was recorded"}
	cmd.AddCommand(newAuditVerifyCmd())
	return cmd
}

func newAuditVerifyCmd() *cobra.Command {
	var keyFile string
	var since []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Recompute every signature, entry and hash of a proof file",
		Long: "Recomputes every signature, entry, tree hash and invoice hash of a proof file, without a network.\n" +
			"With --key the signatures must be by a key of that file; without it the bundle's own key is used, which proves\n" +
			"only that the file agrees with itself. With --since a checkpoint kept from earlier must still be part of the history.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := audit.VerifyOptions{}
			if keyFile != "" {
				b, err := readSmall(keyFile)
				if err != nil {
					return fmt.Errorf("read key: %w", err)
				}
				o.Keys = b
			}
			for _, name := range since {
				b, err := readSmall(name)
				if err != nil {
					return fmt.Errorf("read earlier checkpoint: %w", err)
				}
				o.Since = append(o.Since, b)
			}
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("open bundle: %w", err)
			}
			defer f.Close()
			report, err := audit.Verify(f, o)
			if err != nil {
				return err
			}
			if err := printReport(cmd.OutOrStdout(), report, asJSON); err != nil {
				return err
			}
			if !report.OK {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "file with the public key that signed, kept from a source you trust")
	cmd.Flags().StringArrayVar(&since, "since", nil, "file with a checkpoint kept from earlier; may be given again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// readSmall reads a key or checkpoint, and refuses a file too large to be one.
func readSmall(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const limit = 64 << 10
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if len(b) > limit || strings.TrimSpace(string(b)) == "" {
		return "", fmt.Errorf("%s is empty or too large", name)
	}
	return string(b), nil
}

func printReport(w io.Writer, r audit.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, p)
	}
	if r.OK {
		fmt.Fprintf(&b, "YES. %d entries, %d checkpoints, %d invoices of %s are as they were sealed; newest seal %s.\n",
			r.Leaves, r.Checkpoints, r.Invoices, r.Origin, r.SealedAt)
		fmt.Fprintf(&b, "Root %s\n", r.Root)
	} else {
		fmt.Fprintln(&b, "NO. The bundle is not as it was sealed.")
	}
	if r.KeyConfirmed {
		fmt.Fprintf(&b, "Checked with the key you gave, %s.\n", r.Key())
	} else {
		fmt.Fprintf(&b, "The key is UNCONFIRMED: it came with the bundle (%s). Compare it with the one the bureau published, or give --key.\n", r.Key())
	}
	_, err := io.WriteString(w, b.String())
	return err
}
