-- 00041_run_dates.sql: an item that failed over the run's date is dated anew and tried again.
-- +goose Up
ALTER TABLE run_item ADD COLUMN invoice_on date; -- NULL: the run's
-- +goose Down
ALTER TABLE run_item DROP COLUMN invoice_on;
