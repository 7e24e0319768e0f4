-- 00167_export_audience.sql: an export names who will read it. The audience decides rows and columns, a court's text is blacked out
-- and read by a second person first, and a file may be closed with a passphrase for who keeps no key.
-- +goose Up
ALTER TABLE export
  ADD COLUMN audience     text        NOT NULL DEFAULT 'partner', -- who reads the file: it decides rows and columns
  ADD COLUMN format       text        NOT NULL DEFAULT 'csv',     -- of the table in it
  ADD COLUMN payor_id     uuid,                                   -- of the audience payor, and of a collector if one is named
  ADD COLUMN invoice_ids  uuid[]      NOT NULL DEFAULT '{}',      -- empty: no limit by invoice
  ADD COLUMN documents    boolean     NOT NULL DEFAULT false,     -- with the invoices' own files
  ADD COLUMN passphrase   bytea,                                  -- sealed, until the file is made or will not be
  ADD COLUMN redact_terms text[]      NOT NULL DEFAULT '{}',      -- C3: what is blacked out of a court's text
  ADD COLUMN withhold_ids uuid[]      NOT NULL DEFAULT '{}',      -- entries whose text a court does not get at all
  ADD COLUMN reviewed_by  uuid,                                   -- who read all of a court's text as it will leave
  ADD COLUMN reviewed_at  timestamptz,
  ADD COLUMN review_hash  text,                                   -- of that text: no other leaves
  ADD CONSTRAINT export_audience_known CHECK (audience IN ('partner', 'specialist', 'staff', 'payor', 'court', 'collector', 'auditor')),
  ADD CONSTRAINT export_format_known CHECK (format IN ('csv', 'jsonl', 'parquet', 'xlsx')),
  ADD CONSTRAINT export_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  ADD CONSTRAINT export_payor_named CHECK (audience <> 'payor' OR payor_id IS NOT NULL),
  ADD CONSTRAINT export_court_names_matters CHECK (audience <> 'court' OR cardinality(matter_ids) > 0),
  ADD CONSTRAINT export_passphrase_gone CHECK (passphrase IS NULL OR (recipient = 'passphrase' AND status IN ('asked', 'approved'))),
  ADD CONSTRAINT export_reviewed_by_fkey FOREIGN KEY (reviewed_by) REFERENCES person (id),
  ADD CONSTRAINT export_review_by_another CHECK (reviewed_by <> asked_by),
  ADD CONSTRAINT export_review_whole CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL) AND (reviewed_by IS NULL) = (review_hash IS NULL)),
  -- Nothing goes to a court that only one person has read.
  ADD CONSTRAINT export_court_reviewed CHECK (audience <> 'court' OR reviewed_by IS NOT NULL OR status IN ('asked', 'refused', 'withdrawn')),
  ADD CONSTRAINT export_redactions_few CHECK (cardinality(redact_terms) <= 200 AND cardinality(withhold_ids) <= 2000 AND cardinality(invoice_ids) <= 200);
GRANT UPDATE (passphrase, redact_terms, withhold_ids, reviewed_by, reviewed_at, review_hash) ON export TO docketry_api, docketry_worker;

-- +goose Down
-- What went to whom is told by these columns: a step back is refused while a file was asked for by them.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM export WHERE audience <> 'partner' OR format <> 'csv' OR documents OR recipient = 'passphrase') THEN
    RAISE EXCEPTION 'there are exports for an audience; this step cannot be taken back without forgetting for whom they were';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE export
  DROP COLUMN audience, DROP COLUMN format, DROP COLUMN payor_id, DROP COLUMN invoice_ids, DROP COLUMN documents, DROP COLUMN passphrase,
  DROP COLUMN redact_terms, DROP COLUMN withhold_ids, DROP COLUMN reviewed_by, DROP COLUMN reviewed_at, DROP COLUMN review_hash;
