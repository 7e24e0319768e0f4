package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// withoutFirm lists the tables that have no firm_id, each with its reason. Any
// other table without one breaks the catalogue.
var withoutFirm = map[string]string{
	"goose_db_version":   "the migrations' own record",
	"person":             "one identity in every firm that grants it something; the grant carries the firm",
	"credential":         "a person's, before any firm is known",
	"reset_link":         "a person's, before any firm is known",
	"session":            "a person's, before any firm is known; holds no firm data",
	"prebill_transition": "the status graph of pre-bills, the same in every firm",
	"invoice_transition": "the status graph of invoices, the same in every firm",
	"factor":             "a person's, before any firm is known",
	"recovery_code":      "a person's, before any firm is known",
	"factor_try":         "a person's, before any firm is known",
	"passkey":            "a person's, before any firm is known",
	"passkey_challenge":  "a person's, or nobody's yet",
	"read_stop":          "a person's, over all firms",
	"sign_in_failure":    "counts by network, before any person is known",

	"bureau_undertaking":       "the bureau's own text, the same in every firm",
	"bureau_undertaking_given": "a person's word to the bureau, the same in every firm",
	"course":                   "the bureau's own, the same in every firm",
	"certificate":              "a person's, the same in every firm; holds no firm data",
}

// morePolicies lists policies beyond isolate()'s three, and firm policies that name
// one more role, each for a function in schema auth.
var morePolicies = map[string]string{
	"firm.auth":         "auth.active_firms, auth.bureau and auth.code_taken return ids and a yes or no",
	"access_grant.auth": "auth.person_firms, auth.person_firms_since and auth.person_waiting return the firms of one person",
	"custom_role.auth":  "auth.person_firms returns what a person's roles of a firm's own include",
	"outbox.auth":       "auth.job_firm returns the firm of one job",
	"audit_leaf.firm":   "docketry_audit owns auth.append_leaf and appends under the caller's sealed firm",
}

// Catalogue compares the database's own description of itself with the rules of
// SECURITY 1 and names every breach. Empty means that the walls stand. It runs in
// CI, at start and in `docketry doctor`.
func (d *DB) Catalogue(ctx context.Context) ([]string, error) {
	return d.breaches(ctx, func(rule) bool { return true })
}

