-- 00094_split.sql: a line of time on a pre-bill is split into parts, each with its own hours, words and codes.
-- The line that is split steps back and keeps the claim on its entry; its parts stand in its place.
-- +goose Up
ALTER TABLE prebill_line
  ADD COLUMN split_of          uuid,                           -- the line that this is a part of
  ADD COLUMN part              integer NOT NULL DEFAULT 0,     -- from 1 among the parts of a line
  ADD COLUMN gone              boolean NOT NULL DEFAULT false, -- its parts stand for it, or its split was taken back
  ADD COLUMN share_quantity_e4 bigint,                         -- a part's share of what was recorded
  ADD COLUMN share_minor       bigint;
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_split_fkey FOREIGN KEY (firm_id, split_of) REFERENCES prebill_line (firm_id, id);
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_part_whole CHECK (CASE WHEN split_of IS NULL
  THEN part = 0 AND share_quantity_e4 IS NULL AND share_minor IS NULL
  ELSE part > 0 AND kind = 'time' AND share_quantity_e4 > 0 AND share_minor >= 0 AND share_quantity_e4 IS NOT NULL AND share_minor IS NOT NULL END);
-- I01: the claim stays with the line that was split, and what is claimed in one piece is held in one piece.
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_part_claims_nothing CHECK (split_of IS NULL OR NOT (live OR held));
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_gone_not_held CHECK (NOT (gone AND held));
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_position_key;
CREATE UNIQUE INDEX prebill_line_position_key ON prebill_line (firm_id, prebill_id, position) WHERE split_of IS NULL;
CREATE UNIQUE INDEX prebill_line_part_key ON prebill_line (firm_id, split_of, part) WHERE NOT gone;
GRANT SELECT (gone) ON prebill_line TO docketry_bureau;

ALTER TABLE prebill_edit DROP CONSTRAINT prebill_edit_reason_known;
ALTER TABLE prebill_edit ADD CONSTRAINT prebill_edit_reason_known CHECK (reason IN ('WORDING', 'CODING', 'HOLD', 'SPLIT', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP',
  'FIXED', 'GUIDELINE', 'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER'));

-- A part is of its line: the same entry, bill, place, person and day. Neither ever becomes another's.
-- +goose StatementBegin
CREATE FUNCTION prebill_part_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.split_of, NEW.part, NEW.share_quantity_e4, NEW.share_minor) IS DISTINCT FROM (OLD.split_of, OLD.part, OLD.share_quantity_e4, OLD.share_minor) THEN
      RAISE EXCEPTION 'a part stays with its line' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_identity', TABLE = 'prebill_line';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.split_of IS NOT NULL AND NOT EXISTS (SELECT FROM prebill_line w WHERE w.firm_id = NEW.firm_id AND w.id = NEW.split_of AND w.split_of IS NULL AND w.gone
      AND (w.entry_id, w.prebill_id, w.position, w.kind, w.worked_on) = (NEW.entry_id, NEW.prebill_id, NEW.position, NEW.kind, NEW.worked_on)
      AND w.timekeeper_id IS NOT DISTINCT FROM NEW.timekeeper_id) THEN
    RAISE EXCEPTION 'a part is of a line that stepped back for it' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_part_of', TABLE = 'prebill_line';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_line_part BEFORE INSERT OR UPDATE ON prebill_line FOR EACH ROW EXECUTE FUNCTION prebill_part_belongs();

-- I01: nothing is approved of which an entry is billed twice, in part or not at all: either a line stands, or
-- parts that share exactly what was recorded.
-- +goose StatementBegin
CREATE FUNCTION prebill_parts_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'approved' AND EXISTS (SELECT FROM prebill_line w JOIN entry e ON e.firm_id = w.firm_id AND e.id = w.entry_id
      LEFT JOIN LATERAL (SELECT count(*) AS n, sum(x.share_quantity_e4) AS hours, sum(x.share_minor) AS minor FROM prebill_line x
        WHERE x.firm_id = w.firm_id AND x.split_of = w.id AND NOT x.gone) s ON true
      WHERE w.firm_id = NEW.firm_id AND w.prebill_id = NEW.id AND w.split_of IS NULL
        AND CASE WHEN w.gone THEN s.n < 2 OR s.hours <> e.hours_e4 OR s.minor <> e.amount_minor ELSE s.n > 0 END) THEN
    RAISE EXCEPTION 'the parts of a line are not what was recorded' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_parts_whole', TABLE = 'prebill';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_parts BEFORE UPDATE OF status ON prebill FOR EACH ROW EXECUTE FUNCTION prebill_parts_whole();

CREATE OR REPLACE FUNCTION prebill_net(firm uuid, bill uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (coalesce((SELECT sum(l.amount_minor) FROM prebill_line l WHERE l.firm_id = firm AND l.prebill_id = bill AND NOT l.held AND NOT l.gone), 0)
    + coalesce((SELECT sum(c.amount_minor) FROM prebill_charge c WHERE c.firm_id = firm AND c.prebill_id = bill), 0)
    - coalesce((SELECT sum(c.amount_minor) FROM prebill_cut c WHERE c.firm_id = firm AND c.prebill_id = bill AND c.undone_at IS NULL), 0))::bigint
$$;

-- +goose Down
-- What was split cannot be told without its parts: a step back is refused while there are any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM prebill_line WHERE split_of IS NOT NULL) THEN
    RAISE EXCEPTION 'lines of pre-bills were split; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
CREATE OR REPLACE FUNCTION prebill_net(firm uuid, bill uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (coalesce((SELECT sum(l.amount_minor) FROM prebill_line l WHERE l.firm_id = firm AND l.prebill_id = bill AND NOT l.held), 0)
    + coalesce((SELECT sum(c.amount_minor) FROM prebill_charge c WHERE c.firm_id = firm AND c.prebill_id = bill), 0)
    - coalesce((SELECT sum(c.amount_minor) FROM prebill_cut c WHERE c.firm_id = firm AND c.prebill_id = bill AND c.undone_at IS NULL), 0))::bigint
$$;
DROP TRIGGER prebill_parts ON prebill;
DROP FUNCTION prebill_parts_whole();
DROP TRIGGER prebill_line_part ON prebill_line;
DROP FUNCTION prebill_part_belongs();
ALTER TABLE prebill_edit DROP CONSTRAINT prebill_edit_reason_known;
ALTER TABLE prebill_edit ADD CONSTRAINT prebill_edit_reason_known CHECK (reason IN ('WORDING', 'CODING', 'HOLD', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP', 'FIXED', 'GUIDELINE',
  'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER'));
REVOKE SELECT (gone) ON prebill_line FROM docketry_bureau;
DROP INDEX prebill_line_part_key;
DROP INDEX prebill_line_position_key;
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_position_key UNIQUE (firm_id, prebill_id, position);
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_gone_not_held;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_part_claims_nothing;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_part_whole;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_split_fkey;
ALTER TABLE prebill_line DROP COLUMN split_of, DROP COLUMN part, DROP COLUMN gone, DROP COLUMN share_quantity_e4, DROP COLUMN share_minor;
