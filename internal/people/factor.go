package people

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// One-time codes are those every authenticator app makes: SHA-1, 6 digits, 30 s; a
// clock may be one step off (SECURITY 5).
const (
	stepSeconds    = 30
	digits         = 6
	recoveryCodes  = 10
	recoveryBytes  = 16 // 128 bits
	perChallenge   = 5
	perHour        = 20
	recoveryLength = 26 // of 16 bytes in base32
)

// appCode is what an app with the secret shows in one step.
func appCode(secret string, step int64) (string, error) {
	return totp.GenerateCodeCustom(secret, time.Unix(step*stepSeconds, 0), totp.ValidateOpts{Period: stepSeconds, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// AppCode is what an authenticator app with the secret shows at a moment.
func AppCode(secret string, at time.Time) (string, error) {
	return appCode(secret, at.Unix()/stepSeconds)
}

// stepOf finds the step in which the app shows code, at now or one step beside it
// and after last, for each step serves once (T12); 0 when there is none.
func stepOf(secret, code string, now time.Time, last int64) (int64, error) {
	found := int64(0)
	at := now.Unix() / stepSeconds
	for step := at - 1; step <= at+1; step++ {
		want, err := appCode(secret, step)
		if err != nil {
			return 0, fmt.Errorf("compute a one-time code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	return found, nil
}

// Shown is a secret for an authenticator app, before its first code was right.
type Shown struct {
	Secret string // base32, as people type it
	URL    string // as apps read it from the picture
	QR     [][]bool
}

// shownAgain is a secret that was made before.
func shownAgain(secret, email string) (Shown, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return Shown{}, fmt.Errorf("read the secret of an app: %w", err)
	}
	return keyOf(raw, email)
}

func newSecret(email string) (Shown, error) { return keyOf(nil, email) }

// keyOf makes a key of the raw secret, nil for a new one.
func keyOf(raw []byte, email string) (Shown, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Docketry", AccountName: email, Period: stepSeconds, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1, Secret: raw})
	if err != nil {
		return Shown{}, fmt.Errorf("make a secret for an app: %w", err)
	}
	return drawn(key)
}

// drawn is the key with its picture, true where it is dark.
func drawn(key *otp.Key) (Shown, error) {
	code, err := qr.Encode(key.URL(), qr.M, qr.Auto)
	if err != nil {
		return Shown{}, fmt.Errorf("draw the secret: %w", err)
	}
	s := Shown{Secret: key.Secret(), URL: key.URL()}
	for y := range code.Bounds().Dy() {
		row := make([]bool, code.Bounds().Dx())
		for x := range row {
			r, _, _, _ := code.At(x, y).RGBA()
			row[x] = r == 0
		}
		s.QR = append(s.QR, row)
	}
	return s, nil
}

// typed is a code without the blanks and dashes people put into it.
func typed(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code))
}

// checkCode tells a code that cannot be one from a wrong one: it costs no try.
func checkCode(code string) error {
	n := len([]rune(code))
	switch {
	case n == recoveryLength:
		return nil
	case n != digits:
		return ErrCode.With("that code has %d digits; it needs %d", n, digits)
	case strings.Trim(code, "0123456789") != "":
		return ErrCode.With("a code of an app has digits only")
	default:
		return nil
	}
}

// newRecoveryCode is 128 random bits in groups that can be copied from paper.
func newRecoveryCode() (string, error) {
	b := make([]byte, recoveryBytes)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make a recovery code: %w", err)
	}
	text := []byte(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
	var groups [][]byte
	for len(text) > 5 {
		groups, text = append(groups, text[:5]), text[5:]
	}
	return string(bytes.Join(append(groups, text), []byte("-"))), nil
}
