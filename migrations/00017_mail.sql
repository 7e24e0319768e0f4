-- 00017_mail.sql: every mail before it is sent, what became of it, and nothing that names a client or a matter (DESIGN 2.16).
-- +goose Up
CREATE TABLE mail (
  firm_id     uuid        NOT NULL,
  id          uuid        NOT NULL,
  key         text        NOT NULL, -- asking twice is asking once
  kind        text        NOT NULL,
  contact_id  uuid        NOT NULL, -- a stored, verified contact; never an address from a form (T17)
  subject     text        NOT NULL,
  text_body   text        NOT NULL,
  html_body   text        NOT NULL,
  secret      bytea,                -- a one-time code, sealed with the firm's key; gone once the mail is
  policy      text        NOT NULL DEFAULT 'at_most_once',
  state       text        NOT NULL DEFAULT 'queued',
  attempt     integer     NOT NULL DEFAULT 0,
  fence       bigint      NOT NULL DEFAULT 0, -- of the job's attempt that is sending
  to_address  text        NOT NULL DEFAULT '', -- as sent
  message_id  text        NOT NULL DEFAULT '', -- the same for every attempt
  reason      text        NOT NULL DEFAULT '', -- a code: 'refused', 'expired', 'unverified', 'gave_up', 'cut_short'
  response    text        NOT NULL DEFAULT '', -- the server's answer, cut
  queued_at   timestamptz NOT NULL,
  expires_at  timestamptz,          -- not worth sending after
  next_at     timestamptz,          -- when a temporary refusal is tried again
  sending_at  timestamptz,
  ended_at    timestamptz,          -- sent, failed or uncertain
  CONSTRAINT mail_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT mail_contact_fkey FOREIGN KEY (firm_id, contact_id) REFERENCES payor_contact (firm_id, id),
  CONSTRAINT mail_key_key UNIQUE (firm_id, key),
  CONSTRAINT mail_kind_form CHECK (kind ~ '^[a-z_]{1,30}$'),
  CONSTRAINT mail_policy_known CHECK (policy IN ('at_most_once', 'at_least_once')),
  CONSTRAINT mail_state_known CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')),
  CONSTRAINT mail_sending_named CHECK (state IN ('queued', 'failed') OR (message_id <> '' AND to_address <> '' AND sending_at IS NOT NULL)),
  CONSTRAINT mail_ended_at_set CHECK ((state IN ('sent', 'failed', 'uncertain')) = (ended_at IS NOT NULL)),
  CONSTRAINT mail_secret_gone CHECK (secret IS NULL OR state IN ('queued', 'sending')),
  CONSTRAINT mail_texts_length CHECK (length(key) BETWEEN 1 AND 120 AND length(subject) BETWEEN 1 AND 200 AND length(text_body) <= 20000
    AND length(html_body) <= 60000 AND length(response) <= 500 AND length(reason) <= 40)
);
CALL isolate('mail');
REVOKE UPDATE, DELETE ON mail FROM docketry_api, docketry_worker;
GRANT UPDATE (secret, state, attempt, fence, to_address, message_id, reason, response, next_at, sending_at, ended_at) ON mail TO docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, state, sending_at) ON mail TO docketry_bureau; -- the sweep
CREATE INDEX mail_recent ON mail (firm_id, queued_at DESC, id DESC);
CREATE INDEX mail_contact ON mail (firm_id, contact_id);
CREATE INDEX mail_sending ON mail (firm_id, sending_at) WHERE state = 'sending'; -- what was cut short
CREATE INDEX mail_sent ON mail (firm_id, ended_at) WHERE state IN ('sent', 'uncertain'); -- how many in the last hour

CREATE TABLE mail_attachment (
  firm_id  uuid     NOT NULL,
  mail_id  uuid     NOT NULL,
  place    smallint NOT NULL,
  blob_id  uuid     NOT NULL,
  filename text     NOT NULL,
  media    text     NOT NULL,
  CONSTRAINT mail_attachment_pkey PRIMARY KEY (firm_id, mail_id, place),
  CONSTRAINT mail_attachment_mail_fkey FOREIGN KEY (firm_id, mail_id) REFERENCES mail (firm_id, id),
  CONSTRAINT mail_attachment_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT mail_attachment_filename_form CHECK (filename ~ '^[A-Za-z0-9._-]{1,100}$'),
  CONSTRAINT mail_attachment_media_form CHECK (media ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$')
);
CALL isolate('mail_attachment');
REVOKE UPDATE, DELETE ON mail_attachment FROM docketry_api, docketry_worker;

-- +goose Down
DROP TABLE mail_attachment;
DROP TABLE mail;
