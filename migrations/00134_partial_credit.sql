-- 00134_partial_credit.sql: a credit note may take back a part of an invoice, line by line (LEGAL-BILLING 9): of no line,
-- tax or total more than was invoiced and not credited before. Money in minor units.
-- +goose Up

-- What a credit note takes back of each line of its invoice.
CREATE TABLE credit_note_line (
  firm_id        uuid    NOT NULL,
  credit_note_id uuid    NOT NULL,
  invoice_id     uuid    NOT NULL,
  line_no        integer NOT NULL, -- of the invoice
  amount_minor   bigint  NOT NULL, -- before tax; below zero where the line is
  tax_minor      bigint  NOT NULL, -- that goes back with it
  CONSTRAINT credit_note_line_pkey PRIMARY KEY (firm_id, credit_note_id, line_no),
  CONSTRAINT credit_note_line_line_fkey FOREIGN KEY (firm_id, invoice_id, line_no) REFERENCES invoice_line (firm_id, invoice_id, no)
);
ALTER TABLE credit_note ADD CONSTRAINT credit_note_of_invoice_key UNIQUE (firm_id, id, invoice_id); -- what its lines refer to
ALTER TABLE credit_note_line ADD CONSTRAINT credit_note_line_note_fkey FOREIGN KEY (firm_id, credit_note_id, invoice_id) REFERENCES credit_note (firm_id, id, invoice_id);

-- Until now each credit note took its whole invoice back.
INSERT INTO credit_note_line (firm_id, credit_note_id, invoice_id, line_no, amount_minor, tax_minor)
  SELECT n.firm_id, n.id, n.invoice_id, l.no, l.amount_minor, l.tax_minor
  FROM credit_note n JOIN invoice_line l ON l.firm_id = n.firm_id AND l.invoice_id = n.invoice_id;

CALL isolate('credit_note_line');
REVOKE UPDATE, DELETE ON credit_note_line FROM docketry_api, docketry_worker;
CREATE INDEX credit_note_line_invoice ON credit_note_line (firm_id, invoice_id, line_no); -- what is left of a line
CREATE TRIGGER credit_note_line_stays BEFORE UPDATE OR DELETE ON credit_note_line FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER credit_note_line_not_truncated BEFORE TRUNCATE ON credit_note_line FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();

-- What is amiss with the credit notes of an invoice, NULL for nothing (I03): each is its lines, and of no line more goes back
-- than it has; work is billed again only where nothing of the invoice is left.
-- +goose StatementBegin
CREATE FUNCTION credits_miss(firm uuid, invoice uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM credit_note n LEFT JOIN LATERAL (SELECT sum(l.amount_minor) AS net, sum(l.tax_minor) AS tax FROM credit_note_line l
          WHERE l.firm_id = n.firm_id AND l.credit_note_id = n.id) s ON true
        WHERE n.firm_id = firm AND n.invoice_id = invoice AND (coalesce(s.net, 0) <> n.net_minor OR coalesce(s.tax, 0) <> n.tax_minor))
      THEN 'the lines of a credit note do not sum to it'
    WHEN EXISTS (SELECT FROM credit_note_line c JOIN invoice_line l ON l.firm_id = c.firm_id AND l.invoice_id = c.invoice_id AND l.no = c.line_no
        WHERE c.firm_id = firm AND c.invoice_id = invoice GROUP BY l.no, l.amount_minor, l.tax_minor
        HAVING sum(c.amount_minor) NOT BETWEEN least(l.amount_minor, 0) AND greatest(l.amount_minor, 0) OR sum(c.tax_minor) NOT BETWEEN least(l.tax_minor, 0) AND greatest(l.tax_minor, 0))
      THEN 'more of a line is credited than it has'
    WHEN (SELECT sum(n.net_minor) > i.net_minor OR sum(n.tax_minor) > i.tax_minor FROM credit_note n WHERE n.firm_id = i.firm_id AND n.invoice_id = i.id)
      THEN 'more is credited than was invoiced'
    WHEN i.credited_minor < i.total_minor AND EXISTS (SELECT FROM credit_note n WHERE n.firm_id = i.firm_id AND n.invoice_id = i.id AND n.rebill)
      THEN 'its work is billed again and a part of it stands'
  END FROM invoice i WHERE i.firm_id = firm AND i.id = invoice
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION credits_miss(uuid, uuid) TO docketry_api, docketry_worker;

-- +goose StatementBegin
CREATE FUNCTION credit_note_lines_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE misses text;
BEGIN
  misses := credits_miss(NEW.firm_id, NEW.invoice_id);
  IF misses IS NOT NULL THEN
    RAISE EXCEPTION 'invoice %: %', NEW.invoice_id, misses USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_note_lines_add_up', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER credit_note_lines_add_up AFTER INSERT ON credit_note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_note_lines_add_up();
-- A line that comes after its note would break the sum.
-- +goose StatementBegin
CREATE FUNCTION credit_note_lines_complete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE misses text;
BEGIN
  SELECT credits_miss(f.firm_id, f.invoice_id) INTO misses FROM (SELECT DISTINCT firm_id, invoice_id FROM fresh) f WHERE credits_miss(f.firm_id, f.invoice_id) IS NOT NULL LIMIT 1;
  IF misses IS NOT NULL AND misses NOT LIKE 'its work%' THEN -- the invoice is told after its note
    RAISE EXCEPTION 'credit note: %', misses USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_note_lines_add_up', TABLE = 'credit_note_line';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER credit_note_line_complete AFTER INSERT ON credit_note_line REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION credit_note_lines_complete();

-- +goose Down
-- A note over a part cannot be told without its lines: a step back is refused while there is one.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM credit_note n JOIN invoice i ON i.firm_id = n.firm_id AND i.id = n.invoice_id WHERE n.total_minor <> i.total_minor) THEN
    RAISE EXCEPTION 'parts of invoices were credited; this step cannot be taken back without losing which';
  END IF;
END $$;
-- +goose StatementEnd
DROP TRIGGER credit_note_lines_add_up ON credit_note;
DROP TABLE credit_note_line;
DROP FUNCTION credit_note_lines_complete();
DROP FUNCTION credit_note_lines_add_up();
DROP FUNCTION credits_miss(uuid, uuid);
ALTER TABLE credit_note DROP CONSTRAINT credit_note_of_invoice_key;
