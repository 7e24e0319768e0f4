package carry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/docketry/docketry/internal/outbound"
)

// head is Try over HTTPS. A web server may know no HEAD of the place, so any word but a
// refusal of who we are will do.
func (c *Carrier) head(ctx context.Context, t Target) error {
	status, _, err := c.deliver(ctx, t, outbound.Delivery{Method: "HEAD", Address: t.URL, Headers: t.headers()})
	switch {
	case err != nil:
		return unsent(err, false)
	case status >= 500:
		return &Error{Later, ServerFault, nil}
	case status == 401 || status == 403 || status == 407:
		return &Error{Refused, Credential, nil}
	case status >= 300 && status < 400:
		return &Error{Refused, Redirected, nil}
	}
	return nil
}

// put is Send over HTTPS.
func (c *Carrier) put(ctx context.Context, t Target, f File) (Receipt, error) {
	address, at, err := t.address(f.Name)
	if err != nil {
		return Receipt{}, &Error{Refused, Address, err}
	}
	headers := t.headers()
	headers["Content-Type"] = "text/plain"
	if path.Ext(f.Name) == ".xml" {
		headers["Content-Type"] = "application/xml"
	}
	headers["Content-Disposition"] = `attachment; filename="` + f.Name + `"`
	headers["Idempotency-Key"] = f.Part
	if sum, err := hex.DecodeString(f.SHA256); err == nil {
		headers["Content-Digest"] = "sha-256=:" + base64.StdEncoding.EncodeToString(sum) + ":"
	}
	if t.Method == "PUT" {
		headers["If-None-Match"] = "*" // never over what is there
	}
	status, whole, err := c.deliver(ctx, t, outbound.Delivery{Method: t.Method, Address: address, Headers: headers, Body: f.Bytes})
	if err != nil {
		return Receipt{}, unsent(err, whole)
	}
	if e := said(t.Method, status, whole); e != nil {
		return Receipt{}, e
	}
	return Receipt{at, int64(len(f.Bytes))}, nil
}

func (c *Carrier) deliver(ctx context.Context, t Target, d outbound.Delivery) (status int, whole bool, err error) {
	if t.CA != "" {
		pool, ok := Roots(t.CA)
		if !ok {
			return 0, false, x509.UnknownAuthorityError{}
		}
		d.Roots = pool
	}
	return c.calls.Deliver(ctx, d)
}

// address is where a file goes, and the path alone.
func (t Target) address(name string) (address, at string, err error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return "", "", errors.New("the address cannot be read")
	}
	if t.Method == "PUT" {
		u = u.JoinPath(name)
		return u.String(), u.Path, nil
	}
	return u.String(), strings.TrimSuffix(u.Path, "/") + "/" + name, nil
}

func (t Target) headers() map[string]string {
	h := map[string]string{"User-Agent": "Docketry"}
	if t.Auth == Basic {
		h["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(t.User+":"+t.Secret.Reveal()))
	} else {
		h["Authorization"] = "Bearer " + t.Secret.Reveal()
	}
	return h
}

// unsent is what the end of a call without an answer means.
func unsent(err error, whole bool) *Error {
	var unknown x509.UnknownAuthorityError
	var unfit *tls.CertificateVerificationError
	switch {
	case errors.Is(err, outbound.ErrAddress):
		return &Error{Refused, Address, err}
	case errors.As(err, &unfit) || errors.As(err, &unknown):
		return &Error{Refused, Certificate, err}
	case whole:
		return &Error{Uncertain, CutShort, err}
	}
	return &Error{Later, Unreachable, err}
}

// said is what an answer means, nil for one that takes the file. A gateway's failure, or a
// server's after it had the whole file, leaves open what became of it; and so do the
// redirects that say where to read on after a POST, which many servers answer when they took it.
func said(method string, status int, whole bool) *Error {
	switch {
	case method == "POST" && whole && (status == 301 || status == 302 || status == 303):
		return &Error{Uncertain, Redirected, nil}
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return &Error{Refused, Redirected, nil}
	case status == 401 || status == 407:
		return &Error{Refused, Credential, nil}
	case status == 403:
		return &Error{Refused, Permission, nil}
	case status == 404:
		return &Error{Refused, Folder, nil}
	case status == 409 || status == 412:
		return &Error{Refused, Collision, nil}
	case status == 408 || status == 429 || status == 503 || status == 507:
		return &Error{Later, ServerFault, nil}
	case status >= 500 && whole:
		return &Error{Uncertain, ServerFault, nil}
	case status >= 500:
		return &Error{Later, ServerFault, nil}
	}
	return &Error{Refused, Rejected, nil}
}
