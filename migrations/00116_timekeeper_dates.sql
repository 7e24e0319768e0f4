-- 00116_timekeeper_dates.sql: when a timekeeper was with the firm and admitted to the bar, by
-- which guidelines judge (RAT-07, TIM-17).

-- +goose Up
ALTER TABLE timekeeper ADD COLUMN joined_on date, ADD COLUMN left_on date, ADD COLUMN admitted_on date; -- NULL is not known; left_on is the last day
ALTER TABLE timekeeper ADD CONSTRAINT timekeeper_days_order CHECK (left_on >= joined_on);

-- +goose Down
ALTER TABLE timekeeper DROP COLUMN joined_on, DROP COLUMN left_on, DROP COLUMN admitted_on;
