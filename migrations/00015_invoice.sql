-- 00015_invoice.sql: runs, numbered invoices that never change, and credit notes. Money in minor units.
-- +goose Up

-- One run has one id in every firm it covers, and a row in each.
CREATE TABLE run (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  name          text        NOT NULL,
  invoice_on    date        NOT NULL, -- the date on its invoices, local to the firm
  planned_count integer     NOT NULL,
  started_by    uuid,                 -- NULL: planned by machinery
  started_at    timestamptz NOT NULL,
  CONSTRAINT run_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT run_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT run_started_by_fkey FOREIGN KEY (started_by) REFERENCES person (id),
  CONSTRAINT run_name_length CHECK (length(name) BETWEEN 1 AND 80),
  CONSTRAINT run_planned_count_positive CHECK (planned_count > 0)
);
CALL isolate('run');
REVOKE UPDATE, DELETE ON run FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, name, invoice_on, planned_count, started_by, started_at) ON run TO docketry_bureau;
CREATE INDEX run_time ON run (firm_id, started_at DESC, id DESC);

-- One approved pre-bill of a run: what was planned, and how it ended.
CREATE TABLE run_item (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  run_id       uuid        NOT NULL,
  prebill_id   uuid        NOT NULL,
  matter_id    uuid        NOT NULL,
  currency     text        NOT NULL,
  planned_minor bigint     NOT NULL, -- net, as approved: the control total
  status       text        NOT NULL DEFAULT 'waiting',
  cause        text        NOT NULL DEFAULT '', -- a fault's code; failures are grouped by it
  message      text        NOT NULL DEFAULT '', -- the cause in words, C2
  acts         text        NOT NULL DEFAULT '', -- who must act on it
  tries        integer     NOT NULL DEFAULT 0,
  invoice_id   uuid,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT run_item_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT run_item_run_fkey FOREIGN KEY (firm_id, run_id) REFERENCES run (firm_id, id),
  CONSTRAINT run_item_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT run_item_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT run_item_once UNIQUE (firm_id, run_id, prebill_id),
  CONSTRAINT run_item_status_known CHECK (status IN ('waiting', 'issued', 'failed', 'withdrawn')),
  CONSTRAINT run_item_acts_known CHECK (acts IN ('', 'firm', 'bureau', 'operator')),
  CONSTRAINT run_item_issued_has_invoice CHECK ((status = 'issued') = (invoice_id IS NOT NULL)),
  CONSTRAINT run_item_failed_has_cause CHECK ((status = 'failed') = (cause <> '')),
  CONSTRAINT run_item_texts_length CHECK (length(cause) <= 60 AND length(message) <= 500),
  CONSTRAINT run_item_currency_form CHECK (currency ~ '^[A-Z]{3}$')
);
CALL isolate('run_item');
REVOKE DELETE ON run_item FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, run_id, matter_id, status, updated_at) ON run_item TO docketry_bureau;
-- A pre-bill waits in one run at a time, and is issued once.
CREATE UNIQUE INDEX run_item_live ON run_item (firm_id, prebill_id) WHERE status IN ('waiting', 'issued');
CREATE INDEX run_item_run ON run_item (firm_id, run_id, status);

-- Which state of an invoice may follow which; the same for every firm (I06, I12).
CREATE TABLE invoice_transition (
  from_status text NOT NULL,
  to_status   text NOT NULL,
  CONSTRAINT invoice_transition_pkey PRIMARY KEY (from_status, to_status)
);
INSERT INTO invoice_transition VALUES
  ('issued', 'sent'), ('issued', 'part_paid'), ('issued', 'paid'), ('issued', 'credited'),
  ('sent', 'part_paid'), ('sent', 'paid'), ('sent', 'credited'),
  ('part_paid', 'issued'), ('part_paid', 'sent'), ('part_paid', 'paid'), ('part_paid', 'credited'), -- back when a payment is reversed
  ('paid', 'issued'), ('paid', 'sent'), ('paid', 'part_paid'), ('paid', 'credited');
GRANT SELECT ON invoice_transition TO docketry_api, docketry_worker;

