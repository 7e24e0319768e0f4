-- 00136_disputed_within.sql: an invoice without a dispute is held by its own rules alone: an open amount below zero is
-- refused as that (I09), and not as a dispute over more than is open.
-- +goose Up
ALTER TABLE invoice DROP CONSTRAINT invoice_disputed_within;
ALTER TABLE invoice ADD CONSTRAINT invoice_disputed_within CHECK (disputed_minor = 0 OR disputed_minor BETWEEN 0 AND open_minor);

-- +goose Down
ALTER TABLE invoice DROP CONSTRAINT invoice_disputed_within;
ALTER TABLE invoice ADD CONSTRAINT invoice_disputed_within CHECK (disputed_minor BETWEEN 0 AND open_minor);
