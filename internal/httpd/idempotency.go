package httpd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
)

// ErrKeyReused is an Idempotency-Key that came before with another request.
var (
	ErrKeyReused = fault.New(fault.Invalid, "idempotency_key_reused", "this Idempotency-Key was used for another request; use a new one")
	// ErrShown is the answer to a repeated request whose first answer showed a secret.
	ErrShown = fault.New(fault.Conflict, "secret_shown", "this was made by the first request, and its secret was shown then and is not kept; if that answer was lost, end what was made and make another")
	// ErrDone is the answer to a repeated request of who may not see all that the first
	// answer shows any more.
	ErrDone    = fault.New(fault.Conflict, "done_already", "the first request has done this, and what you may see has changed since; read it again where it is")
	errKeyForm = fault.New(fault.Invalid, "idempotency_key_form", "an Idempotency-Key has 1 to 100 printable characters")
	errKeyless = fault.New(fault.Invalid, "idempotency_key_missing", "this makes something: send an Idempotency-Key of 1 to 100 printable characters, and the same one again when you do not know whether it was made")
)

// errAnswered rolls back a request whose failure is already written.
var errAnswered = errors.New("the request failed")

// keyed wants an Idempotency-Key of who makes something (DESIGN 8): whoever loses the
// answer could otherwise only guess whether it was made, or make it twice.
func keyed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Header.Get("Idempotency-Key") == "" {
			return errKeyless
		}
		return next(c)
	}
}

// once answers a repeated posting request with what the first one was answered
// (I15). The answer is kept in the transaction of the effect, in the firm of the
// path or else in the bureau's domain: after a crash either both are there or
// neither, and a retry finds out which (F01, F06). A refusal is not kept, but what
// its service chose to commit with it, such as a count of failures, is.
//
// An answer that shows a secret, such as a token's text, is not kept: secrets are shown
// once (T08). Asked again, it says that the thing was made. Nor is one sent to who may not
// see all of it any more, by a grant that ended, a wall, a matter's label, or a token that
// shows less (T24): that it was done is all they learn. Each repeated answer leaves a leaf.
func (s *Server) once(secret bool, next echo.HandlerFunc) echo.HandlerFunc {
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
		sum, err := sumOf(c.Request(), body)
		if err != nil {
			return err
		}
		return s.answerOnce(c, key, sum, body, secret, next)
	}
}

// answerOnce runs next inside a transaction that also keeps its answer, or answers as
// the request of the same key was answered before.
func (s *Server) answerOnce(c echo.Context, key string, sum, body []byte, secret bool, next echo.HandlerFunc) error {
	asked := c.Request().Context()
	ctx, err := s.keptIn(asked)
	if err != nil {
		return err
	}
	stands, err := s.standing(asked)
	if err != nil {
		return err
	}
	var a answer
	var refusal error
	again := false
	err = s.parts.DB.InFirm(ctx, func(tx *db.Tx) error {
		stands.begin(tx)
		before, done, err := s.earlier(tx, key, sum)
		if err != nil || done {
			a, again = before, done
			if err == nil && a.body.Len() > 0 {
				err = stands.allows(tx, c, &a)
			}
			return err
		}
		a, err = s.record(c, tx, body, next)
		switch {
		case err != nil && statusOf[asFault(err).Kind] >= http.StatusInternalServerError:
			return err
		case err != nil:
			refusal = err // a page's: an operation has answered by itself
			return letGo(tx, key)
		case a.status >= http.StatusInternalServerError:
			return errAnswered
		case a.status >= http.StatusBadRequest:
			return letGo(tx, key)
		case secret || outcomeOf(asked).secret:
			return s.keep(tx, key, answer{status: http.StatusConflict}, "")
		default:
			mark, err := stands.now(tx)
			if err != nil {
				return err
			}
			return s.keep(tx, key, a, mark)
		}
	})
	switch {
	case err != nil && !errors.Is(err, errAnswered):
		return err
	case refusal != nil:
		return refusal
	case again && a.status == http.StatusConflict:
		return ErrShown
	case again:
		return s.sendAgain(c, a)
	default:
		return a.send(c)
	}
}

// sendAgain sends an answer that was kept. It may speak of a restricted matter: to whom
// those are hidden by now it is shown after a factor, whatever it is.
func (s *Server) sendAgain(c echo.Context, a answer) error {
	hidden, err := s.Hidden(c.Request().Context())
	if err != nil {
		return err
	}
	if hidden {
		return people.ErrStale
	}
	return a.send(c)
}

