-- 00110_units.sql: units of an agreed price list on a bill (LEGAL-BILLING 8, task-based): how
-- many of each, beside the prices that stand there once.

-- +goose Up
ALTER TABLE prebill_price ADD COLUMN quantity_e4 bigint NOT NULL DEFAULT 0; -- of units; 0 is a price that stands once
ALTER TABLE prebill_price ADD CONSTRAINT prebill_price_quantity CHECK (quantity_e4 BETWEEN 0 AND 1000000000);

ALTER TABLE prebill_charge ADD COLUMN quantity_e4 bigint NOT NULL DEFAULT 0; -- of units, at rate_e4 each
ALTER TABLE prebill_charge ADD COLUMN rate_e4 bigint NOT NULL DEFAULT 0;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_units CHECK (CASE WHEN what = 'task' THEN quantity_e4 > 0 AND rate_e4 > 0 ELSE quantity_e4 = 0 AND rate_e4 = 0 END);
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'task', 'collar', 'success fee', 'volume discount', 'discount'));

-- +goose Down
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'collar', 'success fee', 'volume discount', 'discount'));
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_units;
ALTER TABLE prebill_charge DROP COLUMN rate_e4;
ALTER TABLE prebill_charge DROP COLUMN quantity_e4;
ALTER TABLE prebill_price DROP CONSTRAINT prebill_price_quantity;
ALTER TABLE prebill_price DROP COLUMN quantity_e4;
