-- 00078_arrangement.sql: what a client agreed to pay for work (LEGAL-BILLING 8), in
-- versions by their first day, and what it makes of a pre-bill.
-- +goose Up
CREATE TABLE arrangement (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  client_id    uuid, -- of its matters without one of their own; one of the two
  matter_id    uuid,
  number       integer     NOT NULL, -- version 1, 2, .. of the same place
  from_on      date        NOT NULL, -- first work date it holds for, until the next version's
  until_on     date,                 -- first work date it holds for no more; NULL while open
  terms        jsonb       NOT NULL,
  agreed_by    uuid        NOT NULL,
  agreed_at    timestamptz NOT NULL,
  ended_by     uuid,
  ended_at     timestamptz,
  withdrawn_by uuid,
  withdrawn_at timestamptz,          -- as if it had never been
  CONSTRAINT arrangement_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT arrangement_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT arrangement_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT arrangement_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT arrangement_agreed_by_fkey FOREIGN KEY (agreed_by) REFERENCES person (id),
  CONSTRAINT arrangement_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  CONSTRAINT arrangement_withdrawn_by_fkey FOREIGN KEY (withdrawn_by) REFERENCES person (id),
  CONSTRAINT arrangement_one_place CHECK (num_nonnulls(client_id, matter_id) = 1),
  CONSTRAINT arrangement_number_positive CHECK (number >= 1),
  CONSTRAINT arrangement_until_after CHECK (until_on > from_on),
  CONSTRAINT arrangement_ended_whole CHECK ((until_on IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (ended_at IS NULL)),
  CONSTRAINT arrangement_withdrawn_whole CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL)),
  CONSTRAINT arrangement_terms_size CHECK (length(terms::text) <= 65536)
);
CALL isolate('arrangement');
REVOKE UPDATE, DELETE ON arrangement FROM docketry_api, docketry_worker;
GRANT UPDATE (until_on, ended_by, ended_at, withdrawn_by, withdrawn_at) ON arrangement TO docketry_api, docketry_worker;
CREATE UNIQUE INDEX arrangement_version ON arrangement (firm_id, coalesce(matter_id, client_id), number);
-- One main arrangement at a time: versions of a place begin on different days.
CREATE UNIQUE INDEX arrangement_day ON arrangement (firm_id, coalesce(matter_id, client_id), from_on) WHERE withdrawn_at IS NULL;

-- What the arrangement of its work date makes of a line, after what people changed:
-- the main arrangement, then its cap, then its discount. Zero where nothing is agreed.
ALTER TABLE prebill_line ADD COLUMN agreed_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE prebill_line ADD COLUMN agreed_reason text NOT NULL DEFAULT '';
ALTER TABLE prebill_line ADD COLUMN agreed_rate_e4 bigint NOT NULL DEFAULT 0; -- a blended rate; 0 is the line's own
ALTER TABLE prebill_line ADD COLUMN cap_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE prebill_line ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE prebill_line ADD COLUMN unseen boolean NOT NULL DEFAULT false; -- under a fixed price: the invoice does not show it
ALTER TABLE prebill_line DROP COLUMN amount_minor;
ALTER TABLE prebill_line ADD COLUMN amount_minor bigint NOT NULL
  GENERATED ALWAYS AS (value_minor - write_down_minor + agreed_minor + cap_minor + discount_minor) STORED;
GRANT SELECT (amount_minor) ON prebill_line TO docketry_bureau;
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_agreed_known CHECK (agreed_reason IN ('', 'RATE', 'FIXED', 'COURTESY') AND agreed_rate_e4 >= 0);
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_arranged_range CHECK (CASE WHEN kind = 'time'
  THEN cap_minor <= 0 AND discount_minor <= 0 AND value_minor - write_down_minor + agreed_minor + cap_minor + discount_minor >= 0
  ELSE agreed_minor = 0 AND cap_minor = 0 AND discount_minor = 0 END);
ALTER TABLE prebill_line ADD CONSTRAINT prebill_line_unseen_is_nothing CHECK (NOT unseen OR value_minor - write_down_minor + agreed_minor + cap_minor + discount_minor = 0);

