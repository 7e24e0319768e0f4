-- 00051_billfinding.sql: what the rules found on a bill as a whole, beside what they
-- found on its entries and lines.
-- +goose Up
ALTER TABLE finding ALTER COLUMN entry_id DROP NOT NULL;
ALTER TABLE finding ADD COLUMN prebill_id uuid; -- of a finding on the bill; its entry and line are NULL
ALTER TABLE finding ADD CONSTRAINT finding_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id);
ALTER TABLE finding DROP CONSTRAINT finding_line_at_prebill;
ALTER TABLE finding ADD CONSTRAINT finding_of_one CHECK (CASE WHEN prebill_id IS NULL
  THEN entry_id IS NOT NULL AND (line_id IS NULL) = (stage = 'entry')
  ELSE entry_id IS NULL AND line_id IS NULL AND stage <> 'entry' END);
CREATE UNIQUE INDEX finding_on_prebill ON finding (firm_id, prebill_id, rule, field) WHERE prebill_id IS NOT NULL;
GRANT SELECT (prebill_id) ON finding TO docketry_bureau;

-- +goose Down
DELETE FROM finding WHERE prebill_id IS NOT NULL;
ALTER TABLE finding DROP CONSTRAINT finding_of_one;
ALTER TABLE finding ADD CONSTRAINT finding_line_at_prebill CHECK ((line_id IS NULL) = (stage = 'entry'));
ALTER TABLE finding DROP COLUMN prebill_id;
ALTER TABLE finding ALTER COLUMN entry_id SET NOT NULL;
