-- 00012_capture.sql: recorded time and costs, and the files they came from.
-- +goose Up
-- How the files of one source name their columns, where that differs from the default (DESIGN 7).
CREATE TABLE import_mapping (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  source       text        NOT NULL, -- 'practice system', as the firm calls it
  columns      jsonb       NOT NULL, -- our field -> the file's header
  date_form    text        NOT NULL DEFAULT 'YYYY-MM-DD',
  decimal_mark text        NOT NULL DEFAULT '.',
  delimiter    text        NOT NULL DEFAULT '', -- '' finds out
  changed_by   uuid,
  changed_at   timestamptz NOT NULL,
  version      integer     NOT NULL DEFAULT 1,
  CONSTRAINT import_mapping_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT import_mapping_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT import_mapping_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES person (id),
  CONSTRAINT import_mapping_source_key UNIQUE (firm_id, source),
  CONSTRAINT import_mapping_source_length CHECK (length(source) BETWEEN 1 AND 40),
  CONSTRAINT import_mapping_columns_object CHECK (jsonb_typeof(columns) = 'object' AND length(columns::text) <= 8192),
  CONSTRAINT import_mapping_date_form_known CHECK (date_form IN ('YYYY-MM-DD', 'YYYYMMDD', 'MM/DD/YYYY', 'DD/MM/YYYY', 'DD.MM.YYYY')),
  CONSTRAINT import_mapping_decimal_mark_known CHECK (decimal_mark IN ('.', ',')),
  CONSTRAINT import_mapping_delimiter_known CHECK (delimiter IN ('', ',', ';', E'\t'))
);
CALL isolate('import_mapping');

