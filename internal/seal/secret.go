package seal

import (
	"fmt"
	"log/slog"
)

// Secret is text that must never reach a log, an error, a page or a file by
// accident: a key, a token, a one-time code. Reveal is the only way to it.
type Secret string

// Privileged is a client's or lawyer's words (C3), kept from logs and errors in
// the same way.
type Privileged string

const (
	hiddenSecret     = "[secret]"
	hiddenPrivileged = "[privileged]"
)

// Reveal gives the text to the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String, Format, MarshalText and LogValue hide the text from fmt, slog and encoding/json.
func (Secret) String() string { return hiddenSecret }

// Format hides the text under every verb, %x and %#v among them.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenSecret)) }

// MarshalText hides the text from JSON and from every other encoder of texts.
func (Secret) MarshalText() ([]byte, error) { return []byte(hiddenSecret), nil }

// LogValue hides the text from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hiddenSecret) }

// Reveal gives the text to the one place that needs it.
func (p Privileged) Reveal() string { return string(p) }

// String, Format, MarshalText and LogValue hide the text as Secret's do.
func (Privileged) String() string { return hiddenPrivileged }

// Format hides the text under every verb.
func (Privileged) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenPrivileged)) }

// MarshalText hides the text from encoders.
func (Privileged) MarshalText() ([]byte, error) { return []byte(hiddenPrivileged), nil }

// LogValue hides the text from slog.
func (Privileged) LogValue() slog.Value { return slog.StringValue(hiddenPrivileged) }
