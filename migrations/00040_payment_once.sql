-- 00040_payment_once.sql: one payment is posted once. Two that nobody could tell
-- apart are the same form sent again; a real second one has a reference of its own.
-- +goose Up
CREATE UNIQUE INDEX payment_once ON payment (firm_id, payor_id, received_on, amount_minor, currency, method, reference) WHERE reversed_at IS NULL;
-- +goose Down
DROP INDEX payment_once;