CREATE TABLE invoice (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  prebill_id     uuid        NOT NULL,
  run_id         uuid,
  matter_id      uuid        NOT NULL,
  client_id      uuid        NOT NULL,
  payor_id       uuid        NOT NULL,
  series         text        NOT NULL,
  n              bigint      NOT NULL, -- its place in the series, without gaps (I04)
  number         text        NOT NULL,
  issued_on      date        NOT NULL,
  due_on         date        NOT NULL,
  from_on        date        NOT NULL,
  to_on          date        NOT NULL,
  currency       text        NOT NULL,
  net_minor      bigint      NOT NULL,
  tax_minor      bigint      NOT NULL,
  total_minor    bigint      NOT NULL,
  credited_minor bigint      NOT NULL DEFAULT 0,
  paid_minor     bigint      NOT NULL DEFAULT 0,
  open_minor     bigint      NOT NULL,
  status         text        NOT NULL DEFAULT 'issued',
  content_hash   text        NOT NULL, -- SHA-256 of the document's canonical JSON
  document       jsonb       NOT NULL, -- the snapshot, C3
  issued_by      uuid,
  issued_at      timestamptz NOT NULL,
  sent_at        timestamptz,
  CONSTRAINT invoice_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT invoice_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT invoice_run_fkey FOREIGN KEY (firm_id, run_id) REFERENCES run (firm_id, id),
  CONSTRAINT invoice_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT invoice_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT invoice_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT invoice_series_fkey FOREIGN KEY (firm_id, series) REFERENCES number_series (firm_id, series),
  CONSTRAINT invoice_n_key UNIQUE (firm_id, series, n),
  CONSTRAINT invoice_number_key UNIQUE (firm_id, series, number),
  CONSTRAINT invoice_currency_key UNIQUE (firm_id, id, currency), -- what lines and allocations refer to (I23)
  CONSTRAINT invoice_prebill_once UNIQUE (firm_id, prebill_id, payor_id),
  CONSTRAINT invoice_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT invoice_number_length CHECK (length(number) BETWEEN 1 AND 20),
  CONSTRAINT invoice_dates_order CHECK (from_on <= to_on AND to_on <= issued_on AND issued_on <= due_on),
  CONSTRAINT invoice_total_sum CHECK (total_minor = net_minor + tax_minor AND total_minor >= 0),
  CONSTRAINT invoice_open_sum CHECK (open_minor = total_minor - credited_minor - paid_minor), -- I03
  CONSTRAINT invoice_open_positive CHECK (open_minor >= 0 AND paid_minor >= 0),               -- I09: what is too much stays unapplied
  CONSTRAINT invoice_credited_within CHECK (credited_minor BETWEEN 0 AND total_minor),        -- I07
  CONSTRAINT invoice_status_known CHECK (status IN ('issued', 'sent', 'part_paid', 'paid', 'credited')),
  CONSTRAINT invoice_status_is_true CHECK (CASE status
    WHEN 'credited' THEN credited_minor = total_minor
    WHEN 'paid' THEN open_minor = 0
    WHEN 'part_paid' THEN paid_minor > 0 AND open_minor > 0
    ELSE paid_minor = 0 END),
  CONSTRAINT invoice_sent_at_set CHECK (status <> 'sent' OR sent_at IS NOT NULL),
  CONSTRAINT invoice_hash_form CHECK (content_hash ~ '^[0-9a-f]{64}$')
);
CALL isolate('invoice');
REVOKE UPDATE, DELETE ON invoice FROM docketry_api, docketry_worker;
GRANT UPDATE (credited_minor, paid_minor, open_minor, status, sent_at) ON invoice TO docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, matter_id, number, issued_on, due_on, status) ON invoice TO docketry_bureau;
CREATE INDEX invoice_issued ON invoice (firm_id, issued_on DESC, id DESC);
CREATE INDEX invoice_matter ON invoice (firm_id, matter_id);
CREATE INDEX invoice_payor ON invoice (firm_id, payor_id);
CREATE INDEX invoice_due ON invoice (firm_id, due_on) WHERE open_minor > 0; -- reminders and aging

