-- 00030_token.sql: API tokens, with which a program acts in one firm for the person
-- who made it (SECURITY T08). The token itself is not kept, only its hash.
-- +goose Up
CREATE TABLE api_token (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  person_id    uuid        NOT NULL, -- who made it; it never does what they may not
  name         text        NOT NULL,
  token_hash   text        NOT NULL, -- hex SHA-256
  permissions  text[]      NOT NULL,
  class        smallint    NOT NULL, -- highest class of field it shows, whatever the person sees
  networks     text[]      NOT NULL, -- CIDRs it may come from
  expires_at   timestamptz NOT NULL,
  created_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  ended_at     timestamptz,
  ended_by     uuid,
  CONSTRAINT api_token_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT api_token_hash_key UNIQUE (firm_id, token_hash),
  CONSTRAINT api_token_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT api_token_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT api_token_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  CONSTRAINT api_token_name_length CHECK (length(name) BETWEEN 1 AND 80),
  CONSTRAINT api_token_hash_form CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT api_token_does_something CHECK (cardinality(permissions) BETWEEN 1 AND 100),
  CONSTRAINT api_token_class_range CHECK (class BETWEEN 1 AND 3),
  CONSTRAINT api_token_networks_named CHECK (cardinality(networks) BETWEEN 1 AND 20),
  CONSTRAINT api_token_ends CHECK (expires_at > created_at AND expires_at <= created_at + interval '90 days'),
  CONSTRAINT api_token_ended_by_set CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CALL isolate('api_token');
REVOKE UPDATE, DELETE ON api_token FROM docketry_api, docketry_worker;
GRANT UPDATE (last_used_at, ended_at, ended_by) ON api_token TO docketry_api;

-- +goose Down
DROP TABLE api_token;
