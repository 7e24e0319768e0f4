-- 00104_recurring.sql: what stands on a bill beside the work: a retainer's fee and a
-- subscription by period, a collar settled, a success fee (LEGAL-BILLING 8).

-- +goose Up
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'collar', 'success fee', 'volume discount', 'discount'));
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_sign;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_sign CHECK (CASE
  WHEN what IN ('volume discount', 'discount') THEN amount_minor < 0
  WHEN what = 'collar' THEN amount_minor <> 0
  ELSE amount_minor > 0 END);

-- +goose Down
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_sign;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_sign CHECK ((what = 'fixed' AND amount_minor > 0) OR (what <> 'fixed' AND amount_minor < 0));
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'volume discount', 'discount'));