CREATE TABLE invoice_line (
  firm_id       uuid   NOT NULL,
  id            uuid   NOT NULL,
  invoice_id    uuid   NOT NULL,
  no            integer NOT NULL,
  entry_id      uuid   NOT NULL, -- billed at most once at a time: the claim of its pre-bill's line (I01)
  kind          text   NOT NULL,
  worked_on     date   NOT NULL,
  timekeeper    text   NOT NULL DEFAULT '', -- code, as billed
  task_code     text   NOT NULL DEFAULT '',
  activity_code text   NOT NULL DEFAULT '',
  expense_code  text   NOT NULL DEFAULT '',
  narrative     text   NOT NULL, -- C3
  quantity_e4   bigint NOT NULL,
  rate_e4       bigint NOT NULL,
  unit_e8       bigint NOT NULL, -- one minor unit of the currency at 1e-8: 1000000 for cents
  value_minor   bigint NOT NULL, -- quantity x rate, rounded once
  adjust_minor  bigint NOT NULL,
  amount_minor  bigint NOT NULL,
  tax_rate_e6   bigint NOT NULL,
  tax_minor     bigint NOT NULL,
  currency      text   NOT NULL,
  CONSTRAINT invoice_line_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT invoice_line_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency), -- I23
  CONSTRAINT invoice_line_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT invoice_line_no_key UNIQUE (firm_id, invoice_id, no),
  CONSTRAINT invoice_line_kind_known CHECK (kind IN ('fee', 'expense')),
  CONSTRAINT invoice_line_unit_known CHECK (unit_e8 IN (100000000, 10000000, 1000000, 100000, 10000)),
  -- I02: within half a minor unit of the product; which way a half goes is the stored rounding policy.
  CONSTRAINT invoice_line_value_rounded CHECK (2 * abs(value_minor::numeric * unit_e8 - quantity_e4::numeric * rate_e4) <= unit_e8),
  CONSTRAINT invoice_line_amount_sum CHECK (amount_minor = value_minor + adjust_minor)
);
CALL isolate('invoice_line');
REVOKE UPDATE, DELETE ON invoice_line FROM docketry_api, docketry_worker;

CREATE TABLE credit_note (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  invoice_id   uuid        NOT NULL,
  series       text        NOT NULL,
  n            bigint      NOT NULL,
  number       text        NOT NULL,
  issued_on    date        NOT NULL,
  currency     text        NOT NULL,
  net_minor    bigint      NOT NULL,
  tax_minor    bigint      NOT NULL,
  total_minor  bigint      NOT NULL,
  reason       text        NOT NULL,
  rebill       boolean     NOT NULL, -- the entries went back to be billed anew
  content_hash text        NOT NULL,
  document     jsonb       NOT NULL,
  issued_by    uuid,
  issued_at    timestamptz NOT NULL,
  CONSTRAINT credit_note_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT credit_note_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency), -- I06
  CONSTRAINT credit_note_series_fkey FOREIGN KEY (firm_id, series) REFERENCES number_series (firm_id, series),
  CONSTRAINT credit_note_n_key UNIQUE (firm_id, series, n),
  CONSTRAINT credit_note_number_key UNIQUE (firm_id, series, number),
  CONSTRAINT credit_note_total_sum CHECK (total_minor = net_minor + tax_minor AND total_minor > 0),
  CONSTRAINT credit_note_reason_length CHECK (length(reason) BETWEEN 3 AND 300),
  CONSTRAINT credit_note_hash_form CHECK (content_hash ~ '^[0-9a-f]{64}$')
);
CALL isolate('credit_note');
REVOKE UPDATE, DELETE ON credit_note FROM docketry_api, docketry_worker;
CREATE INDEX credit_note_invoice ON credit_note (firm_id, invoice_id);

