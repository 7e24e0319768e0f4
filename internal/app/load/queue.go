package load

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/clock"
)

// CPU is the unit of what the measurements report beside their time: processor time of
// this process, which holds the web server; PostgreSQL's is not in it.
const CPU = "cpu-ns/op"

const queuePath = "/api/v1/queue?limit=50"

// Queue measures the first page of fifty of the specialist's queue over all firms: the
// session, the decision, the sealed scope, row security, clocks and confidentiality.
func (b *Bureau) Queue(t *testing.B) error { return b.measure(t, b.web, queuePath) }

// Deep measures the page behind the first half of the queue.
func (b *Bureau) Deep(t *testing.B) error {
	after, err := b.middle()
	if err != nil {
		return err
	}
	return b.measure(t, b.web, queuePath+"&after="+after)
}

// PlainQueue measures the same fifty rows from a web server that knows no person and
// no wall: echo, pgx, one question over the specialist's firms, JSON.
func (b *Bureau) PlainQueue(t *testing.B) error {
	return b.measure(t, b.bare(), queuePath)
}

func (b *Bureau) bare() http.Handler {
	e := echo.New()
	e.GET("/api/v1/queue", func(c echo.Context) error {
		rows, err := b.plain.Query(c.Request().Context(), plainQueue, b.firms, clock.System().Now(), 50)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[plainRow])
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]any{"items": list})
	})
	return e
}

// same makes sure that what is compared is the same: both list the same fifty items in
// the same order, and the queue counts every item there is.
func (b *Bureau) same() error {
	var ours, limit struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	var counts struct {
		All int64 `json:"all"`
	}
	for _, ask := range []struct {
		web  http.Handler
		path string
		into any
	}{{b.web, queuePath, &ours}, {b.bare(), queuePath, &limit}, {b.web, "/api/v1/queue/counts", &counts}} {
		rec, err := b.get(ask.web, ask.path)
		if err == nil {
			err = json.Unmarshal(rec.Body.Bytes(), ask.into)
		}
		if err != nil {
			return err
		}
	}
	if len(ours.Items) != 50 || !slices.Equal(ours.Items, limit.Items) {
		return fmt.Errorf("the queue lists %v, the same rows read plainly are %v", ours.Items, limit.Items)
	}
	if counts.All != items {
		return fmt.Errorf("the queue counts %d items, want %d", counts.All, items)
	}
	return nil
}

// measure asks for a page again and again and tells the processor time of one answer.
func (b *Bureau) measure(t *testing.B, web http.Handler, path string) error {
	began, err := used()
	if err != nil {
		return err
	}
	for t.Loop() {
		if _, err := b.get(web, path); err != nil {
			return err
		}
	}
	ended, err := used()
	t.ReportMetric(float64(ended-began)/float64(t.N), CPU)
	return err
}

func (b *Bureau) get(web http.Handler, path string) (*httptest.ResponseRecorder, error) {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://127.0.0.1"+path, http.NoBody)
	r.Header.Set("Cookie", b.cookie)
	rec := httptest.NewRecorder()
	web.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %s", path, rec.Code, rec.Body)
	}
	return rec, nil
}

// used is the processor time of this process so far.
func used() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// middle is the key after which the second half of the queue begins.
func (b *Bureau) middle() (string, error) {
	var key struct {
		At   time.Time `json:"at"`
		Firm string    `json:"firm"`
		Item string    `json:"item"`
	}
	err := b.plain.QueryRow(context.Background(), `SELECT deadline_at, firm_id::text, id::text FROM work_item
		WHERE deadline_at >= (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY deadline_at) FROM work_item) ORDER BY deadline_at, firm_id, id LIMIT 1`).Scan(&key.At, &key.Firm, &key.Item)
	if err != nil {
		return "", fmt.Errorf("find the middle of the queue: %w", err)
	}
	key.At = key.At.UTC()
	text, err := json.Marshal(key)
	return base64.RawURLEncoding.EncodeToString(text), err
}

type plainRow struct {
	Firm     string     `json:"firm_id"`
	Code     string     `json:"firm_code"`
	ID       string     `json:"id"`
	Type     string     `json:"type"`
	Priority int        `json:"priority"`
	Status   string     `json:"status"`
	Matter   *string    `json:"matter_id"`
	Number   *string    `json:"matter_number"`
	Name     *string    `json:"matter_name"`
	Client   *string    `json:"client_name"`
	Label    int        `json:"label"`
	Received time.Time  `json:"received_at"`
	Due      *time.Time `json:"due_at"`
	Promised bool       `json:"promised"`
	Currency *string    `json:"currency"`
	Minor    *int64     `json:"amount"`
	Holder   *string    `json:"holder"`
	Parked   *string    `json:"waiting_for"`
	Pinned   bool       `json:"pinned"`
	Kept     *string    `json:"kept_for"`
	Version  int        `json:"version"`
	Clock    *string    `json:"clock"`
	State    *string    `json:"clock_state"`
	Target   *int64     `json:"clock_target_s"`
	Used     *int64     `json:"clock_used_s"`
}

// plainQueue reads each firm by its own index, as PLATFORM 2 found to be fastest.
const plainQueue = `SELECT w.firm_id::text, f.code, w.id::text, w.type, w.priority, w.status, w.matter_id::text, m.number, m.name, c.name, m.label, w.received_at, w.due_at,
		w.promised, w.currency, w.amount_minor, h.name, w.parked_reason, w.pinned_at IS NOT NULL, k.name, w.version, t.name, x.state, x.target_s, x.consumed_s
	FROM (SELECT i.* FROM unnest($1::uuid[]) AS g(id) CROSS JOIN LATERAL (
			SELECT * FROM work_item w WHERE w.firm_id = g.id AND w.status IN ('ready', 'leased', 'parked') AND w.received_at < $2 ORDER BY w.deadline_at, w.id LIMIT $3) i
		ORDER BY i.deadline_at, i.firm_id, i.id LIMIT $3) w
	JOIN firm f ON f.firm_id = w.firm_id LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id LEFT JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
	LEFT JOIN person h ON h.id = w.leased_by LEFT JOIN person k ON k.id = w.reserved_for
	LEFT JOIN LATERAL (SELECT x.* FROM clock x WHERE x.firm_id = w.firm_id AND x.item_id = w.id AND x.state <> 'completed' ORDER BY x.due_at NULLS LAST LIMIT 1) x ON true
	LEFT JOIN target t ON t.firm_id = x.firm_id AND t.id = x.target_id
	ORDER BY w.deadline_at, w.firm_id, w.id`
