-- 00111_prompt_and_held.sql: a discount on prompt payment, and fees held back until an
-- outcome (LEGAL-BILLING 8). A bill states what may be
-- left out when it is paid within the days agreed; a payment that arrives by that day and
-- covers the rest closes the invoice, and what was left out is an allowance in the ledger. What
-- is held back is a line of its own below the fees; what the firm releases of it is a line of
-- a later bill, never more than was held.

-- +goose Up
ALTER TABLE prebill ADD COLUMN prompt_days integer NOT NULL DEFAULT 0; -- counted from the invoice's date; 0 is no such discount
ALTER TABLE prebill ADD COLUMN prompt_minor bigint NOT NULL DEFAULT 0; -- of the fees, before tax
ALTER TABLE prebill ADD CONSTRAINT prebill_prompt_whole CHECK (prompt_days BETWEEN 0 AND 365 AND prompt_minor >= 0 AND (prompt_days = 0) = (prompt_minor = 0));

ALTER TABLE invoice ADD COLUMN prompt_until date;
ALTER TABLE invoice ADD COLUMN prompt_minor bigint NOT NULL DEFAULT 0; -- with the tax that goes with it
ALTER TABLE invoice ADD COLUMN prompt_tax_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE invoice ADD COLUMN allowed_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE invoice ADD CONSTRAINT invoice_prompt_whole CHECK ((prompt_until IS NULL) = (prompt_minor = 0) AND prompt_minor BETWEEN 0 AND total_minor
  AND prompt_tax_minor BETWEEN 0 AND least(prompt_minor, tax_minor) AND (prompt_until IS NULL OR prompt_until >= issued_on));
ALTER TABLE invoice ADD CONSTRAINT invoice_allowed_within CHECK (allowed_minor BETWEEN 0 AND prompt_minor);
ALTER TABLE invoice DROP CONSTRAINT invoice_open_sum;
ALTER TABLE invoice ADD CONSTRAINT invoice_open_sum CHECK (open_minor = total_minor - credited_minor - paid_minor - allowed_minor); -- I03
GRANT UPDATE (allowed_minor) ON invoice TO docketry_api, docketry_worker;

-- Append only, like allocations: what is taken back is a row of its own with the amounts negated.
CREATE TABLE allowance (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  invoice_id   uuid        NOT NULL,
  payment_id   uuid        NOT NULL, -- whose allocation earned it, or whose going took it back
  currency     text        NOT NULL,
  amount_minor bigint      NOT NULL,
  tax_minor    bigint      NOT NULL, -- of it
  reverses     uuid,
  made_by      uuid,
  made_at      timestamptz NOT NULL,
  CONSTRAINT allowance_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT allowance_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT allowance_payment_fkey FOREIGN KEY (firm_id, payment_id, currency) REFERENCES payment (firm_id, id, currency),
  CONSTRAINT allowance_reverses_fkey FOREIGN KEY (firm_id, reverses) REFERENCES allowance (firm_id, id),
  CONSTRAINT allowance_reversed_once UNIQUE (firm_id, reverses),
  CONSTRAINT allowance_sign CHECK (CASE WHEN reverses IS NULL THEN amount_minor > 0 AND tax_minor BETWEEN 0 AND amount_minor ELSE amount_minor < 0 AND tax_minor BETWEEN amount_minor AND 0 END)
);
CALL isolate('allowance');
REVOKE UPDATE, DELETE ON allowance FROM docketry_api, docketry_worker;
CREATE INDEX allowance_invoice ON allowance (firm_id, invoice_id);
CREATE TRIGGER allowance_stays BEFORE UPDATE OR DELETE ON allowance FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER allowance_not_truncated BEFORE TRUNCATE ON allowance FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();

ALTER TABLE posting DROP CONSTRAINT posting_event_known;
ALTER TABLE posting ADD CONSTRAINT posting_event_known CHECK (event IN ('invoice', 'credit_note', 'payment', 'allocation', 'release', 'reversal', 'allowance', 'allowance_back'));
ALTER TABLE posting DROP CONSTRAINT posting_account_known;
ALTER TABLE posting ADD CONSTRAINT posting_account_known CHECK (account IN ('receivable', 'fees', 'expenses', 'tax', 'cash', 'unapplied', 'allowances'));

