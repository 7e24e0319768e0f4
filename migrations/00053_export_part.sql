-- 00053_export_part.sql: a file that leaves is made in whole parts, so that a worker
-- that dies costs the part it was at (F10); and a fetch that breaks off goes on.
-- +goose Up
CREATE TABLE export_part (
  firm_id    uuid        NOT NULL,
  export_id  uuid        NOT NULL,
  n          integer     NOT NULL, -- 1, 2, .. in the file's order
  blob_id    uuid        NOT NULL, -- a whole run of rows, deflated
  scope      text        NOT NULL, -- hash of the rights it was made under
  rows       bigint      NOT NULL, -- this and what follows: of all parts up to this one
  narratives bigint      NOT NULL,
  plain      bigint      NOT NULL, -- bytes of the table
  packed     bigint      NOT NULL, -- bytes of the parts
  versions   bigint      NOT NULL, -- of the rows and what stands beside them, folded: another when one has changed
  last_on    date        NOT NULL, -- place of the last row
  last_id    uuid        NOT NULL,
  sums       bytea       NOT NULL, -- sealed: checksums in the middle of the table, which hold a bit of its text
  made_at    timestamptz NOT NULL,
  CONSTRAINT export_part_pkey PRIMARY KEY (firm_id, export_id, n),
  CONSTRAINT export_part_export_fkey FOREIGN KEY (firm_id, export_id) REFERENCES export (firm_id, id),
  CONSTRAINT export_part_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT export_part_counts CHECK (n > 0 AND rows > 0 AND narratives BETWEEN 0 AND rows AND plain > 0 AND packed > 0),
  CONSTRAINT export_part_texts_length CHECK (length(scope) = 64 AND length(sums) <= 400)
);
CALL isolate('export_part');
REVOKE INSERT, UPDATE, DELETE ON export_part FROM docketry_api;
REVOKE UPDATE ON export_part FROM docketry_worker;
GRANT SELECT (firm_id, export_id, made_at) ON export_part TO docketry_bureau; -- the sweep
CREATE INDEX export_part_age ON export_part (firm_id, made_at);

-- A fetch that breaks off goes on with its ticket until the whole file was delivered.
ALTER TABLE export_ticket ADD COLUMN delivered_at timestamptz;
GRANT UPDATE (delivered_at) ON export_ticket TO docketry_api;

-- +goose Down
ALTER TABLE export_ticket DROP COLUMN delivered_at;
DROP TABLE export_part;
