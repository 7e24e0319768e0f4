package blob

import (
	"fmt"
	"math"
	"strconv"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// Keys gives firms' data keys to what must seal something of theirs.
type Keys struct{ master *seal.Master }

// NewKeys wraps and opens data keys with master.
func NewKeys(master *seal.Master) *Keys {
	if master == nil {
		panic("blob: keys without a master key")
	}
	return &Keys{master}
}

// Present is the newest data key of the transaction's firm and its version. The
// first time it makes one.
func (k *Keys) Present(tx *db.Tx) (*seal.Key, int, error) {
	for range 2 {
		var rows []keyRow
		err := tx.Raw(`SELECT version, master_id, encode(wrapped, 'hex') AS wrapped FROM firm_key WHERE firm_id = ? ORDER BY version DESC LIMIT 1`,
			tx.Scope.Firm).Scan(&rows).Error
		if err != nil {
			return nil, 0, fmt.Errorf("read data key of firm %s: %w", tx.Scope.Firm, err)
		}
		if len(rows) == 1 {
			key, err := k.open(tx.Scope.Firm, rows[0])
			return key, rows[0].Version, err
		}
		if err := k.make(tx); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, fmt.Errorf("firm %s has no data key", tx.Scope.Firm)
}

// Version is one data key of the firm.
func (k *Keys) Version(tx *db.Tx, version int) (*seal.Key, error) {
	var rows []keyRow
	err := tx.Raw(`SELECT version, master_id, encode(wrapped, 'hex') AS wrapped FROM firm_key WHERE firm_id = ? AND version = ?`,
		tx.Scope.Firm, version).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read data key %d of firm %s: %w", version, tx.Scope.Firm, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("firm %s has no data key %d", tx.Scope.Firm, version)
	}
	return k.open(tx.Scope.Firm, rows[0])
}

// Seal seals a small secret of the transaction's firm for what aad names: its table
// and id. Open reverses it, also after the firm got a newer key.
func (k *Keys) Seal(tx *db.Tx, plain []byte, aad ...string) ([]byte, error) {
	key, version, err := k.Present(tx)
	if err != nil {
		return nil, err
	}
	if version > math.MaxUint8 {
		return nil, fmt.Errorf("data key %d of firm %s has no room in a sealed secret", version, tx.Scope.Firm)
	}
	sealed, err := key.Seal(plain, append([]string{string(tx.Scope.Firm)}, aad...)...)
	if err != nil {
		return nil, err
	}
	return append([]byte{byte(version)}, sealed...), nil
}

// Open is seal.ErrOpen unless everything is as Seal left it.
func (k *Keys) Open(tx *db.Tx, sealed []byte, aad ...string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, seal.ErrOpen
	}
	key, err := k.Version(tx, int(sealed[0]))
	if err != nil {
		return nil, err
	}
	return key.Open(sealed[1:], append([]string{string(tx.Scope.Firm)}, aad...)...)
}

// Rewrap wraps the firm's keys anew that a former master key wrapped, and tells how
// many. One that another process wrapped anew meanwhile is left as that one made it.
func (k *Keys) Rewrap(tx *db.Tx) (n int, err error) {
	var rows []keyRow
	err = tx.Raw(`SELECT version, master_id, encode(wrapped, 'hex') AS wrapped FROM firm_key WHERE firm_id = ? AND master_id <> ?`,
		tx.Scope.Firm, k.master.Present()).Scan(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("read data keys of firm %s: %w", tx.Scope.Firm, err)
	}
	for _, r := range rows {
		old, err := r.wrapping()
		if err != nil {
			return 0, err
		}
		w, err := k.master.Rewrap(old, bound(tx.Scope.Firm, r.Version)...)
		if err != nil {
			return 0, fmt.Errorf("rewrap data key %d of firm %s: %w", r.Version, tx.Scope.Firm, err)
		}
		done := tx.Exec(`UPDATE firm_key SET master_id = ?, wrapped = decode(?, 'hex') WHERE firm_id = ? AND version = ? AND master_id = ?`,
			w.MasterID, fmt.Sprintf("%x", w.Bytes), tx.Scope.Firm, r.Version, old.MasterID)
		if done.Error != nil {
			return 0, fmt.Errorf("store data key %d of firm %s: %w", r.Version, tx.Scope.Firm, done.Error)
		}
		n += int(done.RowsAffected)
	}
	return n, nil
}

// make adds the first key; when two do so at once, the second waits and then finds the first's.
func (k *Keys) make(tx *db.Tx) error {
	_, w, err := k.master.NewKey(bound(tx.Scope.Firm, 1)...)
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO firm_key (firm_id, version, master_id, wrapped, created_at) VALUES (?, 1, ?, decode(?, 'hex'), ?)
		ON CONFLICT (firm_id, version) DO NOTHING`, tx.Scope.Firm, w.MasterID, fmt.Sprintf("%x", w.Bytes), tx.Now).Error
	if err != nil {
		return fmt.Errorf("store data key of firm %s: %w", tx.Scope.Firm, err)
	}
	return nil
}

type keyRow struct {
	Version  int
	MasterID string
	Wrapped  string // hex
}

func (k *Keys) open(firm ident.FirmID, r keyRow) (*seal.Key, error) {
	w, err := r.wrapping()
	if err != nil {
		return nil, err
	}
	key, err := k.master.Unwrap(w, bound(firm, r.Version)...)
	if err != nil {
		return nil, fmt.Errorf("open data key %d of firm %s: %w", r.Version, firm, err)
	}
	return key, nil
}

func (r keyRow) wrapping() (seal.Wrapped, error) {
	var b []byte
	if _, err := fmt.Sscanf(r.Wrapped, "%x", &b); err != nil {
		return seal.Wrapped{}, fmt.Errorf("read data key %d: %w", r.Version, err)
	}
	return seal.Wrapped{MasterID: r.MasterID, Bytes: b}, nil
}

func bound(firm ident.FirmID, version int) []string {
	return []string{string(firm), strconv.Itoa(version)}
}
