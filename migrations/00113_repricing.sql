-- 00113_repricing.sql: repricing runs, and each price that an entry has had (LEGAL-BILLING 8: explicit, previewed, logged).
-- +goose Up
CREATE TABLE repricing (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  status       text        NOT NULL DEFAULT 'previewed',
  client_id    uuid,                 -- what was chosen: a client, or matters
  selection    jsonb       NOT NULL, -- the whole choice
  hash         text        NOT NULL, -- SHA-256 of the lines; what is carried out is exactly this
  examined     integer     NOT NULL, -- entries that were looked at
  card_version bigint      NOT NULL, -- of the register, at the preview, and when it was carried out then
  reason       text        NOT NULL DEFAULT '',
  made_by      uuid        NOT NULL,
  made_at      timestamptz NOT NULL,
  done_at      timestamptz,
  CONSTRAINT repricing_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT repricing_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT repricing_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT repricing_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT repricing_status_known CHECK (status IN ('previewed', 'done')),
  CONSTRAINT repricing_selection_object CHECK (jsonb_typeof(selection) = 'object' AND length(selection::text) <= 32768),
  CONSTRAINT repricing_hash_form CHECK (hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT repricing_reason_length CHECK (length(reason) <= 500),
  CONSTRAINT repricing_done_set CHECK ((status = 'done') = (done_at IS NOT NULL) AND (status = 'done') = (length(reason) >= 3))
);
CALL isolate('repricing');
REVOKE UPDATE, DELETE ON repricing FROM docketry_api, docketry_worker;
REVOKE INSERT ON repricing FROM docketry_worker;
GRANT UPDATE (status, card_version, reason, done_at) ON repricing TO docketry_api;
CREATE INDEX repricing_time ON repricing (firm_id, made_at DESC, id DESC);

-- What a run changes, and what it leaves although the register would give another rate, each with the reason.
CREATE TABLE repricing_line (
  firm_id         uuid    NOT NULL,
  repricing_id    uuid    NOT NULL,
  seq             integer NOT NULL,
  entry_id        uuid    NOT NULL,
  entry_version   integer NOT NULL, -- that was looked at
  matter_id       uuid    NOT NULL,
  prebill_id      uuid,             -- the draft that it is on
  why             text    NOT NULL, -- it is left; '' where it is changed
  before          jsonb   NOT NULL, -- prices
  after           jsonb   NOT NULL,
  before_minor    bigint  NOT NULL,
  before_currency text    NOT NULL,
  after_minor     bigint  NOT NULL,
  after_currency  text    NOT NULL,
  after_level     smallint NOT NULL, -- 0 where the register has no rate
  CONSTRAINT repricing_line_pkey PRIMARY KEY (firm_id, repricing_id, seq),
  CONSTRAINT repricing_line_repricing_fkey FOREIGN KEY (firm_id, repricing_id) REFERENCES repricing (firm_id, id),
  CONSTRAINT repricing_line_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT repricing_line_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT repricing_line_once UNIQUE (firm_id, repricing_id, entry_id),
  CONSTRAINT repricing_line_why_known CHECK (why IN ('', 'with_partner', 'given', 'no_rate', 'shaped', 'currency')),
  CONSTRAINT repricing_line_level_range CHECK (after_level BETWEEN 0 AND 11)
);
CALL isolate('repricing_line');
REVOKE UPDATE, DELETE ON repricing_line FROM docketry_api, docketry_worker;
REVOKE INSERT ON repricing_line FROM docketry_worker;

-- Each price that an entry has had, 0 the one it came in with. Written with the first run that changes it, and never changed.
CREATE TABLE entry_price (
  firm_id          uuid        NOT NULL,
  entry_id         uuid        NOT NULL,
  seq              integer     NOT NULL,
  rate_e4          bigint      NOT NULL,
  rate_source      text        NOT NULL,
  standard_rate_e4 bigint      NOT NULL,
  amount_minor     bigint      NOT NULL,
  minor_digits     smallint    NOT NULL,
  rounding         text        NOT NULL,
  currency         text        NOT NULL,
  rate_id          uuid,
  rate_level       smallint,
  card_version     bigint,
  repricing_id     uuid,                 -- NULL of the first
  priced_at        timestamptz NOT NULL,
  CONSTRAINT entry_price_pkey PRIMARY KEY (firm_id, entry_id, seq),
  CONSTRAINT entry_price_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT entry_price_rate_fkey FOREIGN KEY (firm_id, rate_id) REFERENCES rate (firm_id, id),
  CONSTRAINT entry_price_repricing_fkey FOREIGN KEY (firm_id, repricing_id) REFERENCES repricing (firm_id, id),
  CONSTRAINT entry_price_run_named CHECK ((seq = 0) = (repricing_id IS NULL) AND seq >= 0)
);
CALL isolate('entry_price');
REVOKE UPDATE, DELETE ON entry_price FROM docketry_api, docketry_worker;
REVOKE INSERT ON entry_price FROM docketry_worker;

ALTER TABLE entry ADD COLUMN price_seq integer NOT NULL DEFAULT 0; -- of entry_price, where there is any
GRANT UPDATE (rate_e4, rate_source, standard_rate_e4, amount_minor, minor_digits, rounding, currency, rate_id, rate_level, card_version, price_seq) ON entry TO docketry_api;

-- The price of an entry moves to the next that is written down, while the one before is too, and never on an invoice.
-- +goose StatementBegin
CREATE FUNCTION entry_price_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.price_seq = OLD.price_seq + 1 AND OLD.status IN ('open', 'billing') AND NEW.status = OLD.status AND NEW.kind = 'time'
    AND EXISTS (SELECT FROM entry_price p WHERE p.firm_id = NEW.firm_id AND p.entry_id = NEW.id AND p.seq = NEW.price_seq AND
      (p.rate_e4, p.rate_source, p.standard_rate_e4, p.amount_minor, p.minor_digits, p.rounding, p.currency, p.rate_id, p.rate_level, p.card_version) IS NOT DISTINCT FROM
      (NEW.rate_e4, NEW.rate_source, NEW.standard_rate_e4, NEW.amount_minor, NEW.minor_digits, NEW.rounding, NEW.currency, NEW.rate_id, NEW.rate_level, NEW.card_version))
    AND EXISTS (SELECT FROM entry_price p WHERE p.firm_id = OLD.firm_id AND p.entry_id = OLD.id AND p.seq = OLD.price_seq AND
      (p.rate_e4, p.rate_source, p.standard_rate_e4, p.amount_minor, p.minor_digits, p.rounding, p.currency, p.rate_id, p.rate_level, p.card_version) IS NOT DISTINCT FROM
      (OLD.rate_e4, OLD.rate_source, OLD.standard_rate_e4, OLD.amount_minor, OLD.minor_digits, OLD.rounding, OLD.currency, OLD.rate_id, OLD.rate_level, OLD.card_version)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the price of an entry changes by a repricing run only' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_price_kept', TABLE = 'entry';
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_price_kept BEFORE UPDATE OF rate_e4, rate_source, standard_rate_e4, amount_minor, minor_digits, rounding, currency, rate_id, rate_level, card_version, price_seq
  ON entry FOR EACH ROW EXECUTE FUNCTION entry_price_follows();

-- A line of a pre-bill stands by the price that its entry had when it was put there or repriced with it: a bill that is over
-- shows what it was made of, whatever its entry costs on the next one.
ALTER TABLE prebill_line ADD COLUMN price_seq integer NOT NULL DEFAULT 0;
-- +goose StatementBegin
CREATE FUNCTION prebill_line_priced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT e.price_seq INTO NEW.price_seq FROM entry e WHERE e.firm_id = NEW.firm_id AND e.id = NEW.entry_id;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_line_price BEFORE INSERT ON prebill_line FOR EACH ROW EXECUTE FUNCTION prebill_line_priced();

-- +goose Down
-- What was repriced cannot be told without the prices before: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM entry_price) THEN
    RAISE EXCEPTION 'entries were repriced; this step cannot be taken back without losing what they cost before';
  END IF;
END $$;
-- +goose StatementEnd
DROP TRIGGER prebill_line_price ON prebill_line;
DROP FUNCTION prebill_line_priced();
ALTER TABLE prebill_line DROP COLUMN price_seq;
DROP TRIGGER entry_price_kept ON entry;
DROP FUNCTION entry_price_follows();
REVOKE UPDATE (rate_e4, rate_source, standard_rate_e4, amount_minor, minor_digits, rounding, currency, rate_id, rate_level, card_version, price_seq) ON entry FROM docketry_api;
ALTER TABLE entry DROP COLUMN price_seq;
DROP TABLE entry_price;
DROP TABLE repricing_line;
DROP TABLE repricing;
