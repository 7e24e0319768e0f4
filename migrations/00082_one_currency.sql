-- 00082_one_currency.sql: a matter is billed in one currency. Once a pre-bill or an invoice
-- stands in it, the matter keeps it, whatever the programs do.
-- +goose Up
ALTER TABLE matter ADD CONSTRAINT matter_currency_key UNIQUE (firm_id, id, currency);
ALTER TABLE prebill ADD CONSTRAINT prebill_currency_fkey FOREIGN KEY (firm_id, matter_id, currency) REFERENCES matter (firm_id, id, currency);
ALTER TABLE invoice ADD CONSTRAINT invoice_currency_fkey FOREIGN KEY (firm_id, matter_id, currency) REFERENCES matter (firm_id, id, currency);

-- +goose Down
ALTER TABLE invoice DROP CONSTRAINT invoice_currency_fkey;
ALTER TABLE prebill DROP CONSTRAINT prebill_currency_fkey;
ALTER TABLE matter DROP CONSTRAINT matter_currency_key;
