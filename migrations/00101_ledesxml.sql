-- LEDES XML comes in as time and costs and goes out as an invoice's e-bill.

-- +goose Up
ALTER TABLE import_batch DROP CONSTRAINT import_batch_format_known;
ALTER TABLE import_batch ADD CONSTRAINT import_batch_format_known CHECK (format IN ('csv', 'xlsx', '1998B', '98BI_V2', 'XML_2000', 'XML_2.0', 'XML_2.1', 'XML_2.2'));
-- Of an XML file the column is the path of an element.
ALTER TABLE import_fault DROP CONSTRAINT import_fault_texts_length;
ALTER TABLE import_fault ADD CONSTRAINT import_fault_texts_length
  CHECK (length(column_name) <= 120 AND length(code) <= 40 AND length(value) <= 200 AND length(message) <= 500 AND length(fix) <= 300);
ALTER TABLE invoice_document DROP CONSTRAINT invoice_document_format_known;
ALTER TABLE invoice_document ADD CONSTRAINT invoice_document_format_known CHECK (format IN ('pdf', 'ledes_1998b', 'ledes_98bi_v2', 'ledes_xml_21', 'ledes_xml_22'));
-- Which e-bill the payor's system reads. A flat one is 1998B, or 98BI V2 where there is tax.
ALTER TABLE payor ADD COLUMN ebill text NOT NULL DEFAULT 'ledes_flat';
ALTER TABLE payor ADD CONSTRAINT payor_ebill_known CHECK (ebill IN ('ledes_flat', 'ledes_xml_21', 'ledes_xml_22'));

-- +goose Down
ALTER TABLE payor DROP COLUMN ebill;
-- What was issued as XML stays: the old rule holds for what comes after.
ALTER TABLE invoice_document DROP CONSTRAINT invoice_document_format_known;
ALTER TABLE invoice_document ADD CONSTRAINT invoice_document_format_known CHECK (format IN ('pdf', 'ledes_1998b', 'ledes_98bi_v2')) NOT VALID;
UPDATE import_fault SET column_name = left(column_name, 80) WHERE length(column_name) > 80;
ALTER TABLE import_fault DROP CONSTRAINT import_fault_texts_length;
ALTER TABLE import_fault ADD CONSTRAINT import_fault_texts_length
  CHECK (length(column_name) <= 80 AND length(code) <= 40 AND length(value) <= 200 AND length(message) <= 500 AND length(fix) <= 300);
-- What came as XML reads as the LEDES file that it could have been.
UPDATE import_batch SET format = '98BI_V2' WHERE format LIKE 'XML%';
ALTER TABLE import_batch DROP CONSTRAINT import_batch_format_known;
ALTER TABLE import_batch ADD CONSTRAINT import_batch_format_known CHECK (format IN ('csv', 'xlsx', '1998B', '98BI_V2'));