-- One reading of one file that landed something.
CREATE TABLE import_batch (
  firm_id     uuid        NOT NULL,
  id          uuid        NOT NULL,
  source      text        NOT NULL,
  format      text        NOT NULL,
  file_name   text        NOT NULL,
  file_hash   text        NOT NULL,
  file_bytes  bigint      NOT NULL,
  round       integer     NOT NULL, -- 1 the first time; again when refused rows became right, or after an undo
  delimiter   text        NOT NULL DEFAULT '',
  status      text        NOT NULL DEFAULT 'landed',
  rows_read     integer   NOT NULL,
  rows_landed   integer   NOT NULL,
  rows_refused  integer   NOT NULL,
  rows_repeated integer   NOT NULL, -- landed by an earlier import
  faults        integer   NOT NULL, -- all that were found; import_fault keeps the first of them
  imported_by uuid,                 -- NULL for machinery
  created_at  timestamptz NOT NULL,
  undone_by   uuid,
  undone_at   timestamptz,
  version     integer     NOT NULL DEFAULT 1,
  CONSTRAINT import_batch_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT import_batch_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT import_batch_imported_by_fkey FOREIGN KEY (imported_by) REFERENCES person (id),
  CONSTRAINT import_batch_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES person (id),
  -- I16: of two that read the same file at once, one takes the round.
  CONSTRAINT import_batch_file_key UNIQUE (firm_id, file_hash, round),
  CONSTRAINT import_batch_format_known CHECK (format IN ('csv', '1998B', '98BI_V2')),
  CONSTRAINT import_batch_hash_form CHECK (file_hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT import_batch_texts_length CHECK (length(source) BETWEEN 1 AND 40 AND length(file_name) <= 255),
  CONSTRAINT import_batch_status_known CHECK (status IN ('landed', 'undone')),
  CONSTRAINT import_batch_counts CHECK (rows_read = rows_landed + rows_refused + rows_repeated AND rows_landed >= 0 AND rows_refused >= 0 AND rows_repeated >= 0),
  CONSTRAINT import_batch_undone_set CHECK ((status = 'undone') = (undone_at IS NOT NULL))
);
CALL isolate('import_batch');
REVOKE UPDATE, DELETE ON import_batch FROM docketry_api, docketry_worker;
GRANT UPDATE (status, undone_by, undone_at, version) ON import_batch TO docketry_api, docketry_worker;
CREATE INDEX import_batch_time ON import_batch (firm_id, created_at DESC, id DESC);
GRANT SELECT (firm_id, id, format, status, rows_read, rows_landed, rows_refused, created_at) ON import_batch TO docketry_bureau;

-- What was wrong with which row. No narrative stands here, so it is C2.
CREATE TABLE import_fault (
  firm_id     uuid    NOT NULL,
  import_id   uuid    NOT NULL,
  seq         integer NOT NULL, -- order in the file
  line        integer NOT NULL, -- physical, from 1
  column_name text    NOT NULL, -- the file's header; '' for the whole row
  severity    text    NOT NULL,
  code        text    NOT NULL,
  value       text    NOT NULL,
  message     text    NOT NULL,
  fix         text    NOT NULL,
  CONSTRAINT import_fault_pkey PRIMARY KEY (firm_id, import_id, seq),
  CONSTRAINT import_fault_import_fkey FOREIGN KEY (firm_id, import_id) REFERENCES import_batch (firm_id, id),
  CONSTRAINT import_fault_severity_known CHECK (severity IN ('refused', 'warning')),
  CONSTRAINT import_fault_texts_length CHECK (length(column_name) <= 80 AND length(code) <= 40 AND length(value) <= 200 AND length(message) <= 500 AND length(fix) <= 300)
);
CALL isolate('import_fault');
REVOKE UPDATE, DELETE ON import_fault FROM docketry_api, docketry_worker;

-- A time entry or an expense as it was recorded. Its content never changes: a
-- pre-bill works on a copy. Its status and its pre-bill do.
CREATE TABLE entry (
  firm_id          uuid        NOT NULL,
  id               uuid        NOT NULL,
  kind             text        NOT NULL,
  matter_id        uuid        NOT NULL,
  timekeeper_id    uuid,                 -- NULL on a cost of nobody
  worked_on        date        NOT NULL,
  hours_e4         bigint      NOT NULL, -- 0 on a cost
  quantity_e4      bigint      NOT NULL, -- 0 on time
  unit_cost_e4     bigint      NOT NULL,
  rate_e4          bigint      NOT NULL, -- resolved for the work date; 0 on a cost
  rate_source      text        NOT NULL, -- which level gave it, in words
  standard_rate_e4 bigint      NOT NULL, -- the base of realization
  amount_minor     bigint      NOT NULL, -- hours x rate or quantity x unit cost, rounded once (I02)
  minor_digits     smallint    NOT NULL, -- decimals of the currency
  rounding         text        NOT NULL,
  currency         text        NOT NULL,
  narrative        text        NOT NULL, -- C3
  task_code        text        NOT NULL,
  activity_code    text        NOT NULL,
  expense_code     text        NOT NULL,
  import_id        uuid        NOT NULL,
  source_line      integer     NOT NULL, -- physical line of the file
  external_id      text        NOT NULL, -- as the source numbers it; '' when it does not
  fingerprint      uuid        NOT NULL, -- of source and external id, or of the content where there is none
  content          uuid        NOT NULL, -- of what the row said
  status           text        NOT NULL DEFAULT 'open',
  prebill_id       uuid,                 -- the one live pre-bill or invoice that holds it (I01); its key is added with table prebill
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL,
  CONSTRAINT entry_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT entry_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT entry_timekeeper_fkey FOREIGN KEY (firm_id, timekeeper_id) REFERENCES timekeeper (firm_id, id),
  CONSTRAINT entry_import_fkey FOREIGN KEY (firm_id, import_id) REFERENCES import_batch (firm_id, id),
  CONSTRAINT entry_kind_parts CHECK (CASE kind
    WHEN 'time' THEN timekeeper_id IS NOT NULL AND hours_e4 BETWEEN 1 AND 240000 AND rate_e4 >= 0 AND quantity_e4 = 0 AND unit_cost_e4 = 0
    WHEN 'expense' THEN hours_e4 = 0 AND rate_e4 = 0 AND quantity_e4 > 0 AND unit_cost_e4 >= 0
    ELSE false END),
  CONSTRAINT entry_ranges CHECK (quantity_e4 <= 100000000000000 AND unit_cost_e4 <= 100000000000000 AND rate_e4 <= 1000000000 AND standard_rate_e4 BETWEEN 0 AND 1000000000),
  CONSTRAINT entry_minor_digits_range CHECK (minor_digits BETWEEN 0 AND 4),
  CONSTRAINT entry_rounding_known CHECK (rounding IN ('half_up', 'half_even')),
  CONSTRAINT entry_amount_is_product CHECK (2 * abs(amount_minor::numeric * 10::numeric ^ (8 - minor_digits)
    - CASE kind WHEN 'time' THEN hours_e4::numeric * rate_e4 ELSE quantity_e4::numeric * unit_cost_e4 END) <= 10::numeric ^ (8 - minor_digits)),
  CONSTRAINT entry_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT entry_narrative_length CHECK (length(narrative) <= 15360), -- LEDES: 15 KB
  CONSTRAINT entry_texts_length CHECK (length(task_code) <= 20 AND length(activity_code) <= 20 AND length(expense_code) <= 20
    AND length(external_id) <= 80 AND length(rate_source) <= 60),
  CONSTRAINT entry_status_known CHECK (status IN ('open', 'billing', 'billed', 'removed')),
  CONSTRAINT entry_prebill_set CHECK ((status IN ('billing', 'billed')) = (prebill_id IS NOT NULL))
);
CALL isolate('entry');
REVOKE UPDATE, DELETE ON entry FROM docketry_api, docketry_worker;
GRANT UPDATE (status, prebill_id, version) ON entry TO docketry_api, docketry_worker;
-- I16: what a source numbers, or says, is taken once. A removed entry may come again.
CREATE UNIQUE INDEX entry_once ON entry (firm_id, fingerprint) WHERE status <> 'removed';
CREATE INDEX entry_matter ON entry (firm_id, matter_id, status, worked_on, id);    -- work in progress of a matter, and its list
CREATE INDEX entry_person_day ON entry (firm_id, timekeeper_id, worked_on);        -- what a person did around a day, for guidelines
CREATE INDEX entry_import ON entry (firm_id, import_id, source_line);              -- undo, and the import's page
CREATE INDEX entry_prebill ON entry (firm_id, prebill_id) WHERE prebill_id IS NOT NULL;
GRANT SELECT (firm_id, id, kind, matter_id, import_id, status, prebill_id, created_at) ON entry TO docketry_bureau;

-- The status graph. A live claim is never handed from one pre-bill to another.
-- +goose StatementBegin
CREATE FUNCTION entry_follows_graph() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = OLD.status AND NEW.prebill_id IS NOT DISTINCT FROM OLD.prebill_id
     OR (OLD.status, NEW.status) IN (('open', 'billing'), ('billing', 'open'), ('billed', 'open'), ('open', 'removed'))
     OR OLD.status = 'billing' AND NEW.status = 'billed' AND NEW.prebill_id = OLD.prebill_id THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an entry does not go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_status_graph', TABLE = 'entry';
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_graph BEFORE UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION entry_follows_graph();

-- +goose Down
DROP TABLE entry;
DROP FUNCTION entry_follows_graph();
DROP TABLE import_fault;
DROP TABLE import_batch;
DROP TABLE import_mapping;
