-- 00027_factor.sql: what a person shows beside the password, and tries at it. A
-- person's, so without a firm (00003).
-- +goose Up
CREATE TABLE factor (
  person_id    uuid        NOT NULL,
  id           uuid        NOT NULL,
  kind         text        NOT NULL,
  sealed       bytea       NOT NULL, -- the app's seed, under the bureau's data key
  key_version  integer     NOT NULL, -- of that key
  last_step    bigint      NOT NULL DEFAULT 0, -- of a one-time code: each serves once (T12)
  created_at   timestamptz NOT NULL,
  confirmed_at timestamptz,          -- NULL until the first code was right
  used_at      timestamptz,
  CONSTRAINT factor_pkey PRIMARY KEY (person_id, id),
  CONSTRAINT factor_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT factor_kind_known CHECK (kind = 'totp')
);
CREATE UNIQUE INDEX factor_one_app ON factor (person_id, (confirmed_at IS NULL)); -- one app, and one being set up
CREATE TABLE recovery_code (
  person_id  uuid        NOT NULL,
  code_hash  text        NOT NULL, -- SHA-256 of 128 random bits
  created_at timestamptz NOT NULL,
  used_at    timestamptz,
  CONSTRAINT recovery_code_pkey PRIMARY KEY (person_id, code_hash),
  CONSTRAINT recovery_code_person_fkey FOREIGN KEY (person_id) REFERENCES person (id)
);
CREATE TABLE factor_try (
  id        uuid        NOT NULL,
  person_id uuid        NOT NULL,
  challenge text        NOT NULL, -- one sign-in or one confirmation
  tried_at  timestamptz NOT NULL,
  CONSTRAINT factor_try_pkey PRIMARY KEY (id),
  CONSTRAINT factor_try_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT factor_try_challenge_length CHECK (length(challenge) <= 64)
);
CREATE INDEX factor_try_person ON factor_try (person_id, tried_at); -- tries of the last hour
GRANT SELECT, INSERT, UPDATE, DELETE ON factor, recovery_code, factor_try TO docketry_api;
GRANT SELECT, DELETE ON factor_try TO docketry_worker; -- the sweep

-- +goose Down
DROP TABLE factor_try;
DROP TABLE recovery_code;
DROP TABLE factor;
