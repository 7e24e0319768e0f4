-- 00143_withheld_of_the_rest.sql: what is withheld of an invoice is of what stands of it: a credit note over a part lowers it, and
-- never below what certificates settled.

-- +goose Up
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
GRANT UPDATE (withheld_minor) ON invoice TO docketry_api, docketry_worker;
-- +goose StatementBegin
CREATE FUNCTION withheld_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.withheld_minor > OLD.withheld_minor OR NEW.withheld_minor < (SELECT coalesce(sum(a.amount_minor), 0) FROM allocation a JOIN payment p ON p.firm_id = a.firm_id AND p.id = a.payment_id
      WHERE a.firm_id = NEW.firm_id AND a.invoice_id = NEW.id AND p.method = 'withheld') THEN
    RAISE EXCEPTION 'invoice %: less is withheld than is settled', NEW.number USING ERRCODE = 'check_violation', CONSTRAINT = 'withheld_within', TABLE = 'invoice';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER withheld_stands BEFORE UPDATE OF withheld_minor ON invoice FOR EACH ROW WHEN (NEW.withheld_minor <> OLD.withheld_minor) EXECUTE FUNCTION withheld_stands();

-- +goose Down
DROP TRIGGER withheld_stands ON invoice;
DROP FUNCTION withheld_stands();
REVOKE UPDATE (withheld_minor) ON invoice FROM docketry_api, docketry_worker;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'allowed_minor', 'disputed_minor', 'open_minor', 'status', 'sent_at'];
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
