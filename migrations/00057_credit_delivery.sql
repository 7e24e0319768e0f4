-- 00057_credit_delivery.sql: a credit note goes the way its invoice went. A delivery
-- with a credit note is of that note; its invoice is the one taken back.
-- +goose Up
ALTER TABLE delivery ADD COLUMN credit_note_id uuid;
ALTER TABLE delivery ADD CONSTRAINT delivery_credit_note_fkey FOREIGN KEY (firm_id, credit_note_id) REFERENCES credit_note (firm_id, id);
DROP INDEX delivery_live;
-- One delivery of an invoice, and one of its credit note, is under way or done at a time.
CREATE UNIQUE INDEX delivery_live ON delivery (firm_id, invoice_id, credit_note_id) NULLS NOT DISTINCT WHERE status IN ('queued', 'waiting', 'sent');
-- +goose Down
DELETE FROM delivery WHERE credit_note_id IS NOT NULL;
DROP INDEX delivery_live;
CREATE UNIQUE INDEX delivery_live ON delivery (firm_id, invoice_id) WHERE status IN ('queued', 'waiting', 'sent');
ALTER TABLE delivery DROP COLUMN credit_note_id;
