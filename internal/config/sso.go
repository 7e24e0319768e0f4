package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
)

// Issuer is a provider (OIDC) through which the people of some firms may sign in.
type Issuer struct {
	Issuer string   `json:"issuer"`        // its address, exactly as its tokens name it
	Client string   `json:"client_id"`     // what this installation is called there
	Secret string   `json:"client_secret"` // "" for a public client
	Firms  []string `json:"firms"`         // codes; a firm has one provider
	MFA    []string `json:"acr_mfa"`       // values of acr that stand for a second factor
}

var firmCode = regexp.MustCompile(`^[A-Z]{3}$`)

// readSSO takes the list in, or tells what is wrong with it.
func (c *Config) readSSO() error {
	if c.SSOFile == "" {
		return nil
	}
	name := prefix + "SSO_FILE"
	b, err := os.ReadFile(c.SSOFile)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.SSO); err != nil {
		return fmt.Errorf("%s is not a list of providers such as [{\"issuer\": \"https://login.firm.example\", \"client_id\": \"docketry\", \"client_secret\": \"...\", \"firms\": [\"ABC\"]}]: %w", name, err)
	}
	var problems []error
	taken := map[string]bool{}
	for n, i := range c.SSO {
		bad := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("%s, provider %d: %s", name, n+1, fmt.Sprintf(format, args...)))
		}
		u, err := url.Parse(i.Issuer)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
			u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname()) && c.Plain()) {
			bad("issuer must be an https address without a query (plain http is for a loopback address of a demo)")
		}
		if i.Client == "" {
			bad("client_id is missing")
		}
		if len(i.Firms) == 0 {
			bad("firms is empty: list the codes of the firms whose people it knows")
		}
		for _, code := range i.Firms {
			if !firmCode.MatchString(code) || taken[code] {
				bad("firms: %q is no code of three capital letters, or has a provider already", code)
			}
			taken[code] = true
		}
	}
	return errors.Join(problems...)
}
