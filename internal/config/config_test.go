package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/config"
)

func TestDKIMIsWholeOrAbsent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(file, []byte("PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(domain, selector, key string) (config.Config, error) {
		t.Setenv("DOCKETRY_MAIL_DKIM_DOMAIN", domain)
		t.Setenv("DOCKETRY_MAIL_DKIM_SELECTOR", selector)
		t.Setenv("DOCKETRY_MAIL_DKIM_KEY_FILE", key)
		return config.Load()
	}
	if c, err := load("", "", ""); err != nil || c.MailDKIM.On() {
		t.Errorf("none: %v, on %v", err, c.MailDKIM.On())
	}
	if c, err := load("bureau.example", "s1", file); err != nil || !c.MailDKIM.On() || string(c.MailDKIM.PEM) != "PEM" {
		t.Errorf("all three: %v, %+v", err, c.MailDKIM)
	}
	for _, set := range [][3]string{{"bureau.example", "", ""}, {"bureau.example", "s1", ""}, {"", "s1", file}} {
		if _, err := load(set[0], set[1], set[2]); err == nil || !strings.Contains(err.Error(), "all three or none") {
			t.Errorf("%v: %v", set, err)
		}
	}
	if _, err := load("bureau.example", "s1", file+".missing"); err == nil || !strings.Contains(err.Error(), "DOCKETRY_MAIL_DKIM_KEY_FILE") {
		t.Errorf("missing file: %v", err)
	}
}

func TestAFirmHasAtLeastOneTurn(t *testing.T) {
	if c, err := config.Load(); err != nil || c.FirmTurns != 4 {
		t.Errorf("unset: %d, %v", c.FirmTurns, err)
	}
	t.Setenv("DOCKETRY_DATABASE_FIRM_TURNS", "1")
	if c, err := config.Load(); err != nil || c.FirmTurns != 1 {
		t.Errorf("1: %d, %v", c.FirmTurns, err)
	}
	for _, wrong := range []string{"0", "-2", "many"} {
		t.Setenv("DOCKETRY_DATABASE_FIRM_TURNS", wrong)
		if _, err := config.Load(); err == nil || !strings.Contains(err.Error(), "FIRM_TURNS") && !strings.Contains(err.Error(), "FirmTurns") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