func (d *DB) breaches(ctx context.Context, of func(r rule) bool) ([]string, error) {
	conn, err := d.pgx.Acquire(ctx)
	if err != nil {
		return nil, classify(err)
	}
	defer conn.Release()
	var breaches []string
	for _, rule := range rules {
		if !of(rule) {
			continue
		}
		rows, err := conn.Query(ctx, rule.sql)
		if err != nil {
			return nil, fmt.Errorf("catalogue rule %q: %w", rule.says, err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("catalogue rule %q: %w", rule.says, err)
		}
		for _, n := range names {
			if !rule.excused(n) {
				breaches = append(breaches, n+": "+rule.says)
			}
		}
	}
	slices.Sort(breaches)
	return breaches, nil
}

type rule struct {
	says  string
	sql   string            // returns the names of what breaks the rule
	allow map[string]string // names that may, with the reason
	// beside tells that firms are kept apart without it too: serve and work start all the same.
	beside bool
}

func (r rule) excused(name string) bool {
	_, ok := r.allow[name]
	return ok
}

const firmTables = `pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'firm_id' AND NOT a.attisdropped
	WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`

var rules = []rule{
	{
		says:  "has no firm_id and is not in the list of tables without one",
		allow: withoutFirm,
		sql: `SELECT relname::text FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'firm_id' AND NOT a.attisdropped)`,
	},
	{
		says: "row security is not enabled and forced",
		sql:  `SELECT c.relname::text FROM ` + firmTables + ` AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`,
	},
	{
		says: "firm_id may be null",
		sql:  `SELECT c.relname::text FROM ` + firmTables + ` AND NOT a.attnotnull`,
	},
	{
		says: "does not have the three policies of isolate()",
		sql: `SELECT c.relname::text FROM ` + firmTables + ` AND NOT EXISTS (
			SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname
			HAVING count(*) FILTER (WHERE policyname = 'firm' AND cmd = 'ALL'
					AND qual = '(firm_id = ( SELECT auth.firm() AS firm))' AND with_check = qual) = 1
				AND count(*) FILTER (WHERE policyname = 'bureau' AND cmd = 'SELECT' AND roles = '{docketry_bureau}'
					AND qual = '(NULLIF((firm_id = ANY (( SELECT auth.firms() AS firms)::uuid[])), false) IS NOT NULL)') = 1
				AND count(*) FILTER (WHERE policyname = 'migrate' AND roles = '{docketry_migrate}') = 1)`,
	},
	{
		says:  "has a policy or a policy role that is not in the list",
		allow: morePolicies,
		sql: `SELECT p.tablename || '.' || p.policyname FROM pg_policies p WHERE p.schemaname = 'public'
			AND NOT (p.policyname = 'firm' AND p.roles = '{docketry_api,docketry_worker}')
			AND NOT (p.policyname = 'bureau' AND p.roles = '{docketry_bureau}')
			AND NOT (p.policyname = 'migrate' AND p.roles = '{docketry_migrate}')`,
	},
	{
		says: "its primary key does not start with firm_id",
		sql: `SELECT c.relname::text FROM ` + firmTables + ` AND NOT EXISTS (SELECT FROM pg_constraint k
			WHERE k.conrelid = c.oid AND k.contype = 'p' AND k.conkey[1] = a.attnum)`,
	},
	{
		says: "is a unique constraint or index that does not start with firm_id",
		sql: `SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid, ` + firmTables + `
			AND c.oid = x.indrelid AND x.indisunique AND x.indkey[0] <> a.attnum`,
	},
	{
		says: "is a foreign key between firms' tables that does not carry firm_id",
		sql: `SELECT k.conname::text FROM pg_constraint k, ` + firmTables + ` AND c.oid = k.conrelid AND k.contype = 'f'
			AND EXISTS (SELECT FROM pg_attribute f WHERE f.attrelid = k.confrelid AND f.attname = 'firm_id' AND NOT f.attisdropped)
			AND NOT (k.conkey[1] = a.attnum AND EXISTS (SELECT FROM pg_attribute f
				WHERE f.attrelid = k.confrelid AND f.attname = 'firm_id' AND f.attnum = k.confkey[1]))`,
	},
	{
		says: "is a view without security_invoker, or a materialized view",
		sql: `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
			AND (relkind = 'm' OR (relkind = 'v' AND NOT coalesce(reloptions @> '{security_invoker=true}', false)))`,
	},
	{
		says: "is a SECURITY DEFINER function outside schema auth",
		sql:  `SELECT p.proname::text FROM pg_proc p WHERE p.prosecdef AND p.pronamespace NOT IN ('auth'::regnamespace, 'pg_catalog'::regnamespace)`,
	},
	{
		says: "is a SECURITY DEFINER function without a fixed search_path",
		sql: `SELECT p.proname::text FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'auth'::regnamespace
			AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=pg_catalog%')`,
	},
	{
		says: "a run-time role may truncate, reference or put triggers on it, or owns it",
		sql: `SELECT c.relname::text FROM pg_class c, unnest(ARRAY['docketry_api', 'docketry_worker', 'docketry_bureau']) r
			WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ('public'::regnamespace, 'auth'::regnamespace)
			AND (has_table_privilege(r, c.oid, 'TRUNCATE') OR has_table_privilege(r, c.oid, 'TRIGGER') OR pg_get_userbyid(c.relowner) = r)`,
	},
	{
		says: "the bureau role may write to it, or read all of it",
		sql: `SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
			AND has_table_privilege('docketry_bureau', c.oid, 'SELECT, INSERT, UPDATE, DELETE')`,
	},
	{
		says: "a run-time role may create objects in it",
		sql: `SELECT nspname::text FROM pg_namespace n, unnest(ARRAY['docketry_api', 'docketry_worker', 'docketry_bureau']) r
			WHERE n.nspname IN ('public', 'auth') AND has_schema_privilege(r, n.oid, 'CREATE')`,
	},
	{
		says: "is a setting that a run-time role gave itself",
		sql: `SELECT r.rolname || ' ' || array_to_string(s.setconfig, ', ') FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
			WHERE r.rolname IN ('docketry_api', 'docketry_worker', 'docketry_bureau')`,
	},
	{
		says: "this role must be neither superuser nor BYPASSRLS, nor able to create roles or databases",
		sql: `SELECT rolname::text FROM pg_roles WHERE (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)
			AND rolname IN (session_user, 'docketry_api', 'docketry_worker', 'docketry_bureau', 'docketry_auth', 'docketry_audit')`,
	},
	{
		says:   "the backup role cannot read it; run `docketry migrate up`",
		beside: true,
		sql: `SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles b WHERE b.rolname = 'docketry_backup' AND n.nspname IN ('public', 'auth')
			AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege(b.oid, c.oid, 'SELECT') WHEN 'r' THEN NOT has_table_privilege(b.oid, c.oid, 'SELECT') WHEN 'p' THEN NOT has_table_privilege(b.oid, c.oid, 'SELECT') ELSE false END`,
	},
	{
		says:   "this role must bypass row security, or backups hold no rows",
		beside: true,
		sql:    `SELECT rolname::text FROM pg_roles WHERE rolname = 'docketry_backup' AND NOT rolbypassrls`,
	},
	{
		says: "the backup role may do more with it than read",
		sql: `SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles b WHERE b.rolname = 'docketry_backup' AND n.nspname IN ('public', 'auth')
			AND c.relkind IN ('r', 'p', 'v') AND (has_table_privilege(b.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR c.relowner = b.oid)`,
	},
	{
		says: "this role must do nothing but read: no superuser, no maker of roles or databases, a member of no role",
		sql: `SELECT rolname::text FROM pg_roles b WHERE rolname = 'docketry_backup' AND (rolsuper OR rolcreaterole OR rolcreatedb
			OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = b.oid))`,
	},
	{
		says: "may create temporary tables in this database",
		sql:  `SELECT r::text FROM unnest(ARRAY['docketry_api', 'docketry_worker']) r WHERE has_database_privilege(r, current_database(), 'TEMPORARY')`,
	},
}

// RoleError lists why this database or role must not be used (T26).
type RoleError struct{ Breaches []string }

func (e *RoleError) Error() string {
	return "the database does not keep firms apart: " + strings.Join(e.Breaches, "; ")
}

// Check refuses a role that could see past the walls, a database in which a wall is
// missing, and one that does not accept the sealing keys. serve and work end with exit code 78 when it fails.
func (d *DB) Check(ctx context.Context) error {
	breaches, err := d.breaches(ctx, func(r rule) bool { return !r.beside })
	if err != nil {
		return err
	}
	if len(breaches) > 0 {
		return &RoleError{breaches}
	}
	return d.accepted(ctx)
}
