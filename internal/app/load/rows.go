package load

// fillItems makes $1 open items, the same number for each firm, over its matters.
const fillItems = `INSERT INTO work_item (firm_id, id, type, priority, status, matter_id, subject_kind, subject_id, promised, entries, from_on, to_on, currency, amount_minor,
		received_at, created_at, due_at, hot_at, deadline_at)
	SELECT firm_id, gen_random_uuid(), type, 1 + n % 4, 'ready', matters[1 + n % cardinality(matters)], type, gen_random_uuid(), n % 2 = 0,
		CASE type WHEN 'time_import' THEN 40 END, CASE type WHEN 'time_import' THEN date '2026-10-01' END, CASE type WHEN 'time_import' THEN date '2026-10-31' END,
		CASE type WHEN 'time_import' THEN 'USD' END, CASE type WHEN 'time_import' THEN 1234500 END, at - interval '5 days', at - interval '5 days', at, at - interval '1 hour', at
	FROM (SELECT f.firm_id, f.matters, n, (ARRAY['time_import', 'prebill', 'invoice_issue'])[1 + n % 3] AS type, now() - interval '4 days' + random() * interval '32 days' AS at
		FROM (SELECT m.firm_id, array_agg(m.id) AS matters FROM matter m GROUP BY m.firm_id) f
		CROSS JOIN LATERAL generate_series(1, $1::int / (SELECT count(DISTINCT firm_id)::int FROM matter)) n) x`

// fillClocks starts the clock of each promised item.
const fillClocks = `INSERT INTO clock (firm_id, id, item_id, matter_id, work_type, target_id, calendar_id, target_key, priority, started_at, state, outcome, consumed_s, paused_s, target_s,
		seg_start_at, due_at, hot_at, projected_at)
	SELECT w.firm_id, gen_random_uuid(), w.id, w.matter_id, w.type, t.id, a.calendar_id, t.key, w.priority, w.received_at, 'running', 'open', 0, 0, 8 * 3600,
		w.received_at, w.due_at, w.hot_at, w.received_at
	FROM work_item w JOIN target t ON t.firm_id = w.firm_id AND t.kind = 'turnaround' AND w.type = ANY (t.work_types) JOIN agreement a ON a.firm_id = t.firm_id AND a.id = t.agreement_id
	WHERE w.promised`

// lapse starts the clocks of $1 items two weeks ago, so that they came due long since.
const lapse = `WITH due AS (SELECT c.firm_id, c.id FROM clock c WHERE c.state = 'running' AND NOT EXISTS (SELECT FROM clock_event e WHERE e.firm_id = c.firm_id AND e.clock_id = c.id) LIMIT $1),
	began AS (UPDATE clock c SET started_at = now() - interval '14 days', seg_start_at = now() - interval '14 days', next_check_at = now() - interval '1 hour'
		FROM due WHERE c.firm_id = due.firm_id AND c.id = due.id RETURNING c.firm_id, c.id, c.started_at, c.priority)
	INSERT INTO clock_event (firm_id, clock_id, seq, kind, occurred_at, recorded_at, source, priority) SELECT firm_id, id, 1, 'start', started_at, started_at, 'system', priority FROM began`

// newPeople are copies of the specialist, and newItems those of the items in a table of their
// own, under the index by which the plain claim looks.
var (
	newPeople = []string{
		`CREATE SCHEMA bench`, `CREATE TABLE bench.person AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, 50) n`,
		`INSERT INTO person SELECT (jsonb_populate_record(p, jsonb_build_object('id', n.id, 'email', 'claimer' || n.n || '@larkspur.example'))).*
			FROM person p CROSS JOIN bench.person n WHERE p.email = '` + who + `'`,
	}
	newItems = []string{
		`CREATE TABLE bench.item (LIKE work_item INCLUDING DEFAULTS)`,
		`INSERT INTO bench.item SELECT * FROM work_item`,
		`ALTER TABLE bench.item ADD PRIMARY KEY (firm_id, id)`,
		`CREATE INDEX ON bench.item (due_at) WHERE status = 'ready'`,
		`ANALYZE`,
	}
)

// access is where stands what a specialist is let in by.
var access = []string{"access_grant", "bureau_undertaking_given", "firm_undertaking_given", "certificate"}

// copied writes the statement that gives everybody in bench.person what the person of the
// address $2 has in the table $1.
const copied = `SELECT format('INSERT INTO %I (%s) SELECT %s FROM %I x JOIN person p ON p.id = x.person_id CROSS JOIN bench.person n WHERE p.email = %L',
		$1::text, string_agg(quote_ident(column_name), ', '),
		string_agg(CASE column_name WHEN 'id' THEN 'gen_random_uuid()' WHEN 'person_id' THEN 'n.id' ELSE 'x.' || quote_ident(column_name) END, ', '), $1::text, $2::text)
	FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`

// plainNext is the claim of a queue that knows no person, firm or order but the deadline.
const plainNext = `UPDATE bench.item SET status = 'leased', leased_by = $1::uuid, leased_at = now(), lease_until = now() + interval '15 minutes'
	WHERE (firm_id, id) = (SELECT firm_id, id FROM bench.item WHERE status = 'ready' ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING firm_id::text, id::text`
