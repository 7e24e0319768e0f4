-- Time and costs also come as a workbook.

-- +goose Up
ALTER TABLE import_batch DROP CONSTRAINT import_batch_format_known;
ALTER TABLE import_batch ADD CONSTRAINT import_batch_format_known CHECK (format IN ('csv', 'xlsx', '1998B', '98BI_V2'));

-- +goose Down
-- What came as a workbook reads as the table that it held.
UPDATE import_batch SET format = 'csv' WHERE format = 'xlsx';
ALTER TABLE import_batch DROP CONSTRAINT import_batch_format_known;
ALTER TABLE import_batch ADD CONSTRAINT import_batch_format_known CHECK (format IN ('csv', '1998B', '98BI_V2'));
