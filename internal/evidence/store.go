package evidence

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/rbac"
)

// sheet is one file of rows. Its head is what its query calls the columns.
type sheet struct {
	name string
	head []string
	rows [][]string
}

// instant writes a moment as the log does, "" for none.
func instant(column string) string {
	return `coalesce(to_char(` + column + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')`
}

// numbers are those of what ids name, in a table of things with numbers.
func numbers(table, ids string) string {
	return `(SELECT string_agg(n.number, ' ' ORDER BY n.number) FROM ` + table + ` n WHERE n.firm_id = x.firm_id AND n.id = ANY (` + ids + `))`
}

// scope is what a grant or a request covers, by number.
var scope = `coalesce(CASE x.scope_kind WHEN 'matter' THEN ` + numbers("matter", "x.scope_ids") + ` WHEN 'client' THEN ` + numbers("client", "x.scope_ids") +
	` WHEN 'practice' THEN array_to_string(x.practice_groups, ' ') END, '')`

// works tells whose person somebody is.
const works = `CASE WHEN p.staff THEN 'bureau' ELSE 'firm' END`

// during is a grant that gave something at an instant of the period.
const during = `x.from_at < @to AND (x.ended_at IS NULL OR x.ended_at >= @from) AND (x.until_at IS NULL OR x.until_at >= @from)`

// queries make the files of rows of one firm and period.
var queries = []struct{ name, sql string }{
	{"grants.csv", `SELECT x.id::text AS grant_id, p.name AS person, p.id::text AS person_id, ` + works + ` AS of, coalesce(r.name, x.role) AS role, x.scope_kind AS scope, ` + scope + ` AS covers,
			'C' || x.class AS class, (ARRAY['standard', 'confidential', 'restricted', 'sealed'])[x.label + 1] AS level, ` + instant("x.from_at") + ` AS "from", ` + instant("x.until_at") + ` AS until, ` + instant("x.ended_at") + ` AS ended, coalesce(e.name, '') AS ended_by,
			coalesce(b.name, '') AS given_by, ` + instant("x.created_at") + ` AS given_at, x.reason AS reason, ` + instant("x.kept_at") + ` AS kept_at_review, coalesce(x.last_used_on::text, '') AS last_used_on
		FROM access_grant x JOIN acquaintance p ON p.id = x.person_id LEFT JOIN acquaintance b ON b.id = x.granted_by LEFT JOIN acquaintance e ON e.id = x.ended_by LEFT JOIN custom_role r ON r.firm_id = x.firm_id AND r.id = x.role_id
		WHERE x.firm_id = @firm AND ` + during + `
		ORDER BY p.name, x.created_at, x.id`},
	{"requests.csv", `SELECT x.id::text AS request_id, x.kind AS kind, p.name AS person, p.id::text AS person_id, x.role AS role, x.scope_kind AS scope, ` + scope + ` AS covers, 'C' || x.class AS class, (ARRAY['standard', 'confidential', 'restricted', 'sealed'])[x.label + 1] AS level,
			x.reason AS reason, coalesce(a.name, '') AS asked_by, ` + instant("x.asked_at") + ` AS asked_at, x.status AS status, CASE WHEN x.narrower THEN 'yes' ELSE '' END AS gave_less,
			coalesce(d.name, '') AS decided_by, ` + instant("x.decided_at") + ` AS decided_at, x.answer AS answer, coalesce(x.grant_id::text, '') AS grant_id
		FROM access_request x JOIN acquaintance p ON p.id = x.person_id LEFT JOIN acquaintance a ON a.id = x.asked_by LEFT JOIN acquaintance d ON d.id = x.decided_by
		WHERE x.firm_id = @firm AND x.asked_at < @to AND (x.decided_at IS NULL OR x.decided_at >= @from) ORDER BY x.asked_at, x.id`},
	{"walls.csv", `SELECT x.id::text AS wall_id, p.name AS person, p.id::text AS person_id, coalesce(` + numbers("client", "x.client_ids") + `, '') AS clients, coalesce(` + numbers("matter", "x.matter_ids") + `, '') AS matters,
			x.reason AS reason, ` + instant("x.from_at") + ` AS "from", ` + instant("x.ended_at") + ` AS lifted, coalesce(b.name, '') AS raised_by
		FROM wall x JOIN acquaintance p ON p.id = x.person_id LEFT JOIN acquaintance b ON b.id = x.created_by
		WHERE x.firm_id = @firm AND x.from_at < @to AND (x.ended_at IS NULL OR x.ended_at >= @from) ORDER BY x.from_at, x.id`},
	{"deputies.csv", `SELECT x.id::text AS deputy_id, coalesce(p.name, '') AS person, x.principal_id::text AS person_id, coalesce(q.name, '') AS deputy, x.deputy_id::text AS deputy_person_id,
			` + instant("x.from_at") + ` AS "from", ` + instant("x.until_at") + ` AS until, ` + instant("x.ended_at") + ` AS ended, coalesce(x.ended_why, '') AS ended_why, coalesce(e.name, '') AS ended_by,
			coalesce(b.name, '') AS named_by, ` + instant("x.named_at") + ` AS named_at, x.reason AS reason, (SELECT count(*) FROM prebill a WHERE a.firm_id = x.firm_id AND a.approved_under = x.id)::text AS approved
		FROM deputy x LEFT JOIN acquaintance p ON p.id = x.principal_id LEFT JOIN acquaintance q ON q.id = x.deputy_id LEFT JOIN acquaintance b ON b.id = x.named_by LEFT JOIN acquaintance e ON e.id = x.ended_by
		WHERE x.firm_id = @firm AND x.from_at < @to AND coalesce(x.ended_at, x.until_at) >= @from ORDER BY x.from_at, x.id`},
	{"people.csv", `SELECT p.id::text AS person_id, p.name AS name, p.email AS email, ` + works + ` AS of, p.status AS status
		FROM acquaintance p WHERE EXISTS (SELECT FROM access_grant x WHERE x.person_id = p.id AND x.firm_id = @firm AND ` + during + `)
		ORDER BY p.name, p.id`},
	// Of each of the bureau's people behind the grants: what they gave before the period's end, to the bureau
	// and to this firm, and a line that says so where they gave nothing.
	{"undertakings.csv", `SELECT p.name AS person, p.id::text AS person_id, coalesce(u.of, '') AS given_to, coalesce(u.version::text, '') AS version, coalesce(u.sha256, '') AS text_sha256, ` + instant("u.given_at") + ` AS given_at, ` + instant("u.published_at") + ` AS text_published_at
		FROM acquaintance p LEFT JOIN (
			SELECT b.person_id, 'bureau' AS of, b.version, b.sha256, b.given_at, t.published_at FROM bureau_undertaking_given b JOIN bureau_undertaking t USING (version)
			UNION ALL SELECT g.person_id, 'firm', g.version, g.sha256, g.given_at, t.published_at FROM firm_undertaking_given g JOIN firm_undertaking t USING (firm_id, version) WHERE g.firm_id = @firm) u
			ON u.person_id = p.id AND u.given_at < @to
		WHERE p.staff AND EXISTS (SELECT FROM access_grant x WHERE x.person_id = p.id AND x.firm_id = @firm AND ` + during + `) ORDER BY p.name, p.id, u.given_at, u.of`},
	{"training.csv", `SELECT p.name AS person, p.id::text AS person_id, k.name AS certificate, c.passed_on::text AS passed_on, c.valid_until::text AS valid_until, ` + instant("c.withdrawn_at") + ` AS withdrawn
		FROM acquaintance p JOIN certificate c ON c.person_id = p.id JOIN course k ON k.id = c.course_id
		WHERE p.staff AND c.passed_on < @to AND c.valid_until >= (@from)::date AND EXISTS (SELECT FROM access_grant x WHERE x.person_id = p.id AND x.firm_id = @firm AND ` + during + `)
		ORDER BY p.name, p.id, k.name, c.passed_on, c.id`},
	{"own_roles.csv", `SELECT x.id::text AS role_id, x.name AS name, array_to_string(x.permissions, ' ') AS permissions, ` + instant("x.created_at") + ` AS made_at, ` + instant("x.closed_at") + ` AS closed_at
		FROM custom_role x WHERE x.firm_id = @firm AND x.created_at < @to AND (x.closed_at IS NULL OR x.closed_at >= @from) ORDER BY x.name, x.id`},
}

