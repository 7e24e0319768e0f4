package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheListOfProviders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[{"issuer":"https://login.firm.example","client_id":"d","client_secret":"s","firms":["ABC"]}]`:                                   "",
		`[{"issuer":"http://login.firm.example","client_id":"d","firms":["ABC"]}]`:                                                        "https address",
		`[{"issuer":"http://127.0.0.1:9998","client_id":"d","firms":["ABC"]}]`:                                                            "https address",
		`[{"issuer":"https://login.firm.example?x=1","client_id":"d","firms":["ABC"]}]`:                                                   "without a query",
		`[{"issuer":"https://login.firm.example","firms":["ABC"]}]`:                                                                       "client_id",
		`[{"issuer":"https://login.firm.example","client_id":"d","firms":[]}]`:                                                            "firms is empty",
		`[{"issuer":"https://a.example","client_id":"d","firms":["ABC"]},{"issuer":"https://b.example","client_id":"d","firms":["ABC"]}]`: "has a provider already",
		`[{"issuer":"https://login.firm.example","client_id":"d","frims":["ABC"]}]`:                                                       "unknown field",
		`{}`: "not a list",
	} {
		file := filepath.Join(t.TempDir(), "sso.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Config{SSOFile: file, PublicURL: "https://billing.example.com"}
		if err := c.readSSO(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	demo := Config{SSOFile: filepath.Join(t.TempDir(), "none"), PublicURL: "http://127.0.0.1:8080"}
	if err := demo.readSSO(); err == nil {
		t.Error("a file that is not there was accepted")
	}
}
