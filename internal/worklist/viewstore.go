package worklist

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

func readViews(tx *db.Tx) (list []View, err error) {
	var rows []struct {
		ID        ident.ViewID
		Name      string
		Tab       Tab
		WorkType  string
		ServedID  *ident.FirmID
		Search    string
		IsDefault bool
	}
	err = tx.Raw(`SELECT id, name, tab, work_type, served_id, search, is_default FROM queue_view WHERE firm_id = ? AND person_id = ? ORDER BY name`,
		tx.Scope.Firm, tx.Scope.Actor).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read saved views: %w", err)
	}
	for _, r := range rows {
		v := View{ID: r.ID, Name: r.Name, Tab: r.Tab, Type: r.WorkType, Search: r.Search, Default: r.IsDefault}
		if r.ServedID != nil {
			v.Firm = *r.ServedID
		}
		list = append(list, v)
	}
	return list, nil
}

func writeView(tx *db.Tx, v View) error {
	err := tx.Exec(`INSERT INTO queue_view (firm_id, person_id, id, name, tab, work_type, served_id, search, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (firm_id, person_id, name) DO UPDATE SET tab = excluded.tab, work_type = excluded.work_type, served_id = excluded.served_id, search = excluded.search`,
		tx.Scope.Firm, tx.Scope.Actor, v.ID, v.Name, v.Tab, v.Type, orNull(v.Firm), v.Search, tx.Now).Error
	if err != nil {
		return fmt.Errorf("save view %s: %w", v.ID, err)
	}
	if !v.Default {
		return nil
	}
	return setDefault(tx, v.ID, true)
}

func setDefault(tx *db.Tx, id ident.ViewID, on bool) error {
	err := tx.Exec(`UPDATE queue_view SET is_default = false WHERE firm_id = ? AND person_id = ? AND is_default`, tx.Scope.Firm, tx.Scope.Actor).Error
	if err != nil {
		return fmt.Errorf("end the default view: %w", err)
	}
	res := tx.Exec(`UPDATE queue_view SET is_default = ? WHERE firm_id = ? AND person_id = ? AND id = ?`, on, tx.Scope.Firm, tx.Scope.Actor, id)
	return oneView(res.RowsAffected, res.Error)
}

func deleteView(tx *db.Tx, id ident.ViewID) error {
	res := tx.Exec(`DELETE FROM queue_view WHERE firm_id = ? AND person_id = ? AND id = ?`, tx.Scope.Firm, tx.Scope.Actor, id)
	return oneView(res.RowsAffected, res.Error)
}

func oneView(rows int64, err error) error {
	if err != nil {
		return fmt.Errorf("change a saved view: %w", err)
	}
	if rows != 1 {
		return ErrNotFound
	}
	return nil
}
