-- 00020_worklist_waits.sql: work for which nothing is promised gets five business days of its own (SLA.md 9),
-- and lists say what an item is about and how much money it carries.
-- +goose Up
ALTER TABLE work_item
  ADD COLUMN promised     boolean NOT NULL DEFAULT false, -- due_at is a clock's; else it is the end of the five business days
  ADD COLUMN entries      integer,                        -- of an import: what it brought, from when to when
  ADD COLUMN from_on      date,
  ADD COLUMN to_on        date,
  ADD COLUMN currency     text,                           -- of the amount, where all of it is in one
  ADD COLUMN amount_minor bigint,
  ADD CONSTRAINT work_item_about_whole CHECK ((entries IS NULL) = (from_on IS NULL) AND (from_on IS NULL) = (to_on IS NULL) AND from_on <= to_on),
  ADD CONSTRAINT work_item_amount_whole CHECK ((currency IS NULL) = (amount_minor IS NULL)),
  ADD CONSTRAINT work_item_currency_form CHECK (currency ~ '^[A-Z]{3}$');
UPDATE work_item w SET promised = true WHERE EXISTS (SELECT FROM clock c WHERE c.firm_id = w.firm_id AND c.item_id = w.id AND c.state <> 'completed');
UPDATE work_item SET due_at = deadline_at WHERE due_at IS NULL AND NOT promised AND status IN ('ready', 'leased');
UPDATE work_item w SET entries = e.n, from_on = e.from_on, to_on = e.to_on, currency = CASE WHEN e.currencies = 1 THEN e.currency END,
  amount_minor = CASE WHEN e.currencies = 1 THEN e.amount END
FROM (SELECT firm_id, import_id, count(*) AS n, min(worked_on) AS from_on, max(worked_on) AS to_on, count(DISTINCT currency) AS currencies, min(currency) AS currency,
  sum(amount_minor)::bigint AS amount FROM entry GROUP BY firm_id, import_id) e
WHERE w.subject_kind = 'import' AND e.firm_id = w.firm_id AND e.import_id = w.subject_id;
GRANT SELECT (promised, entries, from_on, to_on, currency, amount_minor) ON work_item TO docketry_bureau;
-- C2: services show them only where the person's grant does.
GRANT SELECT (currency) ON prebill TO docketry_bureau;
GRANT SELECT (firm_id, prebill_id, amount_minor, held) ON prebill_line TO docketry_bureau;
GRANT SELECT (currency, total_minor) ON invoice TO docketry_bureau;

-- +goose Down
REVOKE SELECT (currency, total_minor) ON invoice FROM docketry_bureau;
REVOKE SELECT (firm_id, prebill_id, amount_minor, held) ON prebill_line FROM docketry_bureau;
REVOKE SELECT (currency) ON prebill FROM docketry_bureau;
UPDATE work_item SET due_at = NULL WHERE NOT promised;
ALTER TABLE work_item DROP COLUMN promised, DROP COLUMN entries, DROP COLUMN from_on, DROP COLUMN to_on, DROP COLUMN currency, DROP COLUMN amount_minor;