-- I03: at commit what an invoice says was allowed is the sum of its allowances, from both sides.
-- +goose StatementBegin
CREATE FUNCTION allowance_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE invoice_of uuid;
BEGIN
  invoice_of := CASE TG_TABLE_NAME WHEN 'invoice' THEN (to_jsonb(NEW)->>'id')::uuid ELSE (to_jsonb(NEW)->>'invoice_id')::uuid END;
  IF EXISTS (SELECT FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.id = invoice_of AND i.allowed_minor <>
      (SELECT coalesce(sum(a.amount_minor), 0) FROM allowance a WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id)) THEN
    RAISE EXCEPTION 'invoice %: its allowances do not sum to what it says', invoice_of USING ERRCODE = 'check_violation', CONSTRAINT = 'allowance_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER allowance_adds_up AFTER INSERT ON allowance DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allowance_adds_up();
CREATE CONSTRAINT TRIGGER invoice_allowance_adds_up AFTER UPDATE ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.allowed_minor IS DISTINCT FROM OLD.allowed_minor) EXECUTE FUNCTION allowance_adds_up();

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'allowed_minor', 'open_minor', 'status', 'sent_at'];
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

ALTER TABLE prebill_charge ADD COLUMN note text NOT NULL DEFAULT ''; -- of what is held back: until what
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_note_length CHECK (length(note) <= 200);
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'task', 'collar', 'success fee', 'volume discount', 'discount', 'holdback', 'holdback release'));
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_sign;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_sign CHECK (CASE
  WHEN what IN ('volume discount', 'discount', 'holdback') THEN amount_minor < 0
  WHEN what = 'collar' THEN amount_minor <> 0
  ELSE amount_minor > 0 END);

-- What the firm decided about the held fees of a matter: released to be billed, or forgone.
-- A row below zero takes decisions back: the invoice that held the fees was credited.
CREATE TABLE holdback_act (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  matter_id    uuid        NOT NULL,
  currency     text        NOT NULL,
  kind         text        NOT NULL,
  amount_minor bigint      NOT NULL,
  reason       text        NOT NULL,
  invoice_id   uuid, -- the credited one, of what is taken back
  made_by      uuid        NOT NULL,
  made_at      timestamptz NOT NULL,
  CONSTRAINT holdback_act_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT holdback_act_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT holdback_act_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT holdback_act_kind_known CHECK (kind IN ('release', 'forgo')),
  CONSTRAINT holdback_act_invoice_fkey FOREIGN KEY (firm_id, invoice_id) REFERENCES invoice (firm_id, id),
  CONSTRAINT holdback_act_sign CHECK (CASE WHEN invoice_id IS NULL THEN amount_minor > 0 ELSE amount_minor < 0 END),
  CONSTRAINT holdback_act_reason_length CHECK (length(reason) BETWEEN 3 AND 300),
  CONSTRAINT holdback_act_currency_form CHECK (currency ~ '^[A-Z]{3}$')
);
CALL isolate('holdback_act');
REVOKE UPDATE, DELETE ON holdback_act FROM docketry_api, docketry_worker;
CREATE INDEX holdback_act_matter ON holdback_act (firm_id, matter_id);
CREATE TRIGGER holdback_act_stays BEFORE UPDATE OR DELETE ON holdback_act FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER holdback_act_not_truncated BEFORE TRUNCATE ON holdback_act FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();

-- What stands of one kind of charge on bills of a matter: on invoices that were not credited
-- ('issued'), on approved bills too ('approved'), or on drafts as well ('any').
-- +goose StatementBegin
CREATE FUNCTION holdback_on_bills(firm uuid, matter uuid, cur text, charge text, stage text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(abs(c.amount_minor)), 0)::bigint FROM prebill b JOIN prebill_charge c ON c.firm_id = b.firm_id AND c.prebill_id = b.id
  WHERE b.firm_id = firm AND b.matter_id = matter AND b.currency = cur AND c.what = charge
    AND (b.status = 'taken' AND NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = b.firm_id AND i.prebill_id = b.id AND i.status = 'credited')
      OR b.status = 'approved' AND stage <> 'issued' OR b.status IN ('draft', 'in_review', 'changes_requested') AND stage = 'any')
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION holdback_on_bills(uuid, uuid, text, text, text) TO docketry_api, docketry_worker;

