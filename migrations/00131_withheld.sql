-- 00131_withheld.sql: the part of an invoice that its payor withheld for the tax office is settled by the certificate: a
-- payment of its own method, for exactly what the invoice says is withheld, that moves no cash (LEGAL-BILLING 10).
-- +goose Up
-- Other steps widen these two lists as well, so that each is widened from what it is.
-- +goose StatementBegin
DO $$
DECLARE was text;
BEGIN
  SELECT pg_get_expr(conbin, conrelid) INTO STRICT was FROM pg_constraint WHERE conname = 'payment_method_known' AND conrelid = 'payment'::regclass;
  ALTER TABLE payment DROP CONSTRAINT payment_method_known;
  EXECUTE format('ALTER TABLE payment ADD CONSTRAINT payment_method_known CHECK (%s OR method = ''withheld'')', was);
  SELECT pg_get_expr(conbin, conrelid) INTO STRICT was FROM pg_constraint WHERE conname = 'posting_account_known' AND conrelid = 'posting'::regclass;
  ALTER TABLE posting DROP CONSTRAINT posting_account_known;
  EXECUTE format('ALTER TABLE posting ADD CONSTRAINT posting_account_known CHECK (%s OR account = ''withheld'')', was);
END $$;
-- +goose StatementEnd

-- What is settled so is never more than the invoice says, and pays nothing else.
-- +goose StatementBegin
CREATE FUNCTION withheld_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM payment p WHERE p.firm_id = NEW.firm_id AND p.id = NEW.payment_id AND p.method = 'withheld') AND
    (SELECT sum(a.amount_minor) FROM allocation a JOIN payment p ON p.firm_id = a.firm_id AND p.id = a.payment_id
      WHERE a.firm_id = NEW.firm_id AND a.invoice_id = NEW.invoice_id AND p.method = 'withheld')
    > (SELECT i.withheld_minor FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.id = NEW.invoice_id) THEN
    RAISE EXCEPTION 'invoice %: more is settled as withheld than it says', NEW.invoice_id USING ERRCODE = 'check_violation', CONSTRAINT = 'withheld_within';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER withheld_within AFTER INSERT ON allocation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.amount_minor > 0) EXECUTE FUNCTION withheld_within();

-- +goose Down
-- +goose StatementBegin
DO $$
DECLARE was text;
BEGIN
  IF EXISTS (SELECT FROM payment WHERE method = 'withheld') THEN
    RAISE EXCEPTION 'tax that was withheld is settled; this step cannot be taken back without losing it';
  END IF;
  SELECT pg_get_expr(conbin, conrelid) INTO STRICT was FROM pg_constraint WHERE conname = 'payment_method_known' AND conrelid = 'payment'::regclass;
  ALTER TABLE payment DROP CONSTRAINT payment_method_known;
  EXECUTE format('ALTER TABLE payment ADD CONSTRAINT payment_method_known CHECK (%s AND method <> ''withheld'')', was);
  SELECT pg_get_expr(conbin, conrelid) INTO STRICT was FROM pg_constraint WHERE conname = 'posting_account_known' AND conrelid = 'posting'::regclass;
  ALTER TABLE posting DROP CONSTRAINT posting_account_known;
  EXECUTE format('ALTER TABLE posting ADD CONSTRAINT posting_account_known CHECK (%s AND account <> ''withheld'')', was);
END $$;
-- +goose StatementEnd
DROP TRIGGER withheld_within ON allocation;
DROP FUNCTION withheld_within();
