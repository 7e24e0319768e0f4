-- 00121_trust.sql: client money held in trust (LEGAL-BILLING 13, Model Rule 1.15): accounts, a ledger for each client and
-- matter in them, balanced append-only postings, and what leaves them with two people's word. Money in minor units.

-- +goose Up
CREATE TABLE trust_account (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  name       text        NOT NULL,
  bank       text        NOT NULL, -- as the bank's statement names it
  currency   text        NOT NULL,
  book_minor bigint      NOT NULL DEFAULT 0, -- moved by postings alone
  opened_by  uuid        NOT NULL,
  opened_at  timestamptz NOT NULL,
  closed_by  uuid,
  closed_at  timestamptz,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT trust_account_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT trust_account_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT trust_account_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES person (id),
  CONSTRAINT trust_account_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES person (id),
  CONSTRAINT trust_account_currency_key UNIQUE (firm_id, id, currency),
  CONSTRAINT trust_account_name_key UNIQUE (firm_id, name),
  CONSTRAINT trust_account_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT trust_account_texts_length CHECK (length(name) BETWEEN 1 AND 80 AND length(bank) BETWEEN 1 AND 120),
  CONSTRAINT trust_account_book_positive CHECK (book_minor >= 0), -- I10
  CONSTRAINT trust_account_closed_empty CHECK (closed_at IS NULL OR book_minor = 0),
  CONSTRAINT trust_account_closed_set CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CALL isolate('trust_account');
REVOKE UPDATE, DELETE ON trust_account FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_account FROM docketry_worker;
GRANT UPDATE (book_minor, closed_by, closed_at, version) ON trust_account TO docketry_api;
COMMENT ON TABLE trust_account IS 'class C2: bank accounts that hold clients'' money';

-- Up to which day an account is reconciled and closed (I22). A posting holds the row FOR SHARE, closing changes it: one waits
-- for the other. A row of its own, for a posting changes the account's.
CREATE TABLE trust_period (
  firm_id        uuid NOT NULL,
  account_id     uuid NOT NULL,
  closed_through date, -- NULL before the first
  CONSTRAINT trust_period_pkey PRIMARY KEY (firm_id, account_id),
  CONSTRAINT trust_period_account_fkey FOREIGN KEY (firm_id, account_id) REFERENCES trust_account (firm_id, id)
);
CALL isolate('trust_period');
REVOKE UPDATE, DELETE ON trust_period FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_period FROM docketry_worker;
GRANT UPDATE (closed_through) ON trust_period TO docketry_api;
COMMENT ON TABLE trust_period IS 'class C1: the last day of an account that takes no posting';

CREATE TABLE trust_ledger (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  account_id    uuid        NOT NULL,
  matter_id     uuid        NOT NULL,
  client_id     uuid        NOT NULL,
  currency      text        NOT NULL,
  balance_minor bigint      NOT NULL DEFAULT 0, -- moved by postings alone
  frozen_minor  bigint      NOT NULL DEFAULT 0, -- of it, disputed
  opened_at     timestamptz NOT NULL,
  CONSTRAINT trust_ledger_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT trust_ledger_account_fkey FOREIGN KEY (firm_id, account_id, currency) REFERENCES trust_account (firm_id, id, currency),
  CONSTRAINT trust_ledger_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT trust_ledger_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT trust_ledger_matter_key UNIQUE (firm_id, account_id, matter_id),
  CONSTRAINT trust_ledger_account_key UNIQUE (firm_id, id, account_id, currency),
  CONSTRAINT trust_ledger_balance_positive CHECK (balance_minor >= 0), -- I10
  CONSTRAINT trust_ledger_frozen_within CHECK (frozen_minor BETWEEN 0 AND balance_minor)
);
CALL isolate('trust_ledger');
REVOKE UPDATE, DELETE ON trust_ledger FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_ledger FROM docketry_worker;
GRANT UPDATE (balance_minor, frozen_minor) ON trust_ledger TO docketry_api;
CREATE INDEX trust_ledger_matter ON trust_ledger (firm_id, matter_id); -- a matter's page
COMMENT ON TABLE trust_ledger IS 'class C2: what a client holds in trust for a matter';

-- What is to leave an account: somebody asks, somebody else of the firm approves (four eyes).
CREATE TABLE trust_withdrawal (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  account_id   uuid        NOT NULL,
  ledger_id    uuid        NOT NULL,
  currency     text        NOT NULL,
  kind         text        NOT NULL, -- to the firm's operating account, or back to the client
  invoice_id   uuid,
  amount_minor bigint      NOT NULL,
  last_bill    boolean     NOT NULL DEFAULT false, -- said to be the matter's last, as a security retainer wants
  payee        text        NOT NULL DEFAULT '', -- of a refund
  note         text        NOT NULL DEFAULT '',
  status       text        NOT NULL DEFAULT 'asked',
  payment_id   uuid,       -- that it became
  asked_by     uuid        NOT NULL,
  asked_at     timestamptz NOT NULL,
  decided_by   uuid,
  decided_at   timestamptz,
  reason       text        NOT NULL DEFAULT '',
  version      integer     NOT NULL DEFAULT 1,
  CONSTRAINT trust_withdrawal_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT trust_withdrawal_ledger_fkey FOREIGN KEY (firm_id, ledger_id, account_id, currency) REFERENCES trust_ledger (firm_id, id, account_id, currency),
  CONSTRAINT trust_withdrawal_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT trust_withdrawal_payment_fkey FOREIGN KEY (firm_id, payment_id, currency) REFERENCES payment (firm_id, id, currency),
  CONSTRAINT trust_withdrawal_payment_key UNIQUE (firm_id, payment_id),
  CONSTRAINT trust_withdrawal_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES person (id),
  CONSTRAINT trust_withdrawal_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT trust_withdrawal_kind_known CHECK (kind IN ('transfer', 'refund')),
  CONSTRAINT trust_withdrawal_of_invoice CHECK ((kind = 'transfer') = (invoice_id IS NOT NULL) AND (kind = 'refund') = (payee <> '') AND (kind = 'transfer' OR NOT last_bill)),
  CONSTRAINT trust_withdrawal_amount_range CHECK (amount_minor BETWEEN 1 AND 10000000000000),
  CONSTRAINT trust_withdrawal_status_known CHECK (status IN ('asked', 'done', 'declined', 'withdrawn')),
  CONSTRAINT trust_withdrawal_decided_set CHECK ((status = 'asked') = (decided_at IS NULL) AND (status = 'asked') = (decided_by IS NULL)),
  CONSTRAINT trust_withdrawal_four_eyes CHECK (status NOT IN ('done', 'declined') OR decided_by <> asked_by), -- I13
  CONSTRAINT trust_withdrawal_paid CHECK ((payment_id IS NOT NULL) = (kind = 'transfer' AND status = 'done')),
  CONSTRAINT trust_withdrawal_declined_why CHECK (status <> 'declined' OR length(reason) >= 3),
  CONSTRAINT trust_withdrawal_texts_length CHECK (length(payee) <= 120 AND length(note) <= 300 AND length(reason) <= 300)
);
CALL isolate('trust_withdrawal');
REVOKE UPDATE, DELETE ON trust_withdrawal FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_withdrawal FROM docketry_worker;
GRANT UPDATE (status, payment_id, decided_by, decided_at, reason, version) ON trust_withdrawal TO docketry_api;
CREATE INDEX trust_withdrawal_status ON trust_withdrawal (firm_id, status, asked_at DESC, id DESC); -- the firm's list
CREATE INDEX trust_withdrawal_ledger ON trust_withdrawal (firm_id, ledger_id);
CREATE INDEX trust_withdrawal_invoice ON trust_withdrawal (firm_id, invoice_id) WHERE invoice_id IS NOT NULL;
COMMENT ON TABLE trust_withdrawal IS 'class C2: what somebody asked to leave an account, and who decided';

-- One event of an account. A correction is a row of its own that takes another back; both stay.
CREATE TABLE trust_entry (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  account_id    uuid        NOT NULL,
  ledger_id     uuid        NOT NULL,
  currency      text        NOT NULL,
  kind          text        NOT NULL,
  amount_minor  bigint      NOT NULL,
  dated_on      date        NOT NULL, -- at the bank; the day that periods go by
  party         text        NOT NULL DEFAULT '', -- from or to whom
  reference     text        NOT NULL DEFAULT '',
  reason        text        NOT NULL DEFAULT '', -- of a reversal
  withdrawal_id uuid,
  reverses      uuid,
  made_by       uuid        NOT NULL, -- who posted, or asked
  approved_by   uuid,
  made_at       timestamptz NOT NULL,
  CONSTRAINT trust_entry_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT trust_entry_ledger_fkey FOREIGN KEY (firm_id, ledger_id, account_id, currency) REFERENCES trust_ledger (firm_id, id, account_id, currency),
  CONSTRAINT trust_entry_withdrawal_fkey FOREIGN KEY (firm_id, withdrawal_id) REFERENCES trust_withdrawal (firm_id, id),
  CONSTRAINT trust_entry_withdrawal_once UNIQUE (firm_id, withdrawal_id),
  CONSTRAINT trust_entry_reverses_fkey FOREIGN KEY (firm_id, reverses) REFERENCES trust_entry (firm_id, id),
  CONSTRAINT trust_entry_reversed_once UNIQUE (firm_id, reverses),
  CONSTRAINT trust_entry_posting_key UNIQUE (firm_id, id, account_id, currency, dated_on),
  CONSTRAINT trust_entry_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT trust_entry_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES person (id),
  CONSTRAINT trust_entry_kind_known CHECK (kind IN ('deposit', 'refund', 'transfer', 'reversal')), -- no fee and no bank charge, ever
  CONSTRAINT trust_entry_amount_range CHECK (amount_minor BETWEEN 1 AND 10000000000000),
  CONSTRAINT trust_entry_withdrawn CHECK ((kind IN ('refund', 'transfer')) = (withdrawal_id IS NOT NULL) AND (kind IN ('refund', 'transfer')) = (approved_by IS NOT NULL)),
  CONSTRAINT trust_entry_four_eyes CHECK (approved_by <> made_by), -- I13
  CONSTRAINT trust_entry_reversal CHECK ((kind = 'reversal') = (reverses IS NOT NULL) AND (kind = 'reversal') = (reason <> '')),
  CONSTRAINT trust_entry_texts_length CHECK (length(party) <= 120 AND length(reference) <= 80 AND length(reason) <= 300)
);
CALL isolate('trust_entry');
REVOKE UPDATE, DELETE ON trust_entry FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_entry FROM docketry_worker;
CREATE INDEX trust_entry_ledger ON trust_entry (firm_id, ledger_id, dated_on DESC, made_at DESC, id DESC); -- a ledger's lines
CREATE INDEX trust_entry_account ON trust_entry (firm_id, account_id, dated_on); -- who posted in a period
-- The same form sent again; a real second deposit has a reference of its own.
CREATE UNIQUE INDEX trust_entry_once ON trust_entry (firm_id, ledger_id, dated_on, amount_minor, party, reference) WHERE kind = 'deposit';
COMMENT ON TABLE trust_entry IS 'class C2: deposits, refunds, transfers and reversals of client money';

-- Both sides of an entry; debits are positive. The bank's side is the book, the client's the matter's ledger.
CREATE TABLE trust_posting (
  firm_id      uuid   NOT NULL,
  entry_id     uuid   NOT NULL,
  side         text   NOT NULL,
  account_id   uuid   NOT NULL,
  ledger_id    uuid,
  currency     text   NOT NULL,
  amount_minor bigint NOT NULL,
  dated_on     date   NOT NULL,
  CONSTRAINT trust_posting_pkey PRIMARY KEY (firm_id, entry_id, side),
  CONSTRAINT trust_posting_entry_fkey FOREIGN KEY (firm_id, entry_id, account_id, currency, dated_on) REFERENCES trust_entry (firm_id, id, account_id, currency, dated_on),
  CONSTRAINT trust_posting_ledger_fkey FOREIGN KEY (firm_id, ledger_id, account_id, currency) REFERENCES trust_ledger (firm_id, id, account_id, currency),
  CONSTRAINT trust_posting_side_known CHECK (side IN ('bank', 'client')),
  CONSTRAINT trust_posting_of_ledger CHECK ((side = 'client') = (ledger_id IS NOT NULL)),
  CONSTRAINT trust_posting_amount CHECK (amount_minor <> 0)
);
CALL isolate('trust_posting');
REVOKE UPDATE, DELETE ON trust_posting FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_posting FROM docketry_worker;
CREATE INDEX trust_posting_ledger ON trust_posting (firm_id, ledger_id, dated_on) INCLUDE (amount_minor) WHERE side = 'client';
CREATE INDEX trust_posting_account ON trust_posting (firm_id, account_id, dated_on) INCLUDE (amount_minor, side);
COMMENT ON TABLE trust_posting IS 'class C2: both sides of each entry';

-- Money of a matter that is disputed and stays apart; a row below zero releases.
CREATE TABLE trust_freeze (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  ledger_id    uuid        NOT NULL,
  amount_minor bigint      NOT NULL,
  reason       text        NOT NULL,
  made_by      uuid        NOT NULL,
  made_at      timestamptz NOT NULL,
  CONSTRAINT trust_freeze_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT trust_freeze_ledger_fkey FOREIGN KEY (firm_id, ledger_id) REFERENCES trust_ledger (firm_id, id),
  CONSTRAINT trust_freeze_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT trust_freeze_amount CHECK (amount_minor <> 0),
  CONSTRAINT trust_freeze_reason_length CHECK (length(reason) BETWEEN 3 AND 300)
);
CALL isolate('trust_freeze');
REVOKE UPDATE, DELETE ON trust_freeze FROM docketry_api, docketry_worker;
REVOKE INSERT ON trust_freeze FROM docketry_worker;
CREATE INDEX trust_freeze_ledger ON trust_freeze (firm_id, ledger_id, made_at);
COMMENT ON TABLE trust_freeze IS 'class C2: disputed client money, and its release';

-- I22: what is dated in a closed period, or on a closed account, is refused; the row is held until the transaction ends.
-- What a reversal takes back, it takes back whole, once, and by somebody else than who posted it.
-- +goose StatementBegin
CREATE FUNCTION trust_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed date; was trust_entry;
BEGIN
  SELECT p.closed_through INTO closed FROM trust_period p WHERE p.firm_id = NEW.firm_id AND p.account_id = NEW.account_id FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'trust account % has no period', NEW.account_id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_period_there';
  END IF;
  IF NEW.dated_on <= closed THEN
    RAISE EXCEPTION 'trust account % is closed through %', NEW.account_id, closed USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_period_closed';
  END IF;
  IF EXISTS (SELECT FROM trust_account a WHERE a.firm_id = NEW.firm_id AND a.id = NEW.account_id AND a.closed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'trust account % is closed', NEW.account_id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_account_open';
  END IF;
  IF NEW.reverses IS NOT NULL THEN
    SELECT * INTO was FROM trust_entry e WHERE e.firm_id = NEW.firm_id AND e.id = NEW.reverses;
    IF was.kind = 'reversal' OR was.amount_minor <> NEW.amount_minor OR was.ledger_id <> NEW.ledger_id OR was.dated_on > NEW.dated_on THEN
      RAISE EXCEPTION 'a reversal takes back one entry, whole and no earlier than it' USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_reversal_whole';
    END IF;
    IF was.made_by = NEW.made_by THEN
      RAISE EXCEPTION 'who posted an entry does not take it back' USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_entry_four_eyes';
    END IF;
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_entry_guard BEFORE INSERT ON trust_entry FOR EACH ROW EXECUTE FUNCTION trust_entry_guard();

-- The lowest that a ledger stands, by the dates of its entries, at the end of a day and of every later one.
-- +goose StatementBegin
CREATE FUNCTION trust_least(firm uuid, ledger uuid, from_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
  WITH days AS (SELECT p.dated_on, -sum(p.amount_minor) AS moved FROM trust_posting p WHERE p.firm_id = firm AND p.ledger_id = ledger AND p.side = 'client' GROUP BY p.dated_on),
    stands AS (SELECT dated_on, sum(moved) OVER (ORDER BY dated_on) AS balance FROM days)
  SELECT least(coalesce((SELECT balance FROM stands WHERE dated_on <= from_day ORDER BY dated_on DESC LIMIT 1), 0), (SELECT min(balance) FROM stands WHERE dated_on > from_day))::bigint
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION trust_least(uuid, uuid, date) TO docketry_api;

-- I10: each posting moves its balance in place, so that the check on the row decides and not a sum read before.
-- +goose StatementBegin
CREATE FUNCTION trust_posting_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.side = 'bank' THEN
    UPDATE trust_account SET book_minor = book_minor + NEW.amount_minor WHERE firm_id = NEW.firm_id AND id = NEW.account_id;
  ELSE
    UPDATE trust_ledger SET balance_minor = balance_minor - NEW.amount_minor WHERE firm_id = NEW.firm_id AND id = NEW.ledger_id;
    IF NEW.amount_minor > 0 AND trust_least(NEW.firm_id, NEW.ledger_id, NEW.dated_on) < 0 THEN
      RAISE EXCEPTION 'trust ledger %: on some day less than that was there', NEW.ledger_id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_ledger_day_positive';
    END IF;
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_posting_moves AFTER INSERT ON trust_posting FOR EACH ROW EXECUTE FUNCTION trust_posting_moves();

-- At commit an entry has its two sides, which sum to zero and go the way its kind says.
-- +goose StatementBegin
CREATE FUNCTION trust_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE way integer;
BEGIN
  SELECT CASE coalesce(was.kind, NEW.kind) WHEN 'deposit' THEN 1 ELSE -1 END * CASE WHEN was.id IS NULL THEN 1 ELSE -1 END INTO way
    FROM (SELECT 1) one LEFT JOIN trust_entry was ON was.firm_id = NEW.firm_id AND was.id = NEW.reverses;
  IF (SELECT count(*) FILTER (WHERE p.side = 'bank' AND p.amount_minor = way * NEW.amount_minor) <> 1
        OR count(*) FILTER (WHERE p.side = 'client' AND p.amount_minor = -way * NEW.amount_minor AND p.ledger_id = NEW.ledger_id) <> 1
      FROM trust_posting p WHERE p.firm_id = NEW.firm_id AND p.entry_id = NEW.id) THEN
    RAISE EXCEPTION 'trust entry %: its two sides are not there', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_entry_balances';
  END IF;
  IF NEW.withdrawal_id IS NOT NULL AND NOT EXISTS (SELECT FROM trust_withdrawal w WHERE w.firm_id = NEW.firm_id AND w.id = NEW.withdrawal_id AND w.status = 'done'
      AND w.kind = NEW.kind AND w.ledger_id = NEW.ledger_id AND w.amount_minor = NEW.amount_minor AND w.asked_by = NEW.made_by AND w.decided_by = NEW.approved_by) THEN
    RAISE EXCEPTION 'trust entry %: nobody approved it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_entry_approved';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER trust_entry_balances AFTER INSERT ON trust_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trust_entry_balances();

-- I10: at commit a ledger is the sum of its postings and of its freezes, and an account the sum of its ledgers.
-- +goose StatementBegin
CREATE FUNCTION trust_ledger_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM trust_ledger l WHERE l.firm_id = NEW.firm_id AND l.id = NEW.id AND (
      l.balance_minor <> (SELECT coalesce(-sum(p.amount_minor), 0) FROM trust_posting p WHERE p.firm_id = l.firm_id AND p.ledger_id = l.id AND p.side = 'client')
      OR l.frozen_minor <> (SELECT coalesce(sum(z.amount_minor), 0) FROM trust_freeze z WHERE z.firm_id = l.firm_id AND z.ledger_id = l.id))) THEN
    RAISE EXCEPTION 'trust ledger %: its rows do not sum to it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_ledger_adds_up';
  END IF;
  IF EXISTS (SELECT FROM trust_account a WHERE a.firm_id = NEW.firm_id AND a.id = NEW.account_id AND a.book_minor <>
      (SELECT coalesce(sum(l.balance_minor), 0) FROM trust_ledger l WHERE l.firm_id = a.firm_id AND l.account_id = a.id)) THEN
    RAISE EXCEPTION 'trust account %: its ledgers do not sum to it', NEW.account_id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_account_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER trust_ledger_adds_up AFTER INSERT OR UPDATE ON trust_ledger DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trust_ledger_adds_up();

-- +goose StatementBegin
CREATE FUNCTION trust_account_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM trust_account a WHERE a.firm_id = NEW.firm_id AND a.id = NEW.id AND a.book_minor <>
      (SELECT coalesce(sum(l.balance_minor), 0) FROM trust_ledger l WHERE l.firm_id = a.firm_id AND l.account_id = a.id)) THEN
    RAISE EXCEPTION 'trust account %: its ledgers do not sum to it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_account_adds_up';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER trust_account_adds_up AFTER INSERT OR UPDATE ON trust_account DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trust_account_adds_up();

-- +goose StatementBegin
CREATE FUNCTION trust_freeze_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE trust_ledger SET frozen_minor = frozen_minor + NEW.amount_minor WHERE firm_id = NEW.firm_id AND id = NEW.ledger_id;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_freeze_moves AFTER INSERT ON trust_freeze FOR EACH ROW EXECUTE FUNCTION trust_freeze_moves();

-- A ledger is of its matter's client and currency; a transfer pays an invoice of its ledger's matter. A decision is made once.
-- +goose StatementBegin
CREATE FUNCTION trust_ledger_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM matter m WHERE m.firm_id = NEW.firm_id AND m.id = NEW.matter_id AND m.client_id = NEW.client_id AND m.currency = NEW.currency) THEN
    RAISE EXCEPTION 'a trust ledger is of its matter''s client and currency' USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_ledger_of_matter';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_ledger_guard BEFORE INSERT ON trust_ledger FOR EACH ROW EXECUTE FUNCTION trust_ledger_guard();

