-- 00115_receipt.sql: the papers behind costs (LEGAL-BILLING 7, EXP-01).

-- +goose Up
CREATE TABLE receipt (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  entry_id   uuid        NOT NULL,
  name       text        NOT NULL, -- the file's, with the ending its bytes have
  media      text        NOT NULL,
  size       bigint      NOT NULL,
  sha256     text        NOT NULL, -- of the bytes as they came
  blob_id    uuid        NOT NULL,
  amount_minor bigint,             -- what it says was paid, in the cost's currency; NULL where nobody said
  added_by   uuid,                 -- NULL is machinery
  added_at   timestamptz NOT NULL,
  removed_by uuid,
  removed_at timestamptz,
  reason     text        NOT NULL DEFAULT '', -- why it was taken off
  CONSTRAINT receipt_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT receipt_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT receipt_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT receipt_added_by_fkey FOREIGN KEY (added_by) REFERENCES person (id),
  CONSTRAINT receipt_removed_by_fkey FOREIGN KEY (removed_by) REFERENCES person (id),
  CONSTRAINT receipt_blob_key UNIQUE (firm_id, blob_id),
  CONSTRAINT receipt_media_known CHECK (media IN ('application/pdf', 'image/png', 'image/jpeg')),
  CONSTRAINT receipt_name_length CHECK (length(name) BETWEEN 5 AND 120),
  CONSTRAINT receipt_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
  CONSTRAINT receipt_size_range CHECK (size BETWEEN 1 AND 10485760),
  CONSTRAINT receipt_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT receipt_removed CHECK ((removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (reason = '')),
  CONSTRAINT receipt_reason_length CHECK (length(reason) <= 500)
);
CALL isolate('receipt');
REVOKE UPDATE, DELETE ON receipt FROM docketry_api, docketry_worker;
REVOKE INSERT ON receipt FROM docketry_worker;
GRANT UPDATE (removed_by, removed_at, reason) ON receipt TO docketry_api;
CREATE UNIQUE INDEX receipt_once ON receipt (firm_id, entry_id, sha256) WHERE removed_at IS NULL;

-- A paper belongs to a cost, and what was taken off stays off.
-- +goose StatementBegin
CREATE FUNCTION receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.removed_at IS NOT NULL THEN
    RAISE EXCEPTION 'a receipt that was taken off stays off' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_stays_off';
  END IF;
  IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT FROM entry e WHERE e.firm_id = NEW.firm_id AND e.id = NEW.entry_id AND e.kind = 'expense') THEN
    RAISE EXCEPTION 'a receipt belongs to a cost' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_of_cost';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_guard BEFORE INSERT OR UPDATE ON receipt FOR EACH ROW EXECUTE FUNCTION receipt_guard();

-- +goose Down
DROP TABLE receipt;
DROP FUNCTION receipt_guard();
