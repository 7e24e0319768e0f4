-- 00016_receivable.sql: cash that comes in, what it pays, and the ledger behind every balance. Money in minor units.
-- +goose Up
CREATE TABLE payment (
  firm_id         uuid        NOT NULL,
  id              uuid        NOT NULL,
  payor_id        uuid        NOT NULL,
  client_id       uuid        NOT NULL,
  currency        text        NOT NULL,
  amount_minor    bigint      NOT NULL,
  allocated_minor bigint      NOT NULL DEFAULT 0,
  reversed_minor  bigint      NOT NULL DEFAULT 0, -- 0, or all of it
  unapplied_minor bigint      NOT NULL,
  method          text        NOT NULL,
  reference       text        NOT NULL DEFAULT '',
  received_on     date        NOT NULL, -- value date at the bank
  posted_by       uuid,
  posted_at       timestamptz NOT NULL,
  reverse_reason  text        NOT NULL DEFAULT '',
  reversed_by     uuid,
  reversed_at     timestamptz,
  version         integer     NOT NULL DEFAULT 1,
  CONSTRAINT payment_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT payment_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT payment_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT payment_currency_key UNIQUE (firm_id, id, currency),
  CONSTRAINT payment_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT payment_amount_positive CHECK (amount_minor > 0),
  CONSTRAINT payment_conserved CHECK (amount_minor = allocated_minor + unapplied_minor + reversed_minor), -- I08
  CONSTRAINT payment_parts_positive CHECK (allocated_minor >= 0 AND unapplied_minor >= 0),
  CONSTRAINT payment_reversed_whole CHECK (reversed_minor IN (0, amount_minor)),
  CONSTRAINT payment_reversed_at_set CHECK ((reversed_minor > 0) = (reversed_at IS NOT NULL)),
  CONSTRAINT payment_method_known CHECK (method IN ('wire', 'transfer', 'check', 'card', 'cash', 'other')),
  CONSTRAINT payment_texts_length CHECK (length(reference) <= 80 AND length(reverse_reason) <= 300)
);
CALL isolate('payment');
REVOKE UPDATE, DELETE ON payment FROM docketry_api, docketry_worker;
GRANT UPDATE (allocated_minor, reversed_minor, unapplied_minor, reverse_reason, reversed_by, reversed_at, version) ON payment TO docketry_api, docketry_worker;
CREATE INDEX payment_payor ON payment (firm_id, payor_id, posted_at);
CREATE INDEX payment_unapplied ON payment (firm_id, payor_id) WHERE unapplied_minor > 0;

-- Append only: a reversal is a row of its own with the amount negated.
CREATE TABLE allocation (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  payment_id   uuid        NOT NULL,
  invoice_id   uuid        NOT NULL,
  currency     text        NOT NULL,
  amount_minor bigint      NOT NULL,
  reverses     uuid,
  made_by      uuid,
  made_at      timestamptz NOT NULL,
  CONSTRAINT allocation_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT allocation_payment_fkey FOREIGN KEY (firm_id, payment_id, currency) REFERENCES payment (firm_id, id, currency),
  CONSTRAINT allocation_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT allocation_reverses_fkey FOREIGN KEY (firm_id, reverses) REFERENCES allocation (firm_id, id),
  CONSTRAINT allocation_reversed_once UNIQUE (firm_id, reverses),
  CONSTRAINT allocation_sign CHECK (CASE WHEN reverses IS NULL THEN amount_minor > 0 ELSE amount_minor < 0 END)
);
CALL isolate('allocation');
REVOKE UPDATE, DELETE ON allocation FROM docketry_api, docketry_worker;
CREATE INDEX allocation_payment ON allocation (firm_id, payment_id);
CREATE INDEX allocation_invoice ON allocation (firm_id, invoice_id);