-- +goose StatementBegin
CREATE FUNCTION trust_withdrawal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.status <> 'asked' OR NEW.version <> OLD.version + 1) THEN
    RAISE EXCEPTION 'withdrawal % was decided', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_withdrawal_once';
  END IF;
  IF TG_OP = 'INSERT' AND (NEW.status <> 'asked' OR NEW.invoice_id IS NOT NULL AND NOT EXISTS (SELECT FROM invoice i JOIN trust_ledger l ON l.firm_id = i.firm_id AND l.matter_id = i.matter_id
      WHERE i.firm_id = NEW.firm_id AND i.id = NEW.invoice_id AND l.id = NEW.ledger_id)) THEN
    RAISE EXCEPTION 'a transfer pays an invoice of its ledger''s matter' USING ERRCODE = 'check_violation', CONSTRAINT = 'trust_withdrawal_of_matter';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_withdrawal_guard BEFORE INSERT OR UPDATE ON trust_withdrawal FOR EACH ROW EXECUTE FUNCTION trust_withdrawal_guard();

-- A payment from trust is of an approved transfer, and stands as long as its entry does.
ALTER TABLE payment DROP CONSTRAINT payment_method_known;
ALTER TABLE payment ADD CONSTRAINT payment_method_known CHECK (method IN ('wire', 'transfer', 'check', 'card', 'cash', 'other', 'trust'));
-- +goose StatementBegin
CREATE FUNCTION payment_from_trust() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM payment y JOIN trust_withdrawal w ON w.firm_id = y.firm_id AND w.payment_id = y.id AND w.amount_minor = y.amount_minor
      JOIN trust_entry e ON e.firm_id = w.firm_id AND e.withdrawal_id = w.id AND e.kind = 'transfer'
      WHERE y.firm_id = NEW.firm_id AND y.id = NEW.id
        AND (y.reversed_at IS NOT NULL) = EXISTS (SELECT FROM trust_entry r WHERE r.firm_id = e.firm_id AND r.reverses = e.id)) THEN
    RAISE EXCEPTION 'payment %: it stands and goes with its trust transfer', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_from_trust';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER payment_from_trust AFTER INSERT OR UPDATE ON payment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.method = 'trust') EXECUTE FUNCTION payment_from_trust();

