-- 00006_blob.sql: where sealed bytes lie, and each firm's data keys, wrapped by the master key (SECURITY 8).
-- +goose Up
CREATE TABLE firm_key (
  firm_id    uuid        NOT NULL,
  version    integer     NOT NULL,
  master_id  text        NOT NULL, -- which master key wrapped it
  wrapped    bytea       NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT firm_key_pkey PRIMARY KEY (firm_id, version),
  CONSTRAINT firm_key_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT firm_key_version_positive CHECK (version >= 1),
  CONSTRAINT firm_key_texts_length CHECK (length(master_id) BETWEEN 1 AND 40 AND length(wrapped) BETWEEN 32 AND 200)
);
CALL isolate('firm_key');
REVOKE UPDATE, DELETE ON firm_key FROM docketry_api, docketry_worker;
GRANT UPDATE (master_id, wrapped) ON firm_key TO docketry_worker; -- wrapped anew when the master key is replaced

-- The bytes themselves lie in the bucket under <firm>/<name>, sealed with the
-- firm's key and bound to firm, id and key version.
CREATE TABLE blob (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  name         text        NOT NULL, -- random; tells nothing
  kind         text        NOT NULL, -- 'invoice_pdf', 'export', 'import'
  key_version  integer     NOT NULL,
  size         bigint      NOT NULL, -- of the plain bytes
  content_hash text        NOT NULL, -- hex SHA-256 of the plain bytes
  created_at   timestamptz NOT NULL,
  removed_at   timestamptz,          -- the bytes are gone; that they were is kept
  CONSTRAINT blob_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT blob_key_fkey FOREIGN KEY (firm_id, key_version) REFERENCES firm_key (firm_id, version),
  CONSTRAINT blob_name_key UNIQUE (firm_id, name),
  CONSTRAINT blob_name_form CHECK (name ~ '^[0-9a-f]{32}$'),
  CONSTRAINT blob_kind_form CHECK (kind ~ '^[a-z_]{1,40}$'),
  CONSTRAINT blob_size_positive CHECK (size >= 0),
  CONSTRAINT blob_content_hash_form CHECK (content_hash ~ '^[0-9a-f]{64}$')
);
CALL isolate('blob');
REVOKE UPDATE, DELETE ON blob FROM docketry_api, docketry_worker;
GRANT UPDATE (removed_at) ON blob TO docketry_api, docketry_worker;

-- +goose Down
DROP TABLE blob;
DROP TABLE firm_key;
