-- 00014_prebill.sql: the draft that a partner reviews before a client sees anything.
-- +goose Up
-- The status graph (I12): which step may follow which, and the permission it takes.
CREATE TABLE prebill_transition (
  from_status text NOT NULL,
  to_status   text NOT NULL,
  permission  text NOT NULL,
  CONSTRAINT prebill_transition_pkey PRIMARY KEY (from_status, to_status)
);
INSERT INTO prebill_transition (from_status, to_status, permission) VALUES
  ('draft', 'in_review', 'prebill.submit'),
  ('draft', 'cancelled', 'prebill.cancel'),
  ('in_review', 'approved', 'prebill.approve'),
  ('in_review', 'changes_requested', 'prebill.approve'),
  ('in_review', 'cancelled', 'prebill.cancel'),
  ('changes_requested', 'in_review', 'prebill.submit'),
  ('changes_requested', 'cancelled', 'prebill.cancel'),
  ('approved', 'in_review', 'prebill.approve'),  -- withdrawn, or voided by a change (then prebill.edit)
  ('approved', 'taken', 'invoice.issue');
GRANT SELECT ON prebill_transition TO docketry_api, docketry_worker;

CREATE TABLE prebill (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  number        bigint      NOT NULL, -- shown as PB-1184
  matter_id     uuid        NOT NULL,
  payor_id      uuid        NOT NULL,
  currency      text        NOT NULL,
  through_on    date        NOT NULL, -- last work date that belongs on it
  status        text        NOT NULL DEFAULT 'draft',
  prepared_by   uuid,                 -- NULL when a schedule built it
  prepared_at   timestamptz NOT NULL,
  submitted_by  uuid,
  submitted_at  timestamptz,
  note          text        NOT NULL DEFAULT '', -- why it was sent back
  approved_by   uuid,
  approved_at   timestamptz,
  approved_hash text        NOT NULL DEFAULT '', -- SHA-256 of what was approved
  taken_at      timestamptz,
  cancelled_at  timestamptz,
  version       integer     NOT NULL DEFAULT 1,
  CONSTRAINT prebill_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT prebill_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT prebill_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT prebill_prepared_by_fkey FOREIGN KEY (prepared_by) REFERENCES person (id),
  CONSTRAINT prebill_submitted_by_fkey FOREIGN KEY (submitted_by) REFERENCES person (id),
  CONSTRAINT prebill_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES person (id),
  CONSTRAINT prebill_number_key UNIQUE (firm_id, number),
  CONSTRAINT prebill_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT prebill_status_known CHECK (status IN ('draft', 'in_review', 'changes_requested', 'approved', 'taken', 'cancelled')),
  CONSTRAINT prebill_note_length CHECK (length(note) <= 2000),
  -- Four eyes (I13): who prepared or handed in a pre-bill never approves it.
  CONSTRAINT prebill_four_eyes CHECK (approved_by IS NULL
    OR (approved_by IS DISTINCT FROM prepared_by AND approved_by IS DISTINCT FROM submitted_by)),
  CONSTRAINT prebill_approval_set CHECK (CASE WHEN status IN ('approved', 'taken')
    THEN approved_by IS NOT NULL AND approved_at IS NOT NULL AND approved_hash ~ '^[0-9a-f]{64}$'
    ELSE approved_by IS NULL AND approved_at IS NULL AND approved_hash = '' END),
  CONSTRAINT prebill_taken_at_set CHECK ((status = 'taken') = (taken_at IS NOT NULL)),
  CONSTRAINT prebill_cancelled_at_set CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);
CALL isolate('prebill');
REVOKE DELETE ON prebill FROM docketry_api, docketry_worker;
-- One open pre-bill of a matter and payor: what comes later waits for the next cycle.
CREATE UNIQUE INDEX prebill_open ON prebill (firm_id, matter_id, payor_id) WHERE status NOT IN ('taken', 'cancelled');
CREATE INDEX prebill_status ON prebill (firm_id, status, id); -- the partner's list, and the run's
GRANT SELECT (firm_id, id, number, matter_id, payor_id, status, submitted_at, approved_at, version) ON prebill TO docketry_bureau;

