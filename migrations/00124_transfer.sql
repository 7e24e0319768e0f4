-- 00124_transfer.sql: work that was recorded on one matter is transferred to another, at the rates of that one (LEGAL-BILLING 9).
-- What was recorded stays as it came in, and is billed no more; another entry says the same on the other matter.
-- +goose Up
CREATE TABLE transfer (
  firm_id     uuid        NOT NULL,
  id          uuid        NOT NULL,
  from_matter uuid        NOT NULL,
  to_matter   uuid        NOT NULL,
  reason      text        NOT NULL,
  moved_by    uuid        NOT NULL,
  moved_at    timestamptz NOT NULL,
  back_by     uuid,
  back_at     timestamptz,
  back_reason text        NOT NULL DEFAULT '',
  CONSTRAINT transfer_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT transfer_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT transfer_from_fkey FOREIGN KEY (firm_id, from_matter) REFERENCES matter (firm_id, id),
  CONSTRAINT transfer_to_fkey FOREIGN KEY (firm_id, to_matter) REFERENCES matter (firm_id, id),
  CONSTRAINT transfer_moved_by_fkey FOREIGN KEY (moved_by) REFERENCES person (id),
  CONSTRAINT transfer_back_by_fkey FOREIGN KEY (back_by) REFERENCES person (id),
  CONSTRAINT transfer_elsewhere CHECK (from_matter <> to_matter),
  CONSTRAINT transfer_reason_length CHECK (length(reason) BETWEEN 3 AND 500 AND length(back_reason) <= 500),
  CONSTRAINT transfer_back_set CHECK ((back_by IS NULL) = (back_at IS NULL) AND (back_at IS NULL) = (length(back_reason) < 3))
);
CALL isolate('transfer');
REVOKE UPDATE, DELETE ON transfer FROM docketry_api, docketry_worker;
REVOKE INSERT ON transfer FROM docketry_worker;
GRANT UPDATE (back_by, back_at, back_reason) ON transfer TO docketry_api;
CREATE INDEX transfer_time ON transfer (firm_id, moved_at DESC, id DESC);

-- Each entry that went, with the one that it became.
CREATE TABLE transfer_line (
  firm_id         uuid    NOT NULL,
  transfer_id     uuid    NOT NULL,
  seq             integer NOT NULL,
  entry_id        uuid    NOT NULL,
  made_id         uuid    NOT NULL,
  prebill_id      uuid,                          -- the bill that it was taken off
  stands          boolean NOT NULL DEFAULT true, -- false once the transfer was taken back
  before_minor    bigint  NOT NULL,              -- what the entry stood at
  before_currency text    NOT NULL,
  after_minor     bigint  NOT NULL,              -- what it came to on the other matter
  after_currency  text    NOT NULL,
  CONSTRAINT transfer_line_pkey PRIMARY KEY (firm_id, transfer_id, seq),
  CONSTRAINT transfer_line_transfer_fkey FOREIGN KEY (firm_id, transfer_id) REFERENCES transfer (firm_id, id),
  CONSTRAINT transfer_line_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT transfer_line_made_fkey FOREIGN KEY (firm_id, made_id) REFERENCES entry (firm_id, id),
  CONSTRAINT transfer_line_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT transfer_line_made_key UNIQUE (firm_id, made_id)
);
CALL isolate('transfer_line');
REVOKE UPDATE, DELETE ON transfer_line FROM docketry_api, docketry_worker;
REVOKE INSERT ON transfer_line FROM docketry_worker;
GRANT UPDATE (stands) ON transfer_line TO docketry_api;
CREATE UNIQUE INDEX transfer_line_once ON transfer_line (firm_id, entry_id) WHERE stands; -- I01: work stands on one matter

-- What an entry became says what it said: the same work of the same person and day, on the other matter.
-- +goose StatementBegin
CREATE FUNCTION transfer_line_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.stands THEN
      RAISE EXCEPTION 'a transfer that was taken back stays so' USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_line_back', TABLE = 'transfer_line';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT EXISTS (SELECT FROM transfer t JOIN entry a ON a.firm_id = t.firm_id AND a.id = NEW.entry_id JOIN entry b ON b.firm_id = t.firm_id AND b.id = NEW.made_id
      WHERE t.firm_id = NEW.firm_id AND t.id = NEW.transfer_id AND a.matter_id = t.from_matter AND b.matter_id = t.to_matter AND a.status = 'moved' AND b.status = 'open'
        AND (a.kind, a.worked_on, a.hours_e4, a.quantity_e4, a.unit_cost_e4, a.narrative, a.task_code, a.activity_code, a.expense_code, a.import_id, a.source_line, a.external_id)
          = (b.kind, b.worked_on, b.hours_e4, b.quantity_e4, b.unit_cost_e4, b.narrative, b.task_code, b.activity_code, b.expense_code, b.import_id, b.source_line, b.external_id)
        AND a.timekeeper_id IS NOT DISTINCT FROM b.timekeeper_id) THEN
    RAISE EXCEPTION 'work is not the same after its transfer' USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_line_same', TABLE = 'transfer_line';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER transfer_line_same BEFORE INSERT OR UPDATE ON transfer_line FOR EACH ROW EXECUTE FUNCTION transfer_line_same();