// formOnce makes a page's form that is posted twice, by a second click or from the
// page that "back" shows, one act: the same fields under the same page's token get the
// answer of the first. Fields that differ are another act. Forms with files are left
// out, for the same file again changes nothing (I16), and so are downloads.
func (s *Server) formOnce(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		token := onceOf(c.FormValue("csrf"))
		if token == "" || r.MultipartForm != nil {
			return next(c)
		}
		sum, err := sumOf(r, []byte(r.PostForm.Encode()))
		if err != nil {
			return err
		}
		return s.answerOnce(c, "form "+token+" "+hex.EncodeToString(sum[:16]), sum, nil, false, next)
	}
}

// keptIn is the domain in which a request's answer is kept.
func (s *Server) keptIn(ctx context.Context) (context.Context, error) {
	sc, err := scope.From(ctx)
	if err != nil || sc.Firm != "" {
		return ctx, err
	}
	home, err := s.bureau(ctx)
	if err != nil {
		return ctx, err
	}
	return scope.InFirm(ctx, home), nil
}

// sumOf tells requests apart by method, address and body. A form of files is taken
// by its parts: the line between them is new each time a program sends the same form.
func sumOf(r *http.Request, body []byte) ([]byte, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", r.Method, r.URL.RequestURI())
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // one that cannot be read names no parts
	if media != "multipart/form-data" || params["boundary"] == "" {
		h.Write(body)
		return h.Sum(nil), nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return h.Sum(nil), nil
		}
		if err != nil {
			return nil, errBody
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, errBody
		}
		fmt.Fprintf(h, "%q %q %d\n", part.FormName(), part.FileName(), len(content))
		h.Write(content)
	}
}

// answer is a recorded response. It is an http.ResponseWriter.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer

	standing string    // of one that was kept
	at       time.Time // likewise
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

// keep stores the answer. Its body is sealed: it may hold what is privileged.
func (s *Server) keep(tx *db.Tx, key string, a answer, standing string) error {
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
	body, err := s.parts.Keys.Seal(tx, a.body.Bytes(), "idempotency", string(tx.Scope.Actor), key)
	if err != nil {
		return fmt.Errorf("seal the answer to a request: %w", err)
	}
	err = tx.Exec(`UPDATE idempotency SET status = ?, header = ?, body = ?, standing = ? WHERE firm_id = ? AND person_id = ? AND key = ?`,
		a.status, string(b), body, standing, tx.Scope.Firm, tx.Scope.Actor, key).Error
	if err != nil {
		return fmt.Errorf("keep the answer to a request: %w", err)
	}
	return nil
}

// letGo frees the key of a request that was refused: mended, it may come again.
func letGo(tx *db.Tx, key string) error {
	err := tx.Exec(`DELETE FROM idempotency WHERE firm_id = ? AND person_id = ? AND key = ?`, tx.Scope.Firm, tx.Scope.Actor, key).Error
	if err != nil {
		return fmt.Errorf("let go of an idempotency key: %w", err)
	}
	return nil
}

// earlier claims the key for this request, or returns what it was answered before.
// A request with the same key that is under way is waited for.
func (s *Server) earlier(tx *db.Tx, key string, hash []byte) (a answer, done bool, err error) {
	// A body may hold a password, which its bare hash would let guess.
	sealed, err := s.parts.Keys.Seal(tx, hash, "idempotency request", string(tx.Scope.Actor), key)
	if err != nil {
		return a, false, fmt.Errorf("seal what a request is told by: %w", err)
	}
	res := tx.Exec(`INSERT INTO idempotency (firm_id, person_id, key, request_hash, status, body, created_at) VALUES (?, ?, ?, ?, 0, '', ?) ON CONFLICT DO NOTHING`,
		tx.Scope.Firm, tx.Scope.Actor, key, sealed, tx.Now)
	if res.Error != nil {
		return a, false, fmt.Errorf("claim an idempotency key: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		return a, false, nil
	}
	var stored, body []byte
	var header string
	err = tx.Raw(`SELECT request_hash, status, header, body, standing, created_at FROM idempotency WHERE firm_id = ? AND person_id = ? AND key = ?`, tx.Scope.Firm, tx.Scope.Actor, key).
		Row().Scan(&stored, &a.status, &header, &body, &a.standing, &a.at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return a, false, db.ErrUnavailable // swept between the two statements
	case err != nil:
		return a, false, fmt.Errorf("read the answer to an earlier request: %w", err)
	}
	if len(stored) != sha256.Size { // else it is bare, of before 00127
		if stored, err = s.parts.Keys.Open(tx, stored, "idempotency request", string(tx.Scope.Actor), key); err != nil {
			return a, false, fmt.Errorf("open what an earlier request is told by: %w", err)
		}
	}
	if !bytes.Equal(stored, hash) {
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
	plain, err := s.parts.Keys.Open(tx, body, "idempotency", string(tx.Scope.Actor), key)
	if err != nil {
		return a, false, fmt.Errorf("open the answer to an earlier request: %w", err)
	}
	a.body.Write(plain)
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