-- The copy of an entry that is edited; the entry stays as recorded.
CREATE TABLE prebill_line (
  firm_id          uuid    NOT NULL,
  id               uuid    NOT NULL,
  prebill_id       uuid    NOT NULL,
  entry_id         uuid    NOT NULL,
  position         integer NOT NULL,
  kind             text    NOT NULL,
  worked_on        date    NOT NULL,
  timekeeper_id    uuid,             -- NULL on a cost
  quantity_e4      bigint  NOT NULL, -- hours of time
  rate_e4          bigint  NOT NULL, -- unit price of a cost
  value_minor      bigint  NOT NULL, -- quantity x rate, rounded once
  write_down_minor bigint  NOT NULL DEFAULT 0,
  amount_minor     bigint  NOT NULL GENERATED ALWAYS AS (value_minor - write_down_minor) STORED,
  narrative        text    NOT NULL, -- C3
  task_code        text    NOT NULL,
  activity_code    text    NOT NULL,
  expense_code     text    NOT NULL,
  reason           text    NOT NULL DEFAULT '', -- of the last change of value
  held             boolean NOT NULL DEFAULT false,
  live             boolean NOT NULL DEFAULT true, -- holds the entry; false once it has gone back to WIP
  CONSTRAINT prebill_line_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT prebill_line_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_line_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT prebill_line_timekeeper_fkey FOREIGN KEY (firm_id, timekeeper_id) REFERENCES timekeeper (firm_id, id),
  CONSTRAINT prebill_line_position_key UNIQUE (firm_id, prebill_id, position),
  CONSTRAINT prebill_line_kind_known CHECK (kind IN ('time', 'expense')),
  CONSTRAINT prebill_line_write_down_range CHECK (write_down_minor = 0 OR (write_down_minor > 0 AND write_down_minor <= value_minor)),
  CONSTRAINT prebill_line_quantity_range CHECK (kind = 'expense' OR (quantity_e4 >= 0 AND rate_e4 >= 0)),
  CONSTRAINT prebill_line_narrative_length CHECK (length(narrative) <= 15360),
  CONSTRAINT prebill_line_codes_length CHECK (length(task_code) <= 20 AND length(activity_code) <= 20 AND length(expense_code) <= 20),
  CONSTRAINT prebill_line_reason_known CHECK (reason IN ('', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP', 'FIXED', 'GUIDELINE', 'QUALITY',
    'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER'))
);
CALL isolate('prebill_line');
REVOKE DELETE ON prebill_line FROM docketry_api, docketry_worker;
-- I01: an entry is on at most one live pre-bill, whoever builds and how many at once.
CREATE UNIQUE INDEX prebill_line_claim ON prebill_line (firm_id, entry_id) WHERE live;
ALTER TABLE entry ADD CONSTRAINT entry_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id);
ALTER TABLE finding ADD CONSTRAINT finding_line_fkey FOREIGN KEY (firm_id, line_id) REFERENCES prebill_line (firm_id, id);

-- Every change of a line, with both sides. Rows are only added; an undo is marked.
CREATE TABLE prebill_edit (
  firm_id             uuid        NOT NULL,
  id                  uuid        NOT NULL,
  prebill_id          uuid        NOT NULL,
  line_id             uuid        NOT NULL,
  seq                 integer     NOT NULL, -- order on the line
  side                text        NOT NULL, -- the billing team or the firm
  before              jsonb       NOT NULL, -- C3
  after               jsonb       NOT NULL, -- C3
  before_minor        bigint      NOT NULL, -- what the line added to the bill; 0 while held
  after_minor         bigint      NOT NULL,
  reason              text        NOT NULL,
  note                text        NOT NULL DEFAULT '',
  edited_by           uuid        NOT NULL,
  edited_at           timestamptz NOT NULL,
  undone_by           uuid,
  undone_at           timestamptz,
  CONSTRAINT prebill_edit_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT prebill_edit_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_edit_line_fkey FOREIGN KEY (firm_id, line_id) REFERENCES prebill_line (firm_id, id),
  CONSTRAINT prebill_edit_edited_by_fkey FOREIGN KEY (edited_by) REFERENCES person (id),
  CONSTRAINT prebill_edit_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES person (id),
  CONSTRAINT prebill_edit_seq_key UNIQUE (firm_id, line_id, seq),
  CONSTRAINT prebill_edit_side_known CHECK (side IN ('bureau', 'firm')),
  CONSTRAINT prebill_edit_reason_known CHECK (reason IN ('WORDING', 'CODING', 'HOLD', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP', 'FIXED', 'GUIDELINE',
    'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER')),
  CONSTRAINT prebill_edit_note_given CHECK (reason NOT IN ('OTHER', 'HOLD') OR length(note) >= 3),
  CONSTRAINT prebill_edit_note_length CHECK (length(note) <= 500),
  CONSTRAINT prebill_edit_undone_set CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);