// sheets are the files of rows of a period.
func (s *Service) sheets(tx *db.Tx, p Period) (list []sheet, err error) {
	period := map[string]any{"firm": tx.Scope.Firm, "from": p.From, "to": p.To}
	for _, q := range queries {
		x := sheet{name: q.name}
		if x.head, x.rows, err = table(tx, q.sql, period); err != nil {
			return nil, fmt.Errorf("gather %s: %w", q.name, err)
		}
		list = append(list, x)
	}
	roles, err := s.roles(tx, period)
	return append(list, roles), err
}

// table is what a query of text columns finds, under the columns' names.
func table(tx *db.Tx, query string, args map[string]any) (head []string, list [][]string, err error) {
	rows, err := tx.Raw(query, args).Rows()
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if head, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		row, into := make([]string, len(head)), make([]any, len(head))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		list = append(list, row)
	}
	return head, list, rows.Err()
}

// roles tells what the shipped roles may do that grants of the period name.
func (s *Service) roles(tx *db.Tx, period map[string]any) (x sheet, err error) {
	x = sheet{name: "roles.csv", head: []string{"role", "permission", "needs_class", "policy_line"}}
	var names []string
	err = tx.Raw(`SELECT DISTINCT x.role FROM access_grant x WHERE x.firm_id = @firm AND x.role_id IS NULL AND `+during, period).Scan(&names).Error
	if err != nil {
		return x, fmt.Errorf("list roles of grants: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, perm := range rbac.All() {
			if role := rbac.Role(name); s.policy.Allows(role, perm) {
				x.rows = append(x.rows, []string{name, string(perm), fmt.Sprintf("C%d", perm.Class()), s.policy.Explain(role, perm)})
			}
		}
	}
	return x, nil
}
