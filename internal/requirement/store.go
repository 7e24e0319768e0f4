package requirement

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
)

// inForce is the firm's own guidelines in force, of f (firm_id, tz). It has one parameter, the present.
const inForce = `SELECT g.id, g.number, g.from_on FROM guide g WHERE g.firm_id = f.firm_id AND g.status = 'signed' AND g.client_id IS NULL AND g.matter_id IS NULL AND g.payor_id IS NULL AND g.group_id IS NULL
	AND g.from_on <= (?::timestamptz AT TIME ZONE f.tz)::date ORDER BY g.number DESC LIMIT 1`

// held is that p (id) holds the certificate that r asks for on the present day of f. It has one parameter, the present.
const held = `SELECT c.valid_until FROM certificate c WHERE c.person_id = p.id AND c.course_id = r.course_id AND c.withdrawn_at IS NULL
	AND (?::timestamptz AT TIME ZONE f.tz)::date BETWEEN c.passed_on AND c.valid_until ORDER BY c.valid_until DESC LIMIT 1`

// Of is what the people lack at the firms, which tx may read; clocks count the business
// time of preferences. It is one question for all of them, so that a claim stays quick.
func Of(tx *db.Tx, clocks *sla.Service, firms []ident.FirmID, people ...ident.PersonID) (s Standing, err error) {
	var rows []struct {
		FirmID    ident.FirmID
		PersonID  ident.PersonID
		WorkType  string
		Course    string
		PreferMin *int
		Number    int
	}
	err = tx.Raw(`WITH f AS MATERIALIZED (SELECT f.firm_id, f.tz FROM unnest(?::uuid[]) AS x(id) JOIN firm f ON f.firm_id = x.id), p AS MATERIALIZED (SELECT unnest(?::uuid[]) AS id)
		SELECT f.firm_id, p.id AS person_id, r.work_type, k.name AS course, r.prefer_min, 0 AS number
		FROM f JOIN work_requirement r ON r.firm_id = f.firm_id AND r.ended_at IS NULL JOIN course k ON k.id = r.course_id CROSS JOIN p
		WHERE NOT EXISTS (`+held+`)
		UNION ALL
		SELECT f.firm_id, p.id, '', '', NULL, g.number FROM f CROSS JOIN LATERAL (`+inForce+`) g CROSS JOIN p
		WHERE NOT EXISTS (SELECT FROM guide_word w WHERE w.firm_id = f.firm_id AND w.person_id = p.id AND w.guide_id = g.id)`,
		db.Array(firms), db.Array(people), tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return s, fmt.Errorf("read what work asks for: %w", err)
	}
	type wait struct {
		firm    ident.FirmID
		minutes int
	}
	since := map[wait]time.Time{}
	for _, r := range rows {
		m := missing{firm: r.FirmID, person: r.PersonID, typ: r.WorkType, lack: Lack{Kind: Certificate, Course: r.Course}}
		switch {
		case r.Number > 0:
			m.lack = Lack{Kind: Guidelines, Guide: r.Number}
		case r.PreferMin != nil:
			m.lack.Kind = Preferred
			at, known := since[wait{r.FirmID, *r.PreferMin}]
			if !known {
				if at, err = clocks.Ago(tx, r.FirmID, int64(*r.PreferMin)*60); err != nil {
					return s, err
				}
				since[wait{r.FirmID, *r.PreferMin}] = at
			}
			m.after = at
		}
		s.list = append(s.list, m)
	}
	return s, nil
}

// Open is, on w (work_item), that nothing keeps who from an item.
func (s Standing) Open(who ident.PersonID) (cond string, args []any) {
	cond, args = fourEyes, []any{who, who}
	var firms, types, after []string
	for _, m := range s.list {
		if m.person != who {
			continue
		}
		at := "-infinity"
		if !m.after.IsZero() {
			at = m.after.UTC().Format(time.RFC3339Nano)
		}
		firms, types, after = append(firms, string(m.firm)), append(types, m.typ), append(after, at)
	}
	if len(firms) == 0 {
		return cond, args
	}
	return cond + ` AND NOT EXISTS (SELECT FROM unnest(?::uuid[], ?::text[], ?::timestamptz[]) AS lack(firm, type, after)
		WHERE lack.firm = w.firm_id AND lack.type IN ('', w.type) AND w.created_at > lack.after)`, append(args, db.Array(firms), db.Array(types), db.Array(after))
}

// reviews is, on w (work_item), that its type reviews what somebody prepared.
const reviews = `w.type = 'invoice_issue' AND w.subject_kind = 'prebill'`

// fourEyes is, on w (work_item), that somebody, named twice, did not prepare what it reviews.
// A value, not a set: it is looked up for the few items of the type, never for all.
const fourEyes = `CASE WHEN ` + reviews + ` THEN coalesce((SELECT coalesce(b.prepared_by <> ?::uuid, true) AND coalesce(b.submitted_by <> ?::uuid, true)
	FROM prebill b WHERE b.firm_id = w.firm_id AND b.id = w.subject_id), true) ELSE true END`

