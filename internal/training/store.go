package training

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/undertaking"
)

// whom are the bureau's people whom the domain of tx knows, as a condition on an alias p.
func whom(tx *db.Tx, home bool) (string, []any) {
	if home {
		return `p.staff AND p.status <> 'disabled'`, nil
	}
	return undertaking.Met, []any{tx.Scope.Firm, tx.Now, tx.Scope.Firm}
}

func records(tx *db.Tx, home bool) (list []Record, err error) {
	var rows []struct {
		ID   ident.PersonID
		Name string
	}
	cond, args := whom(tx, home)
	if err := tx.Raw(`SELECT p.id, p.name FROM acquaintance p WHERE `+cond+` ORDER BY p.name, p.id`, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list people of training: %w", err)
	}
	who := make([]ident.PersonID, len(rows))
	for i, r := range rows {
		who[i] = r.ID
	}
	all, err := certificatesOf(tx, who)
	if err != nil {
		return nil, err
	}
	byPerson := map[ident.PersonID][]Certificate{}
	for _, c := range all {
		byPerson[c.Person] = append(byPerson[c.Person], c)
	}
	for _, r := range rows {
		list = append(list, Record{Person: r.ID, Name: r.Name, Certificates: newest(byPerson[r.ID])})
	}
	return list, nil
}

func certificatesOf(tx *db.Tx, who []ident.PersonID) (list []Certificate, err error) {
	var rows []struct {
		ID         ident.CertificateID
		PersonID   ident.PersonID
		Course     string
		PassedOn   time.Time
		ValidUntil time.Time
		RecordedBy string
	}
	err = tx.Raw(`SELECT c.id, c.person_id, k.name AS course, c.passed_on, c.valid_until, b.name AS recorded_by
		FROM certificate c JOIN course k ON k.id = c.course_id JOIN person b ON b.id = c.recorded_by
		WHERE c.person_id = ANY (?::uuid[]) AND c.withdrawn_at IS NULL ORDER BY c.valid_until DESC, c.id`, db.Array(who)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list certificates: %w", err)
	}
	for _, r := range rows {
		list = append(list, Certificate{r.ID, r.PersonID, r.Course, r.PassedOn, r.ValidUntil, r.RecordedBy})
	}
	return list, nil
}

// met is ErrNotFound for somebody whom the domain of tx does not know.
func met(tx *db.Tx, who ident.PersonID, home bool) error {
	var found bool
	cond, args := whom(tx, home)
	err := tx.Raw(`SELECT EXISTS (SELECT FROM person p WHERE p.id = ? AND `+cond+`)`, append([]any{who}, args...)...).Row().Scan(&found)
	if err != nil {
		return fmt.Errorf("look for person %s: %w", who, err)
	}
	if !found {
		return ErrNotFound
	}
	return nil
}

func courses(tx *db.Tx) (list []Course, err error) {
	err = tx.Raw(`SELECT id, name, months FROM course WHERE closed_at IS NULL ORDER BY lower(name), id`).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list courses: %w", err)
	}
	return list, nil
}

func courseOf(tx *db.Tx, id ident.CourseID) (c Course, err error) {
	err = tx.Raw(`SELECT id, name, months, closed_at FROM course WHERE id = ?`, id).Row().Scan(&c.ID, &c.Name, &c.Months, &c.Closed)
	return c, wrap(err, "load course", id)
}

func insertCourse(tx *db.Tx, c Course) error {
	err := tx.Exec(`INSERT INTO course (id, name, months, created_by, created_at) VALUES (?, ?, ?, ?, ?)`, c.ID, c.Name, c.Months, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "course_name_key") {
		return ErrTaken
	}
	return wrap(err, "insert course", c.ID)
}

func closeCourse(tx *db.Tx, id ident.CourseID) error {
	res := tx.Exec(`UPDATE course SET closed_at = ? WHERE id = ? AND closed_at IS NULL`, tx.Now, id)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotFound
	}
	return wrap(res.Error, "close course", id)
}

func insertCertificate(tx *db.Tx, c Certificate, course ident.CourseID) error {
	err := tx.Exec(`INSERT INTO certificate (id, person_id, course_id, passed_on, valid_until, recorded_by, recorded_at) VALUES (?, ?, ?, ?::date, ?::date, ?, ?)`,
		c.ID, c.Person, course, c.PassedOn.Format(time.DateOnly), c.ValidUntil.Format(time.DateOnly), tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "certificate_once_key") {
		return ErrTwice
	}
	return wrap(err, "insert certificate", c.ID)
}

func lockCertificate(tx *db.Tx, id ident.CertificateID) (who ident.PersonID, err error) {
	err = tx.Raw(`SELECT person_id FROM certificate WHERE id = ? FOR UPDATE`, id).Row().Scan(&who)
	return who, wrap(err, "load certificate", id)
}

func withdraw(tx *db.Tx, id ident.CertificateID, reason string) error {
	res := tx.Exec(`UPDATE certificate SET withdrawn_at = ?, withdrawn_by = ?, reason = ? WHERE id = ? AND withdrawn_at IS NULL`, tx.Now, tx.Scope.Actor, reason, id)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrWithdrawn
	}
	return wrap(res.Error, "withdraw certificate", id)
}

// wrap names what failed; a row that is not there is ErrNotFound.
func wrap[T ~string](err error, what string, id T) error {
	return db.Absent(err, ErrNotFound, what, id)
}
