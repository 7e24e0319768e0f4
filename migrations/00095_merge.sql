-- 00095_merge.sql: lines of time on a pre-bill are merged into one line, which bills several entries.
-- The lines that are merged step back and keep the claims on their entries; the merge stands in their place.
-- +goose Up
ALTER TABLE prebill_line
  ADD COLUMN merged      boolean NOT NULL DEFAULT false, -- stands for several lines; its entry is the first one's
  ADD COLUMN merged_into uuid;                           -- the merge that stands for this line
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_merge_fkey FOREIGN KEY (firm_id, merged_into) REFERENCES prebill_line (firm_id, id);
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_part_whole;
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_part_whole CHECK (CASE WHEN split_of IS NULL AND NOT merged
  THEN part = 0 AND share_quantity_e4 IS NULL AND share_minor IS NULL
  ELSE (part > 0) = (split_of IS NOT NULL) AND kind = 'time' AND share_quantity_e4 > 0 AND share_minor >= 0 AND share_quantity_e4 IS NOT NULL AND share_minor IS NOT NULL END);
-- I01: the claims stay with the lines that were merged; a line is a part, or merged, or stands for others, never two of these.
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_merge_claims_nothing CHECK (NOT merged OR NOT (live OR held) AND split_of IS NULL AND merged_into IS NULL);
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_merged_steps_back CHECK (merged_into IS NULL OR gone AND split_of IS NULL AND kind = 'time');
DROP INDEX prebill_line_position_key;
CREATE UNIQUE INDEX prebill_line_position_key ON prebill_line (firm_id, prebill_id, position) WHERE split_of IS NULL AND NOT merged;
CREATE INDEX prebill_line_merged ON prebill_line (firm_id, merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE prebill_edit DROP CONSTRAINT prebill_edit_reason_known;
ALTER TABLE prebill_edit ADD CONSTRAINT prebill_edit_reason_known CHECK (reason IN ('WORDING', 'CODING', 'HOLD', 'SPLIT', 'MERGE', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP',
  'FIXED', 'GUIDELINE', 'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER'));

-- A line is merged with lines of the same bill, person, day and rate, while it stands; it leaves one merge before it enters another.
-- +goose StatementBegin
CREATE FUNCTION prebill_merge_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.merged <> OLD.merged OR (NEW.merged_into <> OLD.merged_into) OR (NEW.merged AND (NEW.share_quantity_e4, NEW.share_minor) IS DISTINCT FROM (OLD.share_quantity_e4, OLD.share_minor)) THEN
      RAISE EXCEPTION 'a merge stays with its lines' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_identity', TABLE = 'prebill_line';
    END IF;
    IF NEW.merged_into IS NOT DISTINCT FROM OLD.merged_into THEN
      RETURN NEW;
    END IF;
  END IF;
  IF NEW.merged_into IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.gone OR NEW.merged OR NOT EXISTS (SELECT FROM prebill_line m
      WHERE m.firm_id = NEW.firm_id AND m.id = NEW.merged_into AND m.merged AND NOT m.gone
        AND (m.prebill_id, m.kind, m.worked_on, m.rate_e4) = (NEW.prebill_id, NEW.kind, NEW.worked_on, NEW.rate_e4)
        AND m.timekeeper_id IS NOT DISTINCT FROM NEW.timekeeper_id)) THEN
    RAISE EXCEPTION 'a line is merged with lines of the same bill, person, day and rate' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_merge_of', TABLE = 'prebill_line';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_line_merge BEFORE INSERT OR UPDATE ON prebill_line FOR EACH ROW EXECUTE FUNCTION prebill_merge_belongs();

-- I01: nothing is approved of which an entry is billed twice, in part or not at all: either its line stands, or parts that
-- share exactly what was recorded, or one merge that is exactly what was recorded of all its lines.
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

-- +goose Down
-- What was merged cannot be told without its lines: a step back is refused while there are any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM prebill_line WHERE merged) THEN
    RAISE EXCEPTION 'lines of pre-bills were merged; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION prebill_parts_whole() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP TRIGGER prebill_line_merge ON prebill_line;
DROP FUNCTION prebill_merge_belongs();
ALTER TABLE prebill_edit DROP CONSTRAINT prebill_edit_reason_known;
ALTER TABLE prebill_edit ADD CONSTRAINT prebill_edit_reason_known CHECK (reason IN ('WORDING', 'CODING', 'HOLD', 'SPLIT', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP',
  'FIXED', 'GUIDELINE', 'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER'));
DROP INDEX prebill_line_merged;
DROP INDEX prebill_line_position_key;
CREATE UNIQUE INDEX prebill_line_position_key ON prebill_line (firm_id, prebill_id, position) WHERE split_of IS NULL;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_merged_steps_back;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_merge_claims_nothing;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_part_whole;
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_part_whole CHECK (CASE WHEN split_of IS NULL
  THEN part = 0 AND share_quantity_e4 IS NULL AND share_minor IS NULL
  ELSE part > 0 AND kind = 'time' AND share_quantity_e4 > 0 AND share_minor >= 0 AND share_quantity_e4 IS NOT NULL AND share_minor IS NOT NULL END);
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_merge_fkey;
ALTER TABLE prebill_line DROP COLUMN merged, DROP COLUMN merged_into;