ALTER TABLE entry DROP CONSTRAINT entry_status_known;
ALTER TABLE entry ADD CONSTRAINT entry_status_known CHECK (status IN ('open', 'billing', 'billed', 'removed', 'moved'));
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION entry_follows_graph() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = OLD.status AND NEW.prebill_id IS NOT DISTINCT FROM OLD.prebill_id
     OR (OLD.status, NEW.status) IN (('open', 'billing'), ('billing', 'open'), ('billed', 'open'), ('open', 'removed'), ('open', 'moved'), ('moved', 'open'))
     OR OLD.status = 'billing' AND NEW.status = 'billed' AND NEW.prebill_id = OLD.prebill_id THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an entry does not go from % to %', OLD.status, NEW.status
    USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_status_graph', TABLE = 'entry';
END $$;
-- +goose StatementEnd

-- At the end of each transaction an entry is elsewhere exactly while a transfer of it stands, and while it does, what it
-- became is in the books: work is neither billed twice nor lost.
-- +goose StatementBegin
CREATE FUNCTION entry_stands_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM entry e LEFT JOIN transfer_line l ON l.firm_id = e.firm_id AND l.entry_id = e.id AND l.stands
      LEFT JOIN entry b ON b.firm_id = l.firm_id AND b.id = l.made_id
      WHERE e.firm_id = NEW.firm_id AND (e.id = NEW.id OR e.id = (SELECT x.entry_id FROM transfer_line x WHERE x.firm_id = NEW.firm_id AND x.made_id = NEW.id AND x.stands))
        AND ((e.status = 'moved') <> (l.entry_id IS NOT NULL) OR b.status = 'removed')) THEN
    RAISE EXCEPTION 'transferred work stands on one matter' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_stands_once', TABLE = 'entry';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER entry_once_elsewhere AFTER UPDATE OF status ON entry DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.status <> NEW.status AND (NEW.status IN ('moved', 'removed') OR OLD.status = 'moved')) EXECUTE FUNCTION entry_stands_once();

-- A paper goes with its cost, and comes back with it.
GRANT UPDATE (entry_id) ON receipt TO docketry_api;
-- +goose StatementBegin
CREATE FUNCTION receipt_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM transfer_line l WHERE l.firm_id = NEW.firm_id AND CASE WHEN l.stands THEN l.entry_id = OLD.entry_id AND l.made_id = NEW.entry_id
      ELSE l.made_id = OLD.entry_id AND l.entry_id = NEW.entry_id END) THEN
    RAISE EXCEPTION 'a receipt stays with its cost' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_of_cost', TABLE = 'receipt';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_follows BEFORE UPDATE OF entry_id ON receipt FOR EACH ROW WHEN (OLD.entry_id <> NEW.entry_id) EXECUTE FUNCTION receipt_follows();

-- A line of a draft whose work went elsewhere steps back, for good: it neither stands nor claims anything.
ALTER TABLE prebill_line ADD COLUMN transferred boolean NOT NULL DEFAULT false;
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_transferred_steps_back CHECK (NOT transferred OR gone AND NOT live AND split_of IS NULL AND NOT merged AND merged_into IS NULL);
-- +goose StatementBegin
CREATE FUNCTION prebill_line_stays_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a line whose work was transferred does not come back' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_identity', TABLE = 'prebill_line';
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_line_stays_away BEFORE UPDATE ON prebill_line FOR EACH ROW WHEN (OLD.transferred AND NOT NEW.transferred) EXECUTE FUNCTION prebill_line_stays_away();

