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
