-- 00122_trust_reconciliation.sql: the three-way reconciliation of a trust account as of a day (LEGAL-BILLING 13): the bank's
-- statement adjusted for outstanding items, the book, and the sum of the matters' ledgers. One that agrees is signed by a
-- person who did not post in its period, which closes the period (I22).

-- +goose Up
CREATE TABLE trust_reconciliation (
  firm_id         uuid        NOT NULL,
  id              uuid        NOT NULL,
  account_id      uuid        NOT NULL,
  currency        text        NOT NULL,
  as_of           date        NOT NULL,
  statement_minor bigint,     -- NULL: it was not there
  outstanding     jsonb,      -- NULL: nobody said which items are; an empty list is none
  adjusted_minor  bigint,     -- the statement with what is outstanding
  book_minor      bigint      NOT NULL,
  ledgers_minor   bigint      NOT NULL,
  result          text        NOT NULL,
  prepared_by     uuid        NOT NULL,
  prepared_at     timestamptz NOT NULL,
  signed_by       uuid,
  signed_at       timestamptz,
  version         integer     NOT NULL DEFAULT 1,
  CONSTRAINT trust_reconciliation_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT trust_reconciliation_account_fkey FOREIGN KEY (firm_id, account_id, currency) REFERENCES trust_account (firm_id, id, currency),
  CONSTRAINT trust_reconciliation_prepared_by_fkey FOREIGN KEY (prepared_by) REFERENCES person (id),
  CONSTRAINT trust_reconciliation_signed_by_fkey FOREIGN KEY (signed_by) REFERENCES person (id),
  CONSTRAINT trust_reconciliation_outstanding_list CHECK (jsonb_typeof(outstanding) = 'array' AND length(outstanding::text) <= 131072),
  CONSTRAINT trust_reconciliation_adjusted_set CHECK ((adjusted_minor IS NULL) = (statement_minor IS NULL OR outstanding IS NULL)),
  CONSTRAINT trust_reconciliation_result_true CHECK (result = CASE WHEN adjusted_minor IS NULL THEN 'missing' WHEN adjusted_minor = book_minor AND book_minor = ledgers_minor THEN 'agree' ELSE 'disagree' END),
  CONSTRAINT trust_reconciliation_signed_set CHECK ((signed_at IS NULL) = (signed_by IS NULL)),
  CONSTRAINT trust_reconciliation_signed_agrees CHECK (signed_at IS NULL OR result = 'agree')
);
CALL isolate('trust_reconciliation');
REVOKE UPDATE, DELETE ON trust_reconciliation FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_reconciliation FROM docketry_worker;
GRANT UPDATE (signed_by, signed_at, version) ON trust_reconciliation TO docketry_api;
CREATE INDEX trust_reconciliation_account ON trust_reconciliation (firm_id, account_id, as_of DESC, prepared_at DESC, id DESC);
CREATE UNIQUE INDEX trust_reconciliation_signed_once ON trust_reconciliation (firm_id, account_id, as_of) WHERE signed_at IS NOT NULL;
COMMENT ON TABLE trust_reconciliation IS 'class C2: three-way reconciliations of trust accounts, and who signed';

-- A signature is set once, by nobody who posted or approved in the period, and on figures that still are the books'.
-- +goose StatementBegin
CREATE FUNCTION trust_reconciliation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed date;
BEGIN
  IF OLD.signed_at IS NOT NULL THEN
    RAISE EXCEPTION 'reconciliation % is signed', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_reconciliation_signed_stays';
  END IF;
  SELECT p.closed_through INTO closed FROM trust_period p WHERE p.firm_id = NEW.firm_id AND p.account_id = NEW.account_id FOR UPDATE;
  IF closed >= NEW.as_of THEN
    RAISE EXCEPTION 'the period through % is closed', NEW.as_of USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_period_closed';
  END IF;
  IF EXISTS (SELECT FROM trust_entry e WHERE e.firm_id = NEW.firm_id AND e.account_id = NEW.account_id AND e.dated_on > coalesce(closed, '-infinity') AND e.dated_on <= NEW.as_of
      AND NEW.signed_by IN (e.made_by, e.approved_by)) THEN
    RAISE EXCEPTION 'who posted in a period does not sign it' USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_reconciliation_signer';
  END IF;
  IF NEW.book_minor <> (SELECT coalesce(sum(p.amount_minor) FILTER (WHERE p.side = 'bank'), 0) FROM trust_posting p WHERE p.firm_id = NEW.firm_id AND p.account_id = NEW.account_id AND p.dated_on <= NEW.as_of) THEN
    RAISE EXCEPTION 'the book is not what was reconciled' USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_reconciliation_book';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_reconciliation_guard BEFORE UPDATE ON trust_reconciliation FOR EACH ROW EXECUTE FUNCTION trust_reconciliation_guard();
CREATE TRIGGER trust_reconciliation_stays BEFORE DELETE ON trust_reconciliation FOR EACH ROW EXECUTE FUNCTION issued_stays();

-- A period is closed by a signed reconciliation of its last day, and never opened again.
-- +goose StatementBegin
CREATE FUNCTION trust_period_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.closed_through IS NULL OR NEW.closed_through <= OLD.closed_through OR NOT EXISTS (SELECT FROM trust_reconciliation r
      WHERE r.firm_id = NEW.firm_id AND r.account_id = NEW.account_id AND r.as_of = NEW.closed_through AND r.signed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'trust account %: no signed reconciliation closes it through %', NEW.account_id, NEW.closed_through USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_period_reconciled';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_period_guard BEFORE UPDATE ON trust_period FOR EACH ROW EXECUTE FUNCTION trust_period_guard();

-- +goose Down
DROP TRIGGER trust_period_guard ON trust_period;
DROP FUNCTION trust_period_guard();
DROP TABLE trust_reconciliation;
DROP FUNCTION trust_reconciliation_guard();