-- What the arrangement charges, or takes off, beside the lines. It is worked out anew
-- with every change until the approval.
CREATE TABLE prebill_charge (
  firm_id        uuid    NOT NULL,
  prebill_id     uuid    NOT NULL,
  position       integer NOT NULL,
  arrangement_id uuid    NOT NULL,
  what           text    NOT NULL,
  code           text    NOT NULL DEFAULT '', -- the phase or task of a price
  amount_minor   bigint  NOT NULL,
  CONSTRAINT prebill_charge_pkey PRIMARY KEY (firm_id, prebill_id, position),
  CONSTRAINT prebill_charge_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_charge_arrangement_fkey FOREIGN KEY (firm_id, arrangement_id) REFERENCES arrangement (firm_id, id),
  CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'volume discount', 'discount')),
  CONSTRAINT prebill_charge_sign CHECK ((what = 'fixed' AND amount_minor > 0) OR (what <> 'fixed' AND amount_minor < 0)),
  CONSTRAINT prebill_charge_code_length CHECK (length(code) <= 20)
);
CALL isolate('prebill_charge');
REVOKE UPDATE ON prebill_charge FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, prebill_id, amount_minor) ON prebill_charge TO docketry_bureau;

-- The fixed prices that a person puts on a pre-bill.
CREATE TABLE prebill_price (
  firm_id        uuid        NOT NULL,
  prebill_id     uuid        NOT NULL,
  arrangement_id uuid        NOT NULL,
  code           text        NOT NULL,
  put_by         uuid        NOT NULL,
  put_at         timestamptz NOT NULL,
  CONSTRAINT prebill_price_pkey PRIMARY KEY (firm_id, prebill_id, arrangement_id, code),
  CONSTRAINT prebill_price_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_price_arrangement_fkey FOREIGN KEY (firm_id, arrangement_id) REFERENCES arrangement (firm_id, id),
  CONSTRAINT prebill_price_put_by_fkey FOREIGN KEY (put_by) REFERENCES person (id),
  CONSTRAINT prebill_price_code_length CHECK (length(code) <= 20)
);
CALL isolate('prebill_price');
REVOKE UPDATE ON prebill_price FROM docketry_api, docketry_worker;

-- +goose StatementBegin
CREATE FUNCTION prebill_beside_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  beside record;
  state  text;
BEGIN
  beside := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  SELECT p.status INTO state FROM prebill p WHERE p.firm_id = beside.firm_id AND p.id = beside.prebill_id FOR SHARE;
  IF state IN ('approved', 'taken', 'cancelled') THEN
    RAISE EXCEPTION 'the fees of a pre-bill that is % do not change', state USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_beside_frozen', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN beside;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_charge_freeze BEFORE INSERT OR DELETE ON prebill_charge FOR EACH ROW EXECUTE FUNCTION prebill_beside_stands();
CREATE TRIGGER prebill_price_freeze BEFORE INSERT OR DELETE ON prebill_price FOR EACH ROW EXECUTE FUNCTION prebill_beside_stands();

CREATE OR REPLACE FUNCTION prebill_net(firm uuid, bill uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (coalesce((SELECT sum(l.amount_minor) FROM prebill_line l WHERE l.firm_id = firm AND l.prebill_id = bill AND NOT l.held), 0)
    + coalesce((SELECT sum(c.amount_minor) FROM prebill_charge c WHERE c.firm_id = firm AND c.prebill_id = bill), 0)
    - coalesce((SELECT sum(c.amount_minor) FROM prebill_cut c WHERE c.firm_id = firm AND c.prebill_id = bill AND c.undone_at IS NULL), 0))::bigint
$$;

-- +goose Down
CREATE OR REPLACE FUNCTION prebill_net(firm uuid, bill uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (coalesce((SELECT sum(l.amount_minor) FROM prebill_line l WHERE l.firm_id = firm AND l.prebill_id = bill AND NOT l.held), 0)
    - coalesce((SELECT sum(c.amount_minor) FROM prebill_cut c WHERE c.firm_id = firm AND c.prebill_id = bill AND c.undone_at IS NULL), 0))::bigint
$$;
DROP TABLE prebill_price;
DROP TABLE prebill_charge;
DROP FUNCTION prebill_beside_stands();
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_unseen_is_nothing;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_arranged_range;
ALTER TABLE prebill_line DROP CONSTRAINT prebill_line_agreed_known;
ALTER TABLE prebill_line DROP COLUMN amount_minor;
ALTER TABLE prebill_line DROP COLUMN unseen;
ALTER TABLE prebill_line DROP COLUMN discount_minor;
ALTER TABLE prebill_line DROP COLUMN cap_minor;
ALTER TABLE prebill_line DROP COLUMN agreed_rate_e4;
ALTER TABLE prebill_line DROP COLUMN agreed_reason;
ALTER TABLE prebill_line DROP COLUMN agreed_minor;
ALTER TABLE prebill_line ADD COLUMN amount_minor bigint NOT NULL GENERATED ALWAYS AS (value_minor - write_down_minor) STORED;
GRANT SELECT (amount_minor) ON prebill_line TO docketry_bureau;
DROP TABLE arrangement;
