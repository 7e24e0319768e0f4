-- 00019_export.sql: files that leave: who asked, who at the firm said yes, what is in them, who fetched them.
-- +goose Up
CREATE TABLE export (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  number         bigint      NOT NULL, -- EX-1, EX-2, .. of the firm
  kind           text        NOT NULL DEFAULT 'entries',
  form           text        NOT NULL, -- full: narratives as far as the asker sees them; redacted: none
  from_on        date        NOT NULL,
  to_on          date        NOT NULL,
  client_ids     uuid[]      NOT NULL DEFAULT '{}', -- empty: no limit by client
  matter_ids     uuid[]      NOT NULL DEFAULT '{}',
  reason         text        NOT NULL,
  recipient      text        NOT NULL, -- age public key
  key_made       boolean     NOT NULL, -- we made the pair and showed the private half once
  life_hours     integer     NOT NULL, -- after it is ready
  asked_by       uuid        NOT NULL,
  asked_at       timestamptz NOT NULL,
  rows_asked     bigint      NOT NULL, -- as counted when it was asked for
  narratives     bigint      NOT NULL, -- of these with privileged text for the asker
  approvals_due  smallint    NOT NULL, -- 2 above 10,000 narratives (SECURITY 7)
  approved_by    uuid,
  approved_at    timestamptz,
  second_by      uuid,
  second_at      timestamptz,
  status         text        NOT NULL DEFAULT 'asked',
  why            text        NOT NULL DEFAULT '', -- of a refusal or failure
  rows_done      bigint      NOT NULL DEFAULT 0,  -- while it is made, then what it holds
  manifest       jsonb,                           -- counts, columns, hashes
  blob_id        uuid,
  size_bytes     bigint,
  file_hash      text,                            -- of the encrypted file
  ready_at       timestamptz,
  expires_at     timestamptz,
  downloads_left smallint    NOT NULL DEFAULT 3,
  ended_at       timestamptz,
  version        integer     NOT NULL DEFAULT 1,
  CONSTRAINT export_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT export_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT export_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES person (id),
  CONSTRAINT export_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES person (id),
  CONSTRAINT export_second_by_fkey FOREIGN KEY (second_by) REFERENCES person (id),
  CONSTRAINT export_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT export_number_key UNIQUE (firm_id, number),
  CONSTRAINT export_kind_known CHECK (kind IN ('entries')),
  CONSTRAINT export_form_known CHECK (form IN ('full', 'redacted')),
  CONSTRAINT export_dates_order CHECK (from_on <= to_on),
  CONSTRAINT export_status_known CHECK (status IN ('asked', 'approved', 'ready', 'refused', 'withdrawn', 'failed', 'expired')),
  CONSTRAINT export_life_known CHECK (life_hours IN (24, 168)),
  -- The firm says yes, and never who asked, nor one person twice (I13).
  CONSTRAINT export_four_eyes CHECK (approved_by <> asked_by AND second_by <> asked_by AND second_by <> approved_by),
  CONSTRAINT export_approvals_range CHECK (approvals_due IN (1, 2)),
  CONSTRAINT export_approved_before_made CHECK (status IN ('asked', 'refused', 'withdrawn') OR (approved_by IS NOT NULL AND (approvals_due = 1 OR second_by IS NOT NULL))),
  CONSTRAINT export_ready_whole CHECK (status <> 'ready' OR (manifest IS NOT NULL AND blob_id IS NOT NULL AND file_hash IS NOT NULL AND ready_at IS NOT NULL AND expires_at IS NOT NULL)),
  CONSTRAINT export_downloads_range CHECK (downloads_left BETWEEN 0 AND 5),
  CONSTRAINT export_ended_at_set CHECK ((status IN ('refused', 'withdrawn', 'failed', 'expired')) = (ended_at IS NOT NULL)),
  CONSTRAINT export_texts_length CHECK (length(reason) BETWEEN 3 AND 300 AND length(why) <= 300 AND length(recipient) BETWEEN 10 AND 200)
);
CALL isolate('export');
REVOKE UPDATE, DELETE ON export FROM docketry_api, docketry_worker;
GRANT UPDATE (approved_by, approved_at, second_by, second_at, status, why, rows_done, manifest, blob_id, size_bytes, file_hash, ready_at, expires_at,
  downloads_left, ended_at, version) ON export TO docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, status, expires_at) ON export TO docketry_bureau; -- the sweep
CREATE INDEX export_recent ON export (firm_id, asked_at DESC, id DESC);
CREATE INDEX export_asker ON export (firm_id, asked_by, asked_at);
CREATE INDEX export_live ON export (firm_id, expires_at) WHERE status = 'ready';

-- A right to fetch one file once, for 60 seconds, from the session that asked (T25).
CREATE TABLE export_ticket (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  export_id  uuid        NOT NULL,
  token_hash bytea       NOT NULL,
  person_id  uuid        NOT NULL,
  session_id text        NOT NULL,
  network    text        NOT NULL,
  made_at    timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  CONSTRAINT export_ticket_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT export_ticket_export_fkey FOREIGN KEY (firm_id, export_id) REFERENCES export (firm_id, id),
  CONSTRAINT export_ticket_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT export_ticket_token_key UNIQUE (firm_id, token_hash),
  CONSTRAINT export_ticket_hash_length CHECK (length(token_hash) = 32),
  CONSTRAINT export_ticket_texts_length CHECK (length(session_id) <= 80 AND length(network) <= 64)
);
CALL isolate('export_ticket');
REVOKE UPDATE, DELETE ON export_ticket FROM docketry_api, docketry_worker;
GRANT UPDATE (used_at) ON export_ticket TO docketry_api;
GRANT DELETE ON export_ticket TO docketry_worker; -- the sweep

-- +goose Down
DROP TABLE export_ticket;
DROP TABLE export;