-- +goose StatementBegin
CREATE FUNCTION trust_reversal_pays_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM trust_entry e JOIN trust_withdrawal w ON w.firm_id = e.firm_id AND w.id = e.withdrawal_id JOIN payment y ON y.firm_id = w.firm_id AND y.id = w.payment_id
      WHERE e.firm_id = NEW.firm_id AND e.id = NEW.reverses AND y.reversed_at IS NULL) THEN
    RAISE EXCEPTION 'trust entry %: the payment it made still stands', NEW.reverses USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_from_trust';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER trust_reversal_pays_back AFTER INSERT ON trust_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reverses IS NOT NULL) EXECUTE FUNCTION trust_reversal_pays_back();

CREATE TRIGGER trust_entry_stays BEFORE UPDATE OR DELETE ON trust_entry FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_entry_not_truncated BEFORE TRUNCATE ON trust_entry FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_posting_stays BEFORE UPDATE OR DELETE ON trust_posting FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_posting_not_truncated BEFORE TRUNCATE ON trust_posting FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_freeze_stays BEFORE UPDATE OR DELETE ON trust_freeze FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_freeze_not_truncated BEFORE TRUNCATE ON trust_freeze FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_ledger_stays BEFORE DELETE ON trust_ledger FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_account_stays BEFORE DELETE ON trust_account FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER trust_withdrawal_stays BEFORE DELETE ON trust_withdrawal FOR EACH ROW EXECUTE FUNCTION issued_stays();

-- +goose Down
DROP TRIGGER payment_from_trust ON payment;
DROP FUNCTION payment_from_trust();
ALTER TABLE payment DROP CONSTRAINT payment_method_known;
ALTER TABLE payment ADD CONSTRAINT payment_method_known CHECK (method IN ('wire', 'transfer', 'check', 'card', 'cash', 'other'));
DROP TABLE trust_freeze;
DROP TABLE trust_posting;
DROP TABLE trust_entry;
DROP TABLE trust_withdrawal;
DROP TABLE trust_ledger;
DROP TABLE trust_period;
DROP TABLE trust_account;
DROP FUNCTION trust_reversal_pays_back();
DROP FUNCTION trust_withdrawal_guard();
DROP FUNCTION trust_ledger_guard();
DROP FUNCTION trust_freeze_moves();
DROP FUNCTION trust_account_adds_up();
DROP FUNCTION trust_ledger_adds_up();
DROP FUNCTION trust_entry_balances();
DROP FUNCTION trust_posting_moves();
DROP FUNCTION trust_least(uuid, uuid, date);
DROP FUNCTION trust_entry_guard();