-- What was decided about the held fees of a matter, of one kind or, without one, of both.
-- +goose StatementBegin
CREATE FUNCTION holdback_decided(firm uuid, matter uuid, cur text, what text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(a.amount_minor), 0)::bigint FROM holdback_act a WHERE a.firm_id = firm AND a.matter_id = matter AND a.currency = cur AND (what IS NULL OR a.kind = what)
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION holdback_decided(uuid, uuid, text, text) TO docketry_api, docketry_worker;

-- Never more is released and forgone than issued invoices hold, and never more billed than was
-- released, however many decide at once: each waits for the lock of the matter, and reads after it.
-- +goose StatementBegin
CREATE FUNCTION holdback_within() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE decided bigint; held bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('holdback ' || NEW.matter_id::text, 0));
  decided := holdback_decided(NEW.firm_id, NEW.matter_id, NEW.currency, NULL);
  held := holdback_on_bills(NEW.firm_id, NEW.matter_id, NEW.currency, 'holdback', 'issued');
  IF NEW.amount_minor > 0 AND decided > held THEN
    RAISE EXCEPTION 'matter %: more is released than was held back', NEW.matter_id USING ERRCODE = 'check_violation', CONSTRAINT = 'holdback_within', TABLE = 'holdback_act';
  END IF;
  IF NEW.amount_minor < 0 AND (decided < held OR holdback_decided(NEW.firm_id, NEW.matter_id, NEW.currency, NEW.kind) < 0
      OR NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.id = NEW.invoice_id AND i.matter_id = NEW.matter_id AND i.status = 'credited')) THEN
    RAISE EXCEPTION 'matter %: only what a credit leaves without cover is taken back', NEW.matter_id USING ERRCODE = 'check_violation', CONSTRAINT = 'holdback_taken_back', TABLE = 'holdback_act';
  END IF;
  IF NEW.amount_minor < 0 AND holdback_decided(NEW.firm_id, NEW.matter_id, NEW.currency, 'release') < holdback_on_bills(NEW.firm_id, NEW.matter_id, NEW.currency, 'holdback release', 'approved') THEN
    RAISE EXCEPTION 'matter %: what is billed of a release is not taken back', NEW.matter_id USING ERRCODE = 'check_violation', CONSTRAINT = 'holdback_billed_within', TABLE = 'holdback_act';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER holdback_within AFTER INSERT ON holdback_act FOR EACH ROW EXECUTE FUNCTION holdback_within();

-- At commit a credit leaves nothing decided about fees that no invoice holds any more.
-- +goose StatementBegin
CREATE FUNCTION holdback_covered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM prebill_charge c WHERE c.firm_id = NEW.firm_id AND c.prebill_id = NEW.prebill_id AND c.what = 'holdback') THEN
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('holdback ' || NEW.matter_id::text, 0));
  IF holdback_decided(NEW.firm_id, NEW.matter_id, NEW.currency, NULL) > holdback_on_bills(NEW.firm_id, NEW.matter_id, NEW.currency, 'holdback', 'issued') THEN
    RAISE EXCEPTION 'invoice %: fees that it holds back are released or forgone', NEW.number USING ERRCODE = 'check_violation', CONSTRAINT = 'holdback_within', TABLE = 'invoice';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER holdback_covered AFTER UPDATE ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.status = 'credited' AND OLD.status <> 'credited') EXECUTE FUNCTION holdback_covered();

