-- 00150_converted_price.sql: how a price of another currency came into that of the entry: what one unit (an hour; of a cost what is
-- counted) was in the currency of its source, and the exchange rate. All are NULL where nothing was converted.

-- +goose Up
ALTER TABLE entry
  ADD COLUMN source_price_e4  bigint,
  ADD COLUMN source_currency  text,
  ADD COLUMN exchange_id      uuid,
  ADD COLUMN exchange_e8      bigint,
  ADD COLUMN exchange_on      date,   -- of the exchange rate, on or before the work date
  ADD COLUMN exchange_version bigint, -- of the firm's tables when it was priced
  ADD CONSTRAINT entry_exchange_fkey FOREIGN KEY (firm_id, exchange_id) REFERENCES exchange_rate (firm_id, id),
  ADD CONSTRAINT entry_converted_whole CHECK (num_nonnulls(source_price_e4, source_currency, exchange_id, exchange_e8, exchange_on, exchange_version) IN (0, 6)),
  ADD CONSTRAINT entry_converted_other CHECK (source_currency <> currency AND exchange_on <= worked_on),
  -- Half up, away from zero: what is converted is the product at 1e-4.
  ADD CONSTRAINT entry_converted_product CHECK (CASE kind WHEN 'time' THEN rate_e4 ELSE unit_cost_e4 END = round(source_price_e4::numeric * exchange_e8 / 100000000));
CREATE INDEX entry_exchange ON entry (firm_id, exchange_id) WHERE exchange_id IS NOT NULL; -- what an exchange rate priced

ALTER TABLE entry_price
  ADD COLUMN source_price_e4  bigint,
  ADD COLUMN source_currency  text,
  ADD COLUMN exchange_id      uuid,
  ADD COLUMN exchange_e8      bigint,
  ADD COLUMN exchange_on      date,
  ADD COLUMN exchange_version bigint,
  ADD CONSTRAINT entry_price_exchange_fkey FOREIGN KEY (firm_id, exchange_id) REFERENCES exchange_rate (firm_id, id),
  ADD CONSTRAINT entry_price_converted_whole CHECK (num_nonnulls(source_price_e4, source_currency, exchange_id, exchange_e8, exchange_on, exchange_version) IN (0, 6)),
  ADD CONSTRAINT entry_price_converted_product CHECK (rate_e4 = round(source_price_e4::numeric * exchange_e8 / 100000000));
GRANT UPDATE (source_price_e4, source_currency, exchange_id, exchange_e8, exchange_on, exchange_version) ON entry TO docketry_api;

-- As the rest of a price, it moves to the next that is written down, and never on an invoice. A run of the former program writes
-- no conversion down, and leaves that of the entry: it is refused here, and done again by the present one.
-- +goose StatementBegin
CREATE FUNCTION entry_conversion_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.price_seq = OLD.price_seq + 1 AND OLD.status IN ('open', 'billing') AND NEW.status = OLD.status AND NEW.kind = 'time'
    AND EXISTS (SELECT FROM entry_price p WHERE p.firm_id = NEW.firm_id AND p.entry_id = NEW.id AND p.seq = NEW.price_seq AND
      (p.source_price_e4, p.source_currency, p.exchange_id, p.exchange_e8, p.exchange_on, p.exchange_version) IS NOT DISTINCT FROM
      (NEW.source_price_e4, NEW.source_currency, NEW.exchange_id, NEW.exchange_e8, NEW.exchange_on, NEW.exchange_version))
    AND EXISTS (SELECT FROM entry_price p WHERE p.firm_id = OLD.firm_id AND p.entry_id = OLD.id AND p.seq = OLD.price_seq AND
      (p.source_price_e4, p.source_currency, p.exchange_id, p.exchange_e8, p.exchange_on, p.exchange_version) IS NOT DISTINCT FROM
      (OLD.source_price_e4, OLD.source_currency, OLD.exchange_id, OLD.exchange_e8, OLD.exchange_on, OLD.exchange_version)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the price of an entry changes by a repricing run only' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_price_kept', TABLE = 'entry';
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_conversion_kept BEFORE UPDATE OF price_seq, source_price_e4, source_currency, exchange_id, exchange_e8, exchange_on, exchange_version
  ON entry FOR EACH ROW EXECUTE FUNCTION entry_conversion_follows();

-- Why a run leaves an entry although the register has a rate: there is no exchange rate for it.
ALTER TABLE repricing_line DROP CONSTRAINT repricing_line_why_known;
ALTER TABLE repricing_line ADD CONSTRAINT repricing_line_why_known CHECK (why IN ('', 'with_partner', 'given', 'no_rate', 'no_exchange', 'shaped', 'currency'));

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM entry WHERE exchange_id IS NOT NULL) OR EXISTS (SELECT FROM entry_price WHERE exchange_id IS NOT NULL) THEN
    RAISE EXCEPTION 'work was priced by exchange rates; this step cannot be taken back without losing how';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE repricing_line DROP CONSTRAINT repricing_line_why_known;
ALTER TABLE repricing_line ADD CONSTRAINT repricing_line_why_known CHECK (why IN ('', 'with_partner', 'given', 'no_rate', 'shaped', 'currency')) NOT VALID;
DROP TRIGGER entry_conversion_kept ON entry;
DROP FUNCTION entry_conversion_follows();
ALTER TABLE entry_price
  DROP COLUMN source_price_e4,
  DROP COLUMN source_currency,
  DROP COLUMN exchange_id,
  DROP COLUMN exchange_e8,
  DROP COLUMN exchange_on,
  DROP COLUMN exchange_version;
DROP INDEX entry_exchange;
ALTER TABLE entry
  DROP COLUMN source_price_e4,
  DROP COLUMN source_currency,
  DROP COLUMN exchange_id,
  DROP COLUMN exchange_e8,
  DROP COLUMN exchange_on,
  DROP COLUMN exchange_version;
