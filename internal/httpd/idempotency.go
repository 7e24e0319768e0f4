package httpd

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
)

// ErrKeyReused is an Idempotency-Key that came before with another request.
var (
	ErrKeyReused = fault.New(fault.Invalid, "idempotency_key_reused", "this Idempotency-Key was used for another request; use a new one")
	errKeyForm   = fault.New(fault.Invalid, "idempotency_key_form", "an Idempotency-Key has 1 to 100 printable characters")
)

// errAnswered rolls back a request whose refusal is already written.
var errAnswered = errors.New("the request was refused")

// once answers a repeated creating request with what the first one was answered
// (I15). The answer is kept in the transaction of the effect: after a crash either
// both are there or neither, and a retry finds out which (F01, F06).
func (s *Server) once(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		key := c.Request().Header.Get("Idempotency-Key")
		if key == "" {
			return next(c)
		}
		if len(key) > 100 || strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' }) {
			return errKeyForm
		}
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(c.Request().Method + " " + c.Request().URL.Path + "\n" + string(body)))
		var a answer
		err = s.parts.DB.InFirm(c.Request().Context(), func(tx *db.Tx) error {
			before, done, err := earlier(tx, key, sum[:])
			if err != nil || done {
				a = before
				return err
			}
			if a, err = s.record(c, tx, body, next); err != nil {
				return err
			}
			if a.status >= http.StatusMultipleChoices {
				return errAnswered
			}
			return keep(tx, key, a)
		})
		if err != nil && !errors.Is(err, errAnswered) {
			return err
		}
		return a.send(c)
	}
}

// answer is a recorded response. It is an http.ResponseWriter.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) WriteHeader(status int)      { a.status = status }

// record runs the rest of the request inside tx and keeps what it answers.
func (s *Server) record(c echo.Context, tx *db.Tx, body []byte, next echo.HandlerFunc) (a answer, err error) {
	a = answer{status: http.StatusOK, header: http.Header{}}
	request, response := c.Request(), c.Response()
	defer func() {
		c.SetRequest(request)
		c.SetResponse(response)
	}()
	inner := request.WithContext(db.Joining(request.Context(), tx))
	inner.Body = io.NopCloser(bytes.NewReader(body))
	c.SetRequest(inner)
	c.SetResponse(echo.NewResponse(&a, s.echo))
	err = next(c)
	return a, err
}

// kept are the headers that belong to an answer and not to one sending of it.
var kept = []string{"Content-Type", "Location", "Etag"}

func keep(tx *db.Tx, key string, a answer) error {
	header := map[string]string{}
	for _, name := range kept {
		if v := a.header.Get(name); v != "" {
			header[name] = v
		}
	}
	b, err := json.Marshal(header)
	if err != nil {
		return err
	}
	err = tx.Exec(`UPDATE idempotency SET status = ?, header = ?, body = ? WHERE firm_id = ? AND person_id = ? AND key = ?`,
		a.status, string(b), a.body.Bytes(), tx.Scope.Firm, tx.Scope.Actor, key).Error
	if err != nil {
		return fmt.Errorf("keep the answer to a request: %w", err)
	}
	return nil
}

// earlier claims the key for this request, or returns what it was answered before.
// A request with the same key that is under way is waited for.
func earlier(tx *db.Tx, key string, hash []byte) (a answer, done bool, err error) {
	res := tx.Exec(`INSERT INTO idempotency (firm_id, person_id, key, request_hash, status, body, created_at) VALUES (?, ?, ?, ?, 0, '', ?) ON CONFLICT DO NOTHING`,
		tx.Scope.Firm, tx.Scope.Actor, key, hash, tx.Now)
	if res.Error != nil {
		return a, false, fmt.Errorf("claim an idempotency key: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		return a, false, nil
	}
	var stored, body []byte
	var header string
	err = tx.Raw(`SELECT request_hash, status, header, body FROM idempotency WHERE firm_id = ? AND person_id = ? AND key = ?`, tx.Scope.Firm, tx.Scope.Actor, key).
		Row().Scan(&stored, &a.status, &header, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return a, false, db.ErrUnavailable // swept between the two statements
	case err != nil:
		return a, false, fmt.Errorf("read the answer to an earlier request: %w", err)
	case !bytes.Equal(stored, hash):
		return a, false, ErrKeyReused
	}
	a.header = http.Header{"Idempotency-Replayed": {"true"}}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(header), &values); err != nil {
		return a, false, fmt.Errorf("read the header of an earlier answer: %w", err)
	}
	for name, v := range values {
		a.header.Set(name, v)
	}
	a.body.Write(body)
	return a, true, nil
}

func (a *answer) send(c echo.Context) error {
	for name, values := range a.header {
		c.Response().Header()[name] = values
	}
	c.Response().WriteHeader(a.status)
	_, err := c.Response().Write(a.body.Bytes())
	return err
}
