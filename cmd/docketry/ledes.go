package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docketry/docketry/internal/ledes"
)

func newLedesCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledes",
		Short: "Judge LEDES files (1998B, 98BI V2, XML 2.0 to 2.2 and LEDES 2000) and convert them, without a database",
	}
	cmd.AddCommand(newLedesValidateCmd(), newLedesConvertCmd())
	return cmd
}

func newLedesValidateCmd() *cobra.Command {
	var format string
	var asJSON, first bool
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Name every fault of LEDES files, with line, field and fix",
		Long: "Names every fault of each file. Exit code 0 when all are valid, 1 when any is not,\n" +
			"2 when one could not be read. A FILE of - is standard input. Warnings leave a file valid.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if format != string(ledes.FormatAuto) && format != string(ledes.Format1998B) && format != string(ledes.Format98BIV2) && !ledes.Format(format).XML() {
				return fmt.Errorf("--format %s is not known; give auto, 1998B, 98BI_V2, XML_2.1, XML_2.2, XML_2.0 or XML_2000", format)
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			v := validation{out: out, json: asJSON, options: ledes.Options{Format: ledes.Format(format), FirstError: first}}
			err := v.files(cmd.InOrStdin(), files)
			return errors.Join(out.Flush(), err)
		},
	}
	cmd.Flags().StringVar(&format, "format", string(ledes.FormatAuto), "auto, 1998B, 98BI_V2, XML_2.1, XML_2.2, XML_2.0 or XML_2000")
	cmd.Flags().BoolVar(&first, "first", false, "stop at the first error of each file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// validation prints as it reads, so that a file of any size and any number of
// faults is judged in flat memory.
type validation struct {
	out     *bufio.Writer
	json    bool
	options ledes.Options
}

// files judges each file in turn: errNo when any is invalid, the reading errors when any could not be read.
func (v *validation) files(stdin io.Reader, names []string) error {
	var unread []error
	valid := true
	v.print("[", "")
	for i, name := range names {
		if i > 0 {
			v.print(",\n", "")
		}
		ok, err := v.file(stdin, name)
		if err != nil {
			unread = append(unread, fmt.Errorf("%s: %w", name, err))
		}
		valid = valid && ok
	}
	v.print("]\n", "")
	if len(unread) > 0 {
		return errors.Join(unread...)
	}
	if !valid {
		return errNo
	}
	return nil
}

func (v *validation) file(stdin io.Reader, name string) (bool, error) {
	src, err := openInput(stdin, name)
	v.print(`{"file":`+asText(name)+`,"findings":[`, "")
	var r ledes.Result
	if err == nil {
		defer src.Close()
		r, err = v.scan(src, name)
	}
	if r.Format == "" {
		r.Format = ledes.FormatUnknown
	}
	valid := err == nil && r.Valid()
	invoices, encodeErr := json.Marshal(append([]ledes.Summary{}, r.Invoices...))
	if encodeErr != nil {
		return false, encodeErr
	}
	v.print(fmt.Sprintf("],\n\"format\":%s,\"valid\":%t,\n\"invoices\":%s}", asText(string(r.Format)), valid, invoices), v.verdict(name, r, err))
	return valid, err
}

// scan prints each finding when it is found.
func (v *validation) scan(src io.Reader, name string) (ledes.Result, error) {
	first := true
	tell := func(f ledes.Finding) {
		sep := ",\n"
		if first {
			sep, first = "", false
		}
		where := fmt.Sprintf("%s:%d", name, f.Line)
		if f.Field != "" {
			where += " " + f.Field
		}
		v.print(sep+asText(f), fmt.Sprintf("%s: %s %s: %s; %s\n", where, f.Severity, f.Code, f.Message, f.Fix))
	}
	r, err := ledes.Scan(src, v.options, ledes.Handler{Finding: tell})
	if f, odd := ledes.ExtensionFinding(name, r.Format); odd && err == nil {
		tell(f)
		r.Warnings++
	}
	return r, err
}

func (v *validation) verdict(name string, r ledes.Result, err error) string {
	switch {
	case err != nil:
		return ""
	case r.Valid():
		return fmt.Sprintf("%s: valid %s, %d invoices, %d lines, %d warnings\n", name, r.Format, len(r.Invoices), r.Lines, r.Warnings)
	default:
		return fmt.Sprintf("%s: not valid, %d errors, %d warnings\n", name, r.Errors, r.Warnings)
	}
}

// print writes the one or the other form; a failing write shows when the writer is flushed.
func (v *validation) print(asJSON, plain string) {
	if v.json {
		plain = asJSON
	}
	_, _ = v.out.WriteString(plain)
}

// asText is v as JSON with < and > as they are; it is given only what encodes.
func asText(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// openInput opens a file by name; "-" is standard input.
func openInput(stdin io.Reader, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(err, f.Close(), errors.New("not a file"))
	}
	return f, nil
}

func newLedesConvertCmd() *cobra.Command {
	var to, out string
	var o ledes.ConvertOptions
	cmd := &cobra.Command{
		Use:   "convert FILE --to FORMAT",
		Short: "Write a valid LEDES file in another format, refusing what would be lost",
		Long: "Writes FILE in another format to standard output. It refuses (exit code 1) a file that is not\n" +
			"valid, a value that the other format cannot hold unless --drop names it, and a value that the\n" +
			"other format requires and neither the file nor a flag gives. What it had to spell otherwise it\n" +
			"says on standard error. From and to XML lines are numbered anew, fees before expenses.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := openInput(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			o.To = ledes.Format(to)
			return convertTo(cmd, src, out, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&to, "to", "", "1998B, 98BI_V2, XML_2.1 or XML_2.2")
	f.StringVar(&out, "out", "", "write to this file instead of standard output")
	f.StringSliceVar(&o.Drop, "drop", nil, "fields that may be lost, such as MATTER_NAME,CLIENT_TAX_ID")
	f.StringVar(&o.Currency, "currency", "", "INVOICE_CURRENCY for 98BI_V2, inv_currency for XML")
	f.StringVar(&o.ClientTaxID, "client-tax-id", "", "CLIENT_TAX_ID for 98BI_V2, cl_tax_id for XML")
	f.StringVar(&o.MatterName, "matter-name", "", "MATTER_NAME for 98BI_V2, matter_name for XML")
	f.StringVar(&o.AccountType, "account-type", "O", "ACCOUNT_TYPE for 98BI_V2, account_type for XML: O own account, T third party")
	f.StringVar(&o.FirmName, "firm-name", "", "lf_name for XML")
	f.StringVar(&o.FirmCountry, "firm-country", "", "country of the firm for XML, which names it with each tax")
	f.StringVar(&o.ClientName, "client-name", "", "cl_name for XML")
	_ = cmd.MarkFlagRequired("to") // it fails only for a flag that is not there
	return cmd
}

// convertTo converts into memory first: a refusal leaves no half file.
func convertTo(cmd *cobra.Command, src io.Reader, out string, o ledes.ConvertOptions) error {
	file, findings, err := ledes.Convert(src, o)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Severity == ledes.Error || f.Code == ledes.Unconvertible {
			fmt.Fprintf(cmd.ErrOrStderr(), "line %d %s: %s: %s; %s\n", f.Line, f.Field, f.Code, f.Message, f.Fix)
		}
	}
	if file == nil {
		return errNo
	}
	if out != "" {
		return os.WriteFile(out, file, 0o600)
	}
	_, err = cmd.OutOrStdout().Write(file)
	return err
}
