-- 00119_connector.sql: e-bills that go to their receivers by themselves: how a receiver's
-- server is reached, and what became of each file on its way (LEGAL-BILLING 6).
-- +goose Up
CREATE TABLE connector (
  firm_id    uuid        NOT NULL,
  portal_id  uuid        NOT NULL,
  way        text        NOT NULL,
  host       text        NOT NULL DEFAULT '', -- of sftp, with the next three
  port       integer     NOT NULL DEFAULT 0,
  folder     text        NOT NULL DEFAULT '',
  host_key   text        NOT NULL DEFAULT '', -- fingerprint of the one key that is believed
  url        text        NOT NULL DEFAULT '', -- of https, with the next two
  method     text        NOT NULL DEFAULT '',
  ca         text        NOT NULL DEFAULT '', -- certificates that vouch for it instead of the usual ones
  user_name  text        NOT NULL DEFAULT '',
  auth       text        NOT NULL,
  secret     bytea       NOT NULL, -- sealed with the firm's key
  tried_at   timestamptz,
  tried      text        NOT NULL DEFAULT '', -- what the last try found: 'ok' or a cause
  changed_by uuid        NOT NULL,
  changed_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT connector_pkey PRIMARY KEY (firm_id, portal_id),
  CONSTRAINT connector_portal_fkey FOREIGN KEY (firm_id, portal_id) REFERENCES portal (firm_id, id),
  CONSTRAINT connector_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES person (id),
  CONSTRAINT connector_way_known CHECK (way IN ('sftp', 'https')),
  CONSTRAINT connector_sftp_whole CHECK (way <> 'sftp' OR (host <> '' AND port BETWEEN 1 AND 65535 AND host_key <> '' AND user_name <> '' AND auth IN ('key', 'password') AND url = '' AND method = '' AND ca = '')),
  CONSTRAINT connector_https_whole CHECK (way <> 'https' OR (url <> '' AND method IN ('PUT', 'POST') AND auth IN ('bearer', 'basic') AND (user_name <> '') = (auth = 'basic') AND host = '' AND port = 0 AND folder = '' AND host_key = '')),
  CONSTRAINT connector_secret_sealed CHECK (length(secret) BETWEEN 30 AND 20000),
  CONSTRAINT connector_tried_set CHECK ((tried_at IS NULL) = (tried = '')),
  CONSTRAINT connector_texts_length CHECK (length(host) <= 253 AND length(folder) <= 300 AND length(host_key) <= 60 AND length(url) <= 500 AND length(ca) <= 20000 AND length(user_name) <= 120 AND length(tried) <= 20)
);
CALL isolate('connector');
REVOKE INSERT, UPDATE, DELETE ON connector FROM docketry_worker;
ALTER TABLE portal DROP CONSTRAINT portal_route_known;
ALTER TABLE portal ADD CONSTRAINT portal_route_known CHECK (route IN ('download', 'connector'));

ALTER TABLE submission DROP CONSTRAINT submission_status_known;
ALTER TABLE submission ADD CONSTRAINT submission_status_known CHECK (status IN ('queued', 'submitted', 'received', 'file_error', 'pending_client', 'pending_tax_authority', 'pending_vendor',
  'delivered_to_client', 'rejected', 'reduced', 'approved', 'sent_to_ap', 'paid'));
GRANT UPDATE (answer_by) ON submission TO docketry_api;
GRANT UPDATE (status, answer_by, version) ON submission TO docketry_worker;

-- One try to bring a version to its receiver. It says 'sending' before anything is sent, and
-- a version is sent once: another try follows only one that failed or may have arrived (F09).
CREATE TABLE handover (
  firm_id       uuid        NOT NULL,
  submission_id uuid        NOT NULL,
  n             integer     NOT NULL, -- from 1
  state         text        NOT NULL DEFAULT 'queued',
  cause         text        NOT NULL DEFAULT '', -- a code, of what went wrong last
  why           text        NOT NULL DEFAULT '', -- C3: a person's, of the second on
  attempt       integer     NOT NULL DEFAULT 0,
  fence         bigint      NOT NULL DEFAULT 0, -- of the job's attempt that is sending
  way           text        NOT NULL DEFAULT '', -- as sent, with the next three
  remote_name   text        NOT NULL DEFAULT '',
  sha256        text        NOT NULL DEFAULT '',
  size_bytes    bigint      NOT NULL DEFAULT 0,
  asked_by      uuid        NOT NULL,
  queued_at     timestamptz NOT NULL,
  next_at       timestamptz,
  sending_at    timestamptz,
  ended_at      timestamptz,
  CONSTRAINT handover_pkey PRIMARY KEY (firm_id, submission_id, n),
  CONSTRAINT handover_submission_fkey FOREIGN KEY (firm_id, submission_id) REFERENCES submission (firm_id, id),
  CONSTRAINT handover_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES person (id),
  CONSTRAINT handover_state_known CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'by_hand')),
  CONSTRAINT handover_why_again CHECK ((n = 1) = (why = '')),
  CONSTRAINT handover_ended CHECK ((state IN ('queued', 'sending')) = (ended_at IS NULL)),
  CONSTRAINT handover_sending CHECK (state IN ('queued', 'failed', 'by_hand') OR sending_at IS NOT NULL),
  CONSTRAINT handover_receipt CHECK ((state = 'sent') = (remote_name <> '') AND (state = 'sent') = (sha256 <> '') AND (state = 'sent') = (way <> '') AND (state = 'sent') = (size_bytes > 0)),
  CONSTRAINT handover_cause_named CHECK ((state IN ('failed', 'uncertain')) <= (cause <> '')),
  CONSTRAINT handover_texts_length CHECK (length(cause) <= 20 AND length(why) <= 500 AND length(remote_name) <= 600)
);
CALL isolate('handover');
REVOKE UPDATE, DELETE ON handover FROM docketry_api, docketry_worker;
REVOKE INSERT ON handover FROM docketry_worker;
GRANT UPDATE (state, cause, attempt, fence, way, remote_name, sha256, size_bytes, next_at, sending_at, ended_at) ON handover TO docketry_worker;
CREATE UNIQUE INDEX handover_live ON handover (firm_id, submission_id) WHERE state IN ('queued', 'sending', 'sent', 'by_hand'); -- at most once
CREATE INDEX handover_sending ON handover (firm_id, sending_at) WHERE state = 'sending'; -- what was cut short

-- +goose Down
DROP TABLE handover;
REVOKE UPDATE (status, answer_by, version) ON submission FROM docketry_worker;
REVOKE UPDATE (answer_by) ON submission FROM docketry_api;
ALTER TABLE submission DROP CONSTRAINT submission_status_known;
ALTER TABLE submission ADD CONSTRAINT submission_status_known CHECK (status IN ('submitted', 'received', 'file_error', 'pending_client', 'pending_tax_authority', 'pending_vendor',
  'delivered_to_client', 'rejected', 'reduced', 'approved', 'sent_to_ap', 'paid'));
ALTER TABLE portal DROP CONSTRAINT portal_route_known;
ALTER TABLE portal ADD CONSTRAINT portal_route_known CHECK (route IN ('download'));
DROP TABLE connector;