-- The ledger. A journal is what one event posts; debits are positive. posted_on is the firm's local day
-- on which it was posted, never an earlier one, so that a past report stays as it was.
CREATE TABLE posting (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  journal_id     uuid        NOT NULL,
  event          text        NOT NULL,
  posted_on      date        NOT NULL,
  posted_at      timestamptz NOT NULL,
  account        text        NOT NULL,
  amount_minor   bigint      NOT NULL,
  currency       text        NOT NULL,
  client_id      uuid        NOT NULL,
  payor_id       uuid        NOT NULL,
  invoice_id     uuid,
  credit_note_id uuid,
  payment_id     uuid,
  CONSTRAINT posting_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT posting_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT posting_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT posting_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT posting_credit_note_fkey FOREIGN KEY (firm_id, credit_note_id) REFERENCES credit_note (firm_id, id),
  CONSTRAINT posting_payment_fkey FOREIGN KEY (firm_id, payment_id, currency) REFERENCES payment (firm_id, id, currency),
  CONSTRAINT posting_event_known CHECK (event IN ('invoice', 'credit_note', 'payment', 'allocation', 'release', 'reversal')),
  CONSTRAINT posting_account_known CHECK (account IN ('receivable', 'fees', 'expenses', 'tax', 'cash', 'unapplied')),
  CONSTRAINT posting_receivable_of_invoice CHECK (account <> 'receivable' OR invoice_id IS NOT NULL),
  CONSTRAINT posting_unapplied_of_payment CHECK (account NOT IN ('cash', 'unapplied') OR payment_id IS NOT NULL),
  CONSTRAINT posting_currency_form CHECK (currency ~ '^[A-Z]{3}$')
);
CALL isolate('posting');
REVOKE UPDATE, DELETE ON posting FROM docketry_api, docketry_worker;
CREATE INDEX posting_journal ON posting (firm_id, journal_id);
CREATE INDEX posting_receivable ON posting (firm_id, invoice_id, posted_on) INCLUDE (amount_minor) WHERE account = 'receivable';
CREATE INDEX posting_unapplied ON posting (firm_id, payment_id, posted_on) INCLUDE (amount_minor) WHERE account = 'unapplied';

-- I11: at commit each journal sums to zero.
-- +goose StatementBegin
CREATE FUNCTION journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT bool_or(s.total <> 0) FROM (SELECT sum(p.amount_minor) AS total FROM posting p
      WHERE p.firm_id = NEW.firm_id AND p.journal_id = NEW.journal_id GROUP BY p.currency) s) THEN
    RAISE EXCEPTION 'journal %: debits and credits differ', NEW.journal_id USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_balances';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- I03 and I08: at commit what an invoice and a payment say was allocated is the sum of the allocations.
-- +goose StatementBegin
CREATE FUNCTION payment_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM payment p WHERE p.firm_id = NEW.firm_id AND p.id = NEW.id AND p.allocated_minor <>
      (SELECT coalesce(sum(a.amount_minor), 0) FROM allocation a WHERE a.firm_id = p.firm_id AND a.payment_id = p.id)) THEN
    RAISE EXCEPTION 'payment %: allocations do not sum to it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION invoice_settles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.id = NEW.id AND (
      i.paid_minor <> (SELECT coalesce(sum(a.amount_minor), 0) FROM allocation a WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id)
      OR i.credited_minor <> (SELECT coalesce(sum(c.total_minor), 0) FROM credit_note c WHERE c.firm_id = i.firm_id AND c.invoice_id = i.id))) THEN
    RAISE EXCEPTION 'invoice %: its payments and credits do not sum to it', NEW.number USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_settles';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION allocation_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM payment p WHERE p.firm_id = NEW.firm_id AND p.id = NEW.payment_id AND p.allocated_minor <>
        (SELECT sum(a.amount_minor) FROM allocation a WHERE a.firm_id = p.firm_id AND a.payment_id = p.id))
     OR EXISTS (SELECT FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.id = NEW.invoice_id AND i.paid_minor <>
        (SELECT sum(a.amount_minor) FROM allocation a WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id)) THEN
    RAISE EXCEPTION 'allocation %: payment or invoice does not know of it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION credit_note_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.id = NEW.invoice_id AND i.credited_minor <>
      (SELECT sum(c.total_minor) FROM credit_note c WHERE c.firm_id = i.firm_id AND c.invoice_id = i.id)) THEN
    RAISE EXCEPTION 'credit note %: its invoice does not know of it', NEW.number USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_note_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balances();
CREATE CONSTRAINT TRIGGER payment_adds_up AFTER INSERT OR UPDATE ON payment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payment_adds_up();
CREATE CONSTRAINT TRIGGER invoice_settles AFTER INSERT OR UPDATE ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_settles();
CREATE CONSTRAINT TRIGGER allocation_adds_up AFTER INSERT ON allocation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allocation_adds_up();
CREATE CONSTRAINT TRIGGER credit_note_adds_up AFTER INSERT ON credit_note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_note_adds_up();
CREATE TRIGGER posting_stays BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER posting_not_truncated BEFORE TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER allocation_stays BEFORE UPDATE OR DELETE ON allocation FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER allocation_not_truncated BEFORE TRUNCATE ON allocation FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER payment_stays BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION issued_stays();

-- +goose Down
DROP TABLE posting;
DROP TABLE allocation;
DROP TABLE payment;
DROP TRIGGER invoice_settles ON invoice;
DROP TRIGGER credit_note_adds_up ON credit_note;
DROP FUNCTION credit_note_adds_up();
DROP FUNCTION allocation_adds_up();
DROP FUNCTION invoice_settles();
DROP FUNCTION payment_adds_up();
DROP FUNCTION journal_balances();
