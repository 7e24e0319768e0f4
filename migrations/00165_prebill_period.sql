-- 00165_prebill_period.sql: the first day of the period that a pre-bill is for, where somebody names one (guideline rule TIM-10).

-- +goose Up
ALTER TABLE prebill ADD COLUMN period_from date; -- NULL: all work up to through_on belongs on it
ALTER TABLE prebill ADD CONSTRAINT prebill_period_order CHECK (period_from <= through_on);

-- +goose Down
ALTER TABLE prebill DROP COLUMN period_from;
