-- 00170_invoice_plain_number.sql: an invoice is found by its number as receivers compare numbers (rule INV-04): before each
-- e-bill is sent it is asked whether another invoice has it, also where a firm has issued a hundred thousand.
-- +goose Up
ALTER TABLE invoice ADD COLUMN number_plain text NOT NULL GENERATED ALWAYS AS (regexp_replace(number, '[^A-Za-z0-9]', '', 'g')) STORED;
COMMENT ON COLUMN invoice.number_plain IS 'letters and digits of the number alone';
CREATE INDEX invoice_number_plain ON invoice (firm_id, number_plain);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'allowed_minor', 'disputed_minor', 'withheld_minor', 'open_minor', 'status', 'sent_at', 'number_plain']; -- the last is made anew with every row, of the number
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

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'allowed_minor', 'disputed_minor', 'withheld_minor', 'open_minor', 'status', 'sent_at'];
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
ALTER TABLE invoice DROP COLUMN number_plain;