-- I01: as before, and what was transferred is not asked for.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION prebill_parts_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'approved' THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT FROM prebill_line w JOIN entry e ON e.firm_id = w.firm_id AND e.id = w.entry_id
      LEFT JOIN LATERAL (SELECT count(*) AS n, sum(x.share_quantity_e4) AS hours, sum(x.share_minor) AS minor FROM prebill_line x
        WHERE x.firm_id = w.firm_id AND x.split_of = w.id AND NOT x.gone) s ON true
      WHERE w.firm_id = NEW.firm_id AND w.prebill_id = NEW.id AND w.split_of IS NULL AND NOT w.merged AND w.merged_into IS NULL AND NOT w.transferred
        AND CASE WHEN w.gone THEN s.n < 2 OR s.hours <> e.hours_e4 OR s.minor <> e.amount_minor ELSE s.n > 0 END) THEN
    RAISE EXCEPTION 'the parts of a line are not what was recorded' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_parts_whole', TABLE = 'prebill';
  END IF;
  IF EXISTS (SELECT FROM prebill_line m
      CROSS JOIN LATERAL (SELECT count(*) AS n, sum(e.hours_e4) AS hours, sum(e.amount_minor) AS minor, bool_or(w.entry_id = m.entry_id) AS first
        FROM prebill_line w JOIN entry e ON e.firm_id = w.firm_id AND e.id = w.entry_id
        WHERE w.firm_id = m.firm_id AND w.merged_into = m.id AND w.prebill_id = m.prebill_id AND w.live) s
      WHERE m.firm_id = NEW.firm_id AND m.prebill_id = NEW.id AND m.merged
        AND CASE WHEN m.gone THEN s.n > 0 ELSE s.n < 2 OR s.hours <> m.share_quantity_e4 OR s.minor <> m.share_minor OR NOT s.first END)
    OR EXISTS (SELECT FROM prebill_line w JOIN prebill_line x ON x.firm_id = w.firm_id AND x.split_of = w.id AND NOT x.gone
      WHERE w.firm_id = NEW.firm_id AND w.prebill_id = NEW.id AND w.merged_into IS NOT NULL) THEN
    RAISE EXCEPTION 'a merge is not what was recorded of its lines' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_merges_whole', TABLE = 'prebill';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose Down
-- What went elsewhere cannot be told without its transfer: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM transfer) THEN
    RAISE EXCEPTION 'work was transferred between matters; this step cannot be taken back without losing where it came from';
  END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION prebill_parts_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'approved' THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT FROM prebill_line w JOIN entry e ON e.firm_id = w.firm_id AND e.id = w.entry_id
      LEFT JOIN LATERAL (SELECT count(*) AS n, sum(x.share_quantity_e4) AS hours, sum(x.share_minor) AS minor FROM prebill_line x
        WHERE x.firm_id = w.firm_id AND x.split_of = w.id AND NOT x.gone) s ON true
      WHERE w.firm_id = NEW.firm_id AND w.prebill_id = NEW.id AND w.split_of IS NULL AND NOT w.merged AND w.merged_into IS NULL
        AND CASE WHEN w.gone THEN s.n < 2 OR s.hours <> e.hours_e4 OR s.minor <> e.amount_minor ELSE s.n > 0 END) THEN
    RAISE EXCEPTION 'the parts of a line are not what was recorded' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_parts_whole', TABLE = 'prebill';
  END IF;
  IF EXISTS (SELECT FROM prebill_line m
      CROSS JOIN LATERAL (SELECT count(*) AS n, sum(e.hours_e4) AS hours, sum(e.amount_minor) AS minor, bool_or(w.entry_id = m.entry_id) AS first
        FROM prebill_line w JOIN entry e ON e.firm_id = w.firm_id AND e.id = w.entry_id
        WHERE w.firm_id = m.firm_id AND w.merged_into = m.id AND w.prebill_id = m.prebill_id AND w.live) s
      WHERE m.firm_id = NEW.firm_id AND m.prebill_id = NEW.id AND m.merged
        AND CASE WHEN m.gone THEN s.n > 0 ELSE s.n < 2 OR s.hours <> m.share_quantity_e4 OR s.minor <> m.share_minor OR NOT s.first END)
    OR EXISTS (SELECT FROM prebill_line w JOIN prebill_line x ON x.firm_id = w.firm_id AND x.split_of = w.id AND NOT x.gone
      WHERE w.firm_id = NEW.firm_id AND w.prebill_id = NEW.id AND w.merged_into IS NOT NULL) THEN
    RAISE EXCEPTION 'a merge is not what was recorded of its lines' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_merges_whole', TABLE = 'prebill';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER prebill_line_stays_away ON prebill_line;
DROP FUNCTION prebill_line_stays_away();
ALTER TABLE prebill_line DROP COLUMN transferred;
DROP TRIGGER receipt_follows ON receipt;
DROP FUNCTION receipt_follows();
REVOKE UPDATE (entry_id) ON receipt FROM docketry_api;
DROP TRIGGER entry_once_elsewhere ON entry;
DROP FUNCTION entry_stands_once();
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION entry_follows_graph() RETURNS trigger LANGUAGE plpgsql AS $$
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
ALTER TABLE entry DROP CONSTRAINT entry_status_known;
ALTER TABLE entry ADD CONSTRAINT entry_status_known CHECK (status IN ('open', 'billing', 'billed', 'removed'));
DROP TABLE transfer_line;
DROP FUNCTION transfer_line_same();
DROP TABLE transfer;