-- The files of an invoice or a credit note, made from the snapshot at issue.
CREATE TABLE invoice_document (
  firm_id        uuid   NOT NULL,
  id             uuid   NOT NULL,
  invoice_id     uuid,
  credit_note_id uuid,
  format         text   NOT NULL,
  blob_id        uuid   NOT NULL,
  sha256         text   NOT NULL, -- of the file, before encryption
  size_bytes     bigint NOT NULL,
  notes          integer NOT NULL DEFAULT 0, -- texts that had to be spelt otherwise in a LEDES file
  CONSTRAINT invoice_document_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT invoice_document_invoice_fkey FOREIGN KEY (firm_id, invoice_id) REFERENCES invoice (firm_id, id),
  CONSTRAINT invoice_document_credit_note_fkey FOREIGN KEY (firm_id, credit_note_id) REFERENCES credit_note (firm_id, id),
  CONSTRAINT invoice_document_invoice_key UNIQUE (firm_id, invoice_id, format), -- one PDF and one LEDES each (F02)
  CONSTRAINT invoice_document_credit_note_key UNIQUE (firm_id, credit_note_id, format),
  CONSTRAINT invoice_document_of_one CHECK ((invoice_id IS NULL) <> (credit_note_id IS NULL)),
  CONSTRAINT invoice_document_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT invoice_document_format_known CHECK (format IN ('pdf', 'ledes_1998b', 'ledes_98bi_v2')),
  CONSTRAINT invoice_document_hash_form CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
CALL isolate('invoice_document');
REVOKE UPDATE, DELETE ON invoice_document FROM docketry_api, docketry_worker;

-- What was issued stays (I05), for every role and also when triggers of the owner would allow it.
-- +goose StatementBegin
CREATE FUNCTION issued_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on %: what was issued stays; correct it by a new row', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
END $$;
-- +goose StatementEnd

-- An invoice changes only in its running columns, and its status only along invoice_transition.
-- +goose StatementBegin
CREATE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'open_minor', 'status', 'sent_at'];
BEGIN
  IF NEW.document IS DISTINCT FROM OLD.document
     OR to_jsonb(NEW) - running - 'document'::text <> to_jsonb(OLD) - running - 'document'::text THEN
    RAISE EXCEPTION 'invoice %: what was issued stays; correct it by a credit note', OLD.number
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at THEN
    RAISE EXCEPTION 'invoice %: it was sent once', OLD.number USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF NEW.credited_minor < OLD.credited_minor THEN
    RAISE EXCEPTION 'invoice %: a credit is not taken back', OLD.number USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM invoice_transition s WHERE s.from_status = OLD.status AND s.to_status = NEW.status) THEN
    RAISE EXCEPTION 'invoice %: % does not follow %', OLD.number, NEW.status, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_transition';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- At commit an invoice has lines that sum to it (I03).
-- +goose StatementBegin
CREATE FUNCTION invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  SELECT i.number INTO bad FROM invoice i
    CROSS JOIN LATERAL (SELECT count(*) AS lines, coalesce(sum(l.amount_minor), 0) AS net, coalesce(sum(l.tax_minor), 0) AS tax
      FROM invoice_line l WHERE l.firm_id = i.firm_id AND l.invoice_id = i.id) s
    WHERE i.firm_id = NEW.firm_id AND i.id = NEW.id AND NOT (s.lines > 0 AND s.net = i.net_minor AND s.tax = i.tax_minor);
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'invoice %: the lines do not sum to the totals', bad USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- All lines of an invoice come in one statement; a further one would break the sum.
-- +goose StatementBegin
CREATE FUNCTION invoice_lines_complete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  SELECT i.number INTO bad FROM (SELECT DISTINCT firm_id, invoice_id FROM fresh) f
    JOIN invoice i ON i.firm_id = f.firm_id AND i.id = f.invoice_id
    CROSS JOIN LATERAL (SELECT sum(l.amount_minor) AS net, sum(l.tax_minor) AS tax
      FROM invoice_line l WHERE l.firm_id = i.firm_id AND l.invoice_id = i.id) s
    WHERE NOT (s.net = i.net_minor AND s.tax = i.tax_minor) LIMIT 1;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'invoice %: the lines do not sum to the totals', bad USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER invoice_runs_on BEFORE UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_runs_on();
CREATE TRIGGER invoice_stays BEFORE DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER invoice_not_truncated BEFORE TRUNCATE ON invoice FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE CONSTRAINT TRIGGER invoice_adds_up AFTER INSERT ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_adds_up();
CREATE TRIGGER invoice_line_complete AFTER INSERT ON invoice_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION invoice_lines_complete();
CREATE TRIGGER invoice_line_stays BEFORE UPDATE OR DELETE ON invoice_line FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER invoice_line_not_truncated BEFORE TRUNCATE ON invoice_line FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER credit_note_stays BEFORE UPDATE OR DELETE ON credit_note FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER credit_note_not_truncated BEFORE TRUNCATE ON credit_note FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER invoice_document_stays BEFORE UPDATE OR DELETE ON invoice_document FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER invoice_document_not_truncated BEFORE TRUNCATE ON invoice_document FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();

-- +goose Down
DROP TABLE invoice_document;
DROP TABLE credit_note;
DROP TABLE invoice_line;
DROP TABLE invoice;
DROP TABLE invoice_transition;
DROP TABLE run_item;
DROP TABLE run;
DROP FUNCTION invoice_lines_complete();
DROP FUNCTION invoice_adds_up();
DROP FUNCTION invoice_runs_on();
DROP FUNCTION issued_stays();