-- A draft may hold a release that was taken back until it is worked out anew; an approved bill may not.
-- +goose StatementBegin
CREATE FUNCTION holdback_billed_within() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bill record; stage text;
BEGIN
  IF TG_TABLE_NAME = 'prebill' THEN
    stage := 'approved';
    SELECT b.id, b.matter_id, b.currency INTO bill FROM prebill b WHERE b.firm_id = NEW.firm_id AND b.id = (to_jsonb(NEW)->>'id')::uuid;
    IF NOT EXISTS (SELECT FROM prebill_charge c WHERE c.firm_id = NEW.firm_id AND c.prebill_id = bill.id AND c.what = 'holdback release') THEN
      RETURN NULL;
    END IF;
  ELSE
    stage := 'any';
    SELECT b.id, b.matter_id, b.currency INTO bill FROM prebill b WHERE b.firm_id = NEW.firm_id AND b.id = (to_jsonb(NEW)->>'prebill_id')::uuid;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('holdback ' || bill.matter_id::text, 0));
  IF holdback_on_bills(NEW.firm_id, bill.matter_id, bill.currency, 'holdback release', stage) > holdback_decided(NEW.firm_id, bill.matter_id, bill.currency, 'release') THEN
    RAISE EXCEPTION 'matter %: more is billed than was released', bill.matter_id USING ERRCODE = 'check_violation', CONSTRAINT = 'holdback_billed_within', TABLE = 'prebill_charge';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER holdback_billed_within AFTER INSERT ON prebill_charge FOR EACH ROW WHEN (NEW.what = 'holdback release') EXECUTE FUNCTION holdback_billed_within();
CREATE TRIGGER holdback_billed_within AFTER UPDATE OF status ON prebill FOR EACH ROW WHEN (NEW.status = 'approved' AND OLD.status <> 'approved') EXECUTE FUNCTION holdback_billed_within();

-- +goose Down
DROP TRIGGER holdback_billed_within ON prebill;
DROP TRIGGER holdback_billed_within ON prebill_charge;
DROP FUNCTION holdback_billed_within();
DROP TRIGGER holdback_covered ON invoice;
DROP FUNCTION holdback_covered();
DROP TABLE holdback_act;
DROP FUNCTION holdback_within();
DROP FUNCTION holdback_decided(uuid, uuid, text, text);
DROP FUNCTION holdback_on_bills(uuid, uuid, text, text, text);
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_sign;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_sign CHECK (CASE
  WHEN what IN ('volume discount', 'discount') THEN amount_minor < 0
  WHEN what = 'collar' THEN amount_minor <> 0
  ELSE amount_minor > 0 END);
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'task', 'collar', 'success fee', 'volume discount', 'discount'));
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_note_length;
ALTER TABLE prebill_charge DROP COLUMN note;
DROP TRIGGER invoice_allowance_adds_up ON invoice;
DROP TABLE allowance;
DROP FUNCTION allowance_adds_up();
ALTER TABLE posting DROP CONSTRAINT posting_account_known;
ALTER TABLE posting ADD CONSTRAINT posting_account_known CHECK (account IN ('receivable', 'fees', 'expenses', 'tax', 'cash', 'unapplied'));
ALTER TABLE posting DROP CONSTRAINT posting_event_known;
ALTER TABLE posting ADD CONSTRAINT posting_event_known CHECK (event IN ('invoice', 'credit_note', 'payment', 'allocation', 'release', 'reversal'));
ALTER TABLE invoice DROP CONSTRAINT invoice_open_sum;
ALTER TABLE invoice ADD CONSTRAINT invoice_open_sum CHECK (open_minor = total_minor - credited_minor - paid_minor);
ALTER TABLE invoice DROP CONSTRAINT invoice_allowed_within;
ALTER TABLE invoice DROP CONSTRAINT invoice_prompt_whole;
ALTER TABLE invoice DROP COLUMN allowed_minor;
ALTER TABLE invoice DROP COLUMN prompt_tax_minor;
ALTER TABLE invoice DROP COLUMN prompt_minor;
ALTER TABLE invoice DROP COLUMN prompt_until;
ALTER TABLE prebill DROP CONSTRAINT prebill_prompt_whole;
ALTER TABLE prebill DROP COLUMN prompt_minor;
ALTER TABLE prebill DROP COLUMN prompt_days;
