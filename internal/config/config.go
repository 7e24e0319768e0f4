// Package config reads what the operator decides, from the environment or from
// files it names, once, at start. Every problem is told at once; nothing secret
// has a default.
package config

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is everything that serve, work, migrate and admin may need. A command
// asks for its part with the Need methods.
type Config struct {
	DatabaseURL    string   `env:"DATABASE_URL"`     // as docketry_api (serve) or docketry_worker (work)
	MigrateURL     string   `env:"MIGRATE_URL"`      // a login that may be docketry_migrate; direct, not through PgBouncer
	Bounced        bool     `env:"DATABASE_BOUNCED"` // the URL leads to PgBouncer in transaction mode
	MaxConns       int32    `env:"DATABASE_MAX_CONNS" envDefault:"20"`
	FirmTurns      int      `env:"DATABASE_FIRM_TURNS" envDefault:"4"` // transactions of one firm's requests at once (SECURITY T31)
	RedisURL       string   `env:"REDIS_URL"`
	PublicURL      string   `env:"PUBLIC_URL"` // https://..., or http:// on a loopback address (DESIGN 2.17)
	Listen         string   `env:"LISTEN" envDefault:"127.0.0.1:8080"`
	OpsListen      string   `env:"OPS_LISTEN" envDefault:"127.0.0.1:9090"` // metrics; loopback only
	BlobURL        string   `env:"BLOB_URL"`                               // file:///folder or s3://bucket
	BackupURL      string   `env:"BACKUP_URL"`                             // as docketry_backup, over the server's socket
	BackupBaseURL  string   `env:"BACKUP_BASE_URL"`                        // a login that may replicate, likewise; for base backups
	BackupDir      string   `env:"BACKUP_DIR"`                             // where backups go, and where the doctor looks for them
	MailURL        string   `env:"MAIL_URL"`                               // smtp://user:pass@host:587, or file:///folder
	MailFrom       string   `env:"MAIL_FROM"`                              // the bureau's own sender address
	MailDKIM       DKIM     `envPrefix:"MAIL_DKIM_"`                       // signs what is sent; all three or none
	TrustedProxies []string `env:"TRUSTED_PROXIES"`                        // CIDRs whose X-Forwarded-For counts

	SSOFile string   `env:"SSO_FILE"` // JSON: the providers through which firms' people sign in
	SSO     []Issuer `env:"-"`        // what it lists

	AuditFormerFile string `env:"AUDIT_FORMER_FILE"` // public halves of earlier audit keys, one a line
	auditFormer     string // what it holds

	Keys Keys `env:"-"`
}

// DKIM is the key that signs outgoing mail for the sender's domain.
type DKIM struct {
	Domain   string `env:"DOMAIN"`   // of MailFrom, such as bureau.example
	Selector string `env:"SELECTOR"` // the record is SELECTOR._domainkey.DOMAIN
	KeyFile  string `env:"KEY_FILE"` // PEM, RSA or Ed25519
	PEM      []byte `env:"-"`        // what the file holds
}

// On tells whether mail is to be signed.
func (d DKIM) On() bool { return d.Domain != "" || d.Selector != "" || d.KeyFile != "" }

// read takes the key in, or tells what is missing.
func (d *DKIM) read() (err error) {
	if !d.On() {
		return nil
	}
	if d.Domain == "" || d.Selector == "" || d.KeyFile == "" {
		return fmt.Errorf("%[1]sMAIL_DKIM_DOMAIN, %[1]sMAIL_DKIM_SELECTOR and %[1]sMAIL_DKIM_KEY_FILE go together: set all three or none", prefix)
	}
	if d.PEM, err = os.ReadFile(d.KeyFile); err != nil {
		return fmt.Errorf("%sMAIL_DKIM_KEY_FILE cannot be read: %w", prefix, err)
	}
	return nil
}

// Keys are the secrets, each at least 32 bytes, hex or base64, in KEY or KEY_FILE.
type Keys struct {
	Scope   []byte // seals row-security scopes
	Payload []byte // authenticates what travels in Redis
	Master  []byte // wraps each firm's data key
	Audit   []byte // Ed25519 seed that signs checkpoints: exactly 32 bytes
	Former  []byte // the master key before the present one, while it is being replaced; nil otherwise
	Session []byte // authenticates payors' links, known devices, and letters' one-time links

	// The key before each, or the next one, while it is being replaced: it is believed, and makes nothing.
	FormerScope   []byte
	FormerPayload []byte
	FormerSession []byte
}

const prefix = "DOCKETRY_"

