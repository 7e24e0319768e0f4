-- 00120_appeal_paper.sql: what speaks for an appeal, as files; and e-bills whose receiver did
-- not answer within its days (LEGAL-BILLING 6).
-- +goose Up
CREATE TABLE appeal_paper (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  submission_id uuid        NOT NULL,
  appeal_id     uuid        NOT NULL,
  name          text        NOT NULL, -- C3: the file's, with the ending its bytes have
  media         text        NOT NULL,
  size          bigint      NOT NULL,
  sha256        text        NOT NULL, -- of the bytes as they came
  blob_id       uuid        NOT NULL,
  added_by      uuid        NOT NULL,
  added_at      timestamptz NOT NULL,
  CONSTRAINT appeal_paper_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT appeal_paper_appeal_fkey FOREIGN KEY (firm_id, submission_id, appeal_id) REFERENCES appeal (firm_id, submission_id, id),
  CONSTRAINT appeal_paper_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT appeal_paper_added_by_fkey FOREIGN KEY (added_by) REFERENCES person (id),
  CONSTRAINT appeal_paper_blob_key UNIQUE (firm_id, blob_id),
  CONSTRAINT appeal_paper_once UNIQUE (firm_id, appeal_id, sha256),
  CONSTRAINT appeal_paper_media_known CHECK (media IN ('application/pdf', 'image/png', 'image/jpeg')),
  CONSTRAINT appeal_paper_name_length CHECK (length(name) BETWEEN 5 AND 120),
  CONSTRAINT appeal_paper_size_range CHECK (size BETWEEN 1 AND 10485760),
  CONSTRAINT appeal_paper_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
CALL isolate('appeal_paper');
REVOKE UPDATE, DELETE ON appeal_paper FROM docketry_api, docketry_worker;
REVOKE INSERT ON appeal_paper FROM docketry_worker;

ALTER TABLE submission ADD COLUMN overdue_at timestamptz; -- when it was found that no answer came in time; once
GRANT UPDATE (overdue_at) ON submission TO docketry_worker;
CREATE INDEX submission_unanswered ON submission (firm_id, answer_by) WHERE overdue_at IS NULL AND answer_by IS NOT NULL; -- what the sweep looks for

-- +goose Down
DROP INDEX submission_unanswered;
ALTER TABLE submission DROP COLUMN overdue_at;
DROP TABLE appeal_paper;
