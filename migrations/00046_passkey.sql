-- 00046_passkey.sql: passkeys (WebAuthn) and the challenges that they answer. A
-- person's, so without a firm (00003).
-- +goose Up
CREATE TABLE passkey (
  person_id     uuid        NOT NULL,
  id            uuid        NOT NULL,
  name          text        NOT NULL, -- the person's own
  credential_id bytea       NOT NULL, -- the authenticator's name of it
  public_key    bytea       NOT NULL, -- COSE; nothing here is secret
  transports    text[]      NOT NULL DEFAULT '{}',
  synced        boolean     NOT NULL, -- may be copied to the person's other devices
  sign_count    bigint      NOT NULL,
  created_at    timestamptz NOT NULL,
  used_at       timestamptz,
  stopped_at    timestamptz,          -- its counter went back: somebody may have a copy
  CONSTRAINT passkey_pkey PRIMARY KEY (person_id, id),
  CONSTRAINT passkey_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT passkey_credential_key UNIQUE (credential_id), -- one key, one person
  CONSTRAINT passkey_name_length CHECK (length(name) BETWEEN 1 AND 60),
  CONSTRAINT passkey_credential_length CHECK (length(credential_id) BETWEEN 1 AND 1023),
  CONSTRAINT passkey_count_range CHECK (sign_count BETWEEN 0 AND 4294967295)
);
CREATE TABLE passkey_challenge (
  hash       text        NOT NULL, -- SHA-256 of the challenge; the row goes with its first answer (T12)
  purpose    text        NOT NULL,
  person_id  uuid,                 -- NULL while whoever answers says who they are
  holder     text        NOT NULL, -- the browser's session that asked for it
  state      text        NOT NULL, -- what the answer is compared with, JSON
  expires_at timestamptz NOT NULL,
  CONSTRAINT passkey_challenge_pkey PRIMARY KEY (hash),
  CONSTRAINT passkey_challenge_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT passkey_challenge_purpose_known CHECK (purpose IN ('add', 'enter', 'show')),
  CONSTRAINT passkey_challenge_person_known CHECK ((purpose = 'enter') = (person_id IS NULL)),
  CONSTRAINT passkey_challenge_texts_length CHECK (length(hash) = 64 AND length(holder) = 64 AND length(state) <= 32768)
);
CREATE INDEX passkey_challenge_age ON passkey_challenge (expires_at); -- the sweep
GRANT SELECT, INSERT, DELETE ON passkey, passkey_challenge TO docketry_api;
GRANT UPDATE (sign_count, used_at, stopped_at) ON passkey TO docketry_api;
GRANT SELECT, DELETE ON passkey_challenge TO docketry_worker; -- the sweep

-- +goose Down
DROP TABLE passkey_challenge;
DROP TABLE passkey;