// Load reads the environment. Each problem names its variable and what to do.
func Load() (Config, error) {
	var c Config
	if err := env.ParseWithOptions(&c, env.Options{Prefix: prefix}); err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	problems := []error{c.MailDKIM.read(), c.readSSO(), c.readAuditFormer()}
	if c.FirmTurns < 1 {
		problems = append(problems, fmt.Errorf("%sDATABASE_FIRM_TURNS is %d: a firm needs at least 1", prefix, c.FirmTurns))
	}
	for _, k := range []struct {
		name string
		into *[]byte
	}{
		{"SCOPE_KEY", &c.Keys.Scope}, {"PAYLOAD_KEY", &c.Keys.Payload}, {"MASTER_KEY", &c.Keys.Master},
		{"AUDIT_KEY", &c.Keys.Audit}, {"SESSION_KEY", &c.Keys.Session}, {"MASTER_KEY_FORMER", &c.Keys.Former},
		{"SCOPE_KEY_FORMER", &c.Keys.FormerScope}, {"PAYLOAD_KEY_FORMER", &c.Keys.FormerPayload},
		{"SESSION_KEY_FORMER", &c.Keys.FormerSession},
	} {
		b, err := secret(prefix + k.name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		*k.into = b
	}
	problems = append(problems, c.Keys.formers())
	return c, errors.Join(problems...)
}

// formers tells what is wrong with the keys that are configured beside present ones.
func (k Keys) formers() error {
	var problems []error
	for _, p := range []struct {
		name            string
		present, former []byte
	}{
		{"SCOPE_KEY", k.Scope, k.FormerScope}, {"PAYLOAD_KEY", k.Payload, k.FormerPayload}, {"MASTER_KEY", k.Master, k.Former},
		{"SESSION_KEY", k.Session, k.FormerSession},
	} {
		if len(p.former) > 0 && bytes.Equal(p.former, p.present) {
			problems = append(problems, fmt.Errorf("%[1]s%[2]s_FORMER is the same as %[1]s%[2]s: name the key before it, or leave it unset", prefix, p.name))
		}
	}
	return errors.Join(problems...)
}

// secret is the value of name, or of the file that name_FILE names; nil when neither is set.
func secret(name string) ([]byte, error) {
	text := os.Getenv(name)
	if file := os.Getenv(name + "_FILE"); file != "" {
		if text != "" {
			return nil, fmt.Errorf("%s and %s_FILE are both set: keep one", name, name)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s_FILE cannot be read: %w", name, err)
		}
		text = string(b)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		if b, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("%s is neither hex nor base64: make one with `openssl rand -hex 32`", name)
		}
	}
	switch {
	case len(b) < 32 || len(b) > 64:
		return nil, fmt.Errorf("%s has %d bytes, it needs 32 to 64: make one with `openssl rand -hex 32`", name, len(b))
	case sample(b):
		return nil, fmt.Errorf("%s is a sample value: make one with `openssl rand -hex 32`", name)
	}
	return b, nil
}

// sample tells a key of one repeated byte, as people leave them in examples.
func sample(b []byte) bool {
	for _, x := range b {
		if x != b[0] {
			return false
		}
	}
	return true
}

// ForServe tells everything that keeps `serve` from starting.
func (c Config) ForServe() error {
	return errors.Join(c.running(), c.publicURL(), loopback(prefix+"OPS_LISTEN", c.OpsListen))
}

// ForWork tells everything that keeps `work` from starting.
func (c Config) ForWork() error {
	return errors.Join(c.running(), c.publicURL(), need("MAIL_URL", c.MailURL), need("MAIL_FROM", c.MailFrom), loopback(prefix+"OPS_LISTEN", c.OpsListen))
}

// ForMigrate tells everything that keeps `migrate` and `admin` from starting.
func (c Config) ForMigrate() error {
	return errors.Join(need("MIGRATE_URL", c.MigrateURL), needKey("SCOPE_KEY", c.Keys.Scope))
}

// ForKeys tells everything that keeps `admin keys` from starting.
func (c Config) ForKeys() error {
	return errors.Join(c.ForMigrate(), needKey("MASTER_KEY", c.Keys.Master))
}

// FormerMasters are the master keys that open data keys besides the present one.
func (k Keys) FormerMasters() [][]byte {
	if len(k.Former) == 0 {
		return nil
	}
	return [][]byte{k.Former}
}

func (c Config) running() error {
	return errors.Join(
		need("DATABASE_URL", c.DatabaseURL), need("REDIS_URL", c.RedisURL), need("BLOB_URL", c.BlobURL),
		needKey("SCOPE_KEY", c.Keys.Scope), needKey("PAYLOAD_KEY", c.Keys.Payload), needKey("MASTER_KEY", c.Keys.Master),
		needKey("SESSION_KEY", c.Keys.Session), c.auditKey(),
	)
}

// FormerAudit are the public halves of the audit keys before the present one, as
// audit.NewSigningKey takes them; none where there was no other.
func (c Config) FormerAudit() []string {
	if strings.TrimSpace(c.auditFormer) == "" {
		return nil
	}
	return []string{c.auditFormer}
}

func (c *Config) readAuditFormer() error {
	if c.AuditFormerFile == "" {
		return nil
	}
	b, err := os.ReadFile(c.AuditFormerFile)
	if err != nil {
		return fmt.Errorf("%sAUDIT_FORMER_FILE cannot be read: %w", prefix, err)
	}
	c.auditFormer = string(b)
	return nil
}

func (c Config) auditKey() error {
	if len(c.Keys.Audit) != 32 {
		return fmt.Errorf("%sAUDIT_KEY must be exactly 32 bytes: make one with `openssl rand -hex 32` and keep it for good", prefix)
	}
	return nil
}

// publicURL is https anywhere but on a loopback address (DESIGN 2.17).
func (c Config) publicURL() error {
	u, err := url.Parse(c.PublicURL)
	switch {
	case c.PublicURL == "" || err != nil || u.Host == "":
		return fmt.Errorf("%sPUBLIC_URL is the address people type, such as https://billing.example.com", prefix)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return loopback(prefix+"LISTEN", c.Listen)
	default:
		return fmt.Errorf("%sPUBLIC_URL must start with https:// (plain http is for a loopback address only)", prefix)
	}
}

// Plain tells that this process serves plain http on loopback.
func (c Config) Plain() bool { return strings.HasPrefix(c.PublicURL, "http://") }

func loopback(name, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || !isLoopback(host) {
		return fmt.Errorf("%s must be a loopback address such as 127.0.0.1:9090, not %q", name, addr)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func need(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s%s is not set", prefix, name)
	}
	return nil
}

func needKey(name string, key []byte) error {
	if len(key) == 0 {
		return fmt.Errorf("%s%s is not set: make one with `openssl rand -hex 32`", prefix, name)
	}
	return nil
}