CALL isolate('prebill_edit');
REVOKE UPDATE, DELETE ON prebill_edit FROM docketry_api, docketry_worker;
GRANT UPDATE (undone_by, undone_at) ON prebill_edit TO docketry_api, docketry_worker;
CREATE INDEX prebill_edit_prebill ON prebill_edit (firm_id, prebill_id);

-- +goose StatementBegin
CREATE FUNCTION prebill_follows_graph() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'draft' THEN
      RAISE EXCEPTION 'a pre-bill begins as a draft' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_status_graph', TABLE = 'prebill';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM prebill_transition t WHERE t.from_status = OLD.status AND t.to_status = NEW.status) THEN
    RAISE EXCEPTION 'a pre-bill does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_status_graph', TABLE = 'prebill';
  END IF;
  IF NEW.status = OLD.status AND OLD.status IN ('approved', 'taken', 'cancelled') THEN
    RAISE EXCEPTION 'a pre-bill that is % does not change', OLD.status USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_frozen', TABLE = 'prebill';
  END IF;
  IF (NEW.number, NEW.matter_id, NEW.payor_id, NEW.currency, NEW.prepared_at) IS DISTINCT FROM (OLD.number, OLD.matter_id, OLD.payor_id, OLD.currency, OLD.prepared_at)
     OR NEW.prepared_by IS DISTINCT FROM OLD.prepared_by THEN
    RAISE EXCEPTION 'what a pre-bill is for does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_identity', TABLE = 'prebill';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_graph BEFORE INSERT OR UPDATE ON prebill FOR EACH ROW EXECUTE FUNCTION prebill_follows_graph();

-- What was approved, invoiced or cancelled stands still: only the claim may end.
-- +goose StatementBegin
CREATE FUNCTION prebill_line_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  state text;
BEGIN
  SELECT p.status INTO state FROM prebill p WHERE p.firm_id = NEW.firm_id AND p.id = NEW.prebill_id FOR SHARE;
  IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - '{live,amount_minor}'::text[]) = (to_jsonb(OLD) - '{live,amount_minor}'::text[]) AND OLD.live AND NOT NEW.live THEN
    RETURN NEW;
  END IF;
  IF state IN ('approved', 'taken', 'cancelled') THEN
    RAISE EXCEPTION 'a line of a pre-bill that is % does not change', state USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_frozen', TABLE = 'prebill_line';
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.entry_id, NEW.prebill_id, NEW.kind, NEW.worked_on, NEW.position) IS DISTINCT FROM (OLD.entry_id, OLD.prebill_id, OLD.kind, OLD.worked_on, OLD.position) THEN
    RAISE EXCEPTION 'a line stays with its entry' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_identity', TABLE = 'prebill_line';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_line_freeze BEFORE INSERT OR UPDATE ON prebill_line FOR EACH ROW EXECUTE FUNCTION prebill_line_stands();

-- +goose Down
ALTER TABLE finding DROP CONSTRAINT finding_line_fkey;
ALTER TABLE entry DROP CONSTRAINT entry_prebill_fkey;
DROP TABLE prebill_edit;
DROP TABLE prebill_line;
DROP TABLE prebill;
DROP TABLE prebill_transition;
DROP FUNCTION prebill_line_stands();
DROP FUNCTION prebill_follows_graph();
