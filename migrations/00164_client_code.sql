-- 00164_client_code.sql: what clients lay down about codes (LEGAL-BILLING 2): codes of their own, published ones that they do not take, and
-- published ones that they call by another name, each for a time.

-- +goose Up
CREATE TABLE client_code (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  client_id    uuid        NOT NULL,
  kind         text        NOT NULL, -- own: a code of the client; banned: a code it does not take; renamed: the client's name for a published code
  code_set     text        NOT NULL, -- as package utbms names the sets
  code         text        NOT NULL, -- upper case
  parent       text        NOT NULL DEFAULT '', -- of an own code: the published heading above it
  name         text        NOT NULL DEFAULT '', -- C2: of an own code, or in place of the published name
  instead      text        NOT NULL DEFAULT '', -- of a banned code: what to use
  valid        daterange   NOT NULL, -- half-open work dates
  reference    text        NOT NULL DEFAULT '', -- C2: the client's word for it, such as a letter of a day
  made_by      uuid        NOT NULL,
  made_at      timestamptz NOT NULL,
  withdrawn_by uuid,
  withdrawn_at timestamptz, -- never held: it was entered by mistake
  version      integer     NOT NULL DEFAULT 1,
  CONSTRAINT client_code_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT client_code_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT client_code_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT client_code_withdrawn_by_fkey FOREIGN KEY (withdrawn_by) REFERENCES person (id),
  CONSTRAINT client_code_kind_known CHECK (kind IN ('own', 'banned', 'renamed')),
  CONSTRAINT client_code_set_known CHECK (code_set IN ('litigation', 'project', 'counseling', 'bankruptcy', 'ediscovery', 'activity', 'expense')),
  CONSTRAINT client_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9./-]{0,19}$'),
  CONSTRAINT client_code_parent_of_own CHECK (parent = '' OR kind = 'own'),
  CONSTRAINT client_code_instead_of_banned CHECK (instead = '' OR kind = 'banned' AND instead <> code),
  CONSTRAINT client_code_name_set CHECK ((kind = 'banned') = (name = '')),
  CONSTRAINT client_code_text_length CHECK (length(name) <= 80 AND length(reference) <= 200),
  CONSTRAINT client_code_valid_not_empty CHECK (NOT isempty(valid) AND lower(valid) IS NOT NULL),
  CONSTRAINT client_code_withdrawn_set CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL)),
  CONSTRAINT client_code_no_overlap EXCLUDE USING gist (firm_id WITH =, client_id WITH =, code WITH =, valid WITH &&) WHERE (withdrawn_at IS NULL)
);
CALL isolate('client_code');
REVOKE UPDATE, DELETE ON client_code FROM docketry_api, docketry_worker;
REVOKE INSERT ON client_code FROM docketry_worker;
GRANT UPDATE (valid, withdrawn_by, withdrawn_at, version) ON client_code TO docketry_api;
COMMENT ON TABLE client_code IS 'class C2: codes of clients'' own, codes that they do not take, and their names for published ones';

-- +goose Down
DROP TABLE client_code;