// Preparers is, on w (work_item), a list of those whom four eyes keep from an item.
const Preparers = `CASE WHEN ` + reviews + ` THEN (SELECT array_remove(ARRAY[b.prepared_by::text, b.submitted_by::text], NULL) FROM prebill b WHERE b.firm_id = w.firm_id AND b.id = w.subject_id) END`

func requirements(tx *db.Tx) (list []Requirement, err error) {
	var rows []struct {
		ID         ident.RequirementID
		WorkType   string
		CourseID   ident.CourseID
		Course     string
		Mandatory  bool
		PreferMin  int
		Side       string
		SetBy      string
		SetAt      time.Time
		ValidUntil *time.Time
	}
	err = tx.Raw(`SELECT r.id, r.work_type, r.course_id, k.name AS course, r.mandatory, coalesce(r.prefer_min, 0) AS prefer_min, r.side, coalesce(b.name, '') AS set_by, r.set_at, h.valid_until
		FROM work_requirement r JOIN firm f ON f.firm_id = r.firm_id JOIN course k ON k.id = r.course_id CROSS JOIN (SELECT ?::uuid AS id) p
		LEFT JOIN acquaintance b ON b.id = r.set_by LEFT JOIN LATERAL (`+held+`) h ON true
		WHERE r.firm_id = ? AND r.ended_at IS NULL ORDER BY r.work_type, NOT r.mandatory, lower(k.name), r.id`, tx.Scope.Actor, tx.Now, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read requirements: %w", err)
	}
	for _, r := range rows {
		list = append(list, Requirement{r.ID, r.WorkType, r.CourseID, r.Course, r.Mandatory, r.PreferMin, r.Side == "firm", r.SetBy, r.SetAt.UTC(), r.ValidUntil})
	}
	return list, nil
}

// guide is the firm's own guidelines in force, nil without any.
func guide(tx *db.Tx) (*Guide, error) {
	var list []Guide
	err := tx.Raw(`SELECT g.id, g.number, g.from_on AS "from", w.said_at AS said FROM firm f CROSS JOIN LATERAL (`+inForce+`) g
		LEFT JOIN guide_word w ON w.firm_id = f.firm_id AND w.person_id = ? AND w.guide_id = g.id WHERE f.firm_id = ?`, tx.Now, tx.Scope.Actor, tx.Scope.Firm).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("find the firm's guidelines: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// unread are the names of those of the people who have no word on a version.
func unread(tx *db.Tx, id ident.GuideID, people []ident.PersonID) (names []string, err error) {
	err = tx.Raw(`SELECT p.name FROM person p WHERE p.id = ANY (?::uuid[])
		AND NOT EXISTS (SELECT FROM guide_word w WHERE w.firm_id = ? AND w.person_id = p.id AND w.guide_id = ?) ORDER BY p.name, p.id`, db.Array(people), tx.Scope.Firm, id).Scan(&names).Error
	if err != nil {
		return nil, fmt.Errorf("find who has not read guidelines %s: %w", id, err)
	}
	return names, nil
}

func courses(tx *db.Tx) (list []Course, err error) {
	if err := tx.Raw(`SELECT id, name FROM course WHERE closed_at IS NULL ORDER BY lower(name), id`).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list courses: %w", err)
	}
	return list, nil
}

func insert(tx *db.Tx, id ident.RequirementID, d Draft, side string) error {
	var prefer *int
	if !d.Mandatory {
		prefer = &d.PreferMin
	}
	res := tx.Exec(`INSERT INTO work_requirement (firm_id, id, work_type, course_id, mandatory, prefer_min, side, set_by, set_at)
		SELECT ?, ?, ?, k.id, ?, ?, ?, ?, ? FROM course k WHERE k.id = ? AND k.closed_at IS NULL`,
		tx.Scope.Firm, id, d.Type, d.Mandatory, prefer, side, tx.Scope.Actor, tx.Now, d.Course)
	switch {
	case db.Violates(res.Error, "work_requirement_once"):
		return ErrTwice
	case res.Error != nil:
		return fmt.Errorf("insert requirement: %w", res.Error)
	case res.RowsAffected == 0:
		return ErrNotFound
	}
	return nil
}

func lock(tx *db.Tx, id ident.RequirementID) (r Requirement, err error) {
	var side string
	err = tx.Raw(`SELECT id, work_type, course_id, side FROM work_requirement WHERE firm_id = ? AND id = ? AND ended_at IS NULL FOR UPDATE`, tx.Scope.Firm, id).Row().Scan(&r.ID, &r.Type, &r.CourseID, &side)
	r.OfFirm = side == "firm"
	return r, db.Absent(err, ErrNotFound, "load requirement", id)
}

func end(tx *db.Tx, id ident.RequirementID) error {
	if err := tx.Exec(`UPDATE work_requirement SET ended_by = ?, ended_at = ? WHERE firm_id = ? AND id = ?`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("end requirement %s: %w", id, err)
	}
	return nil
}

func insertWord(tx *db.Tx, id ident.GuideID) (fresh bool, err error) {
	res := tx.Exec(`INSERT INTO guide_word (firm_id, person_id, guide_id, said_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, tx.Scope.Firm, tx.Scope.Actor, id, tx.Now)
	if res.Error != nil {
		return false, fmt.Errorf("insert the word on guidelines %s: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}
