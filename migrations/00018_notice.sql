-- 00018_notice.sql: what was sent to payors about which invoice, and the payor's door behind a one-time code.
-- +goose Up
-- One sending of one invoice. The way is kept as it was chosen then (DESIGN 2.16).
CREATE TABLE delivery (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  invoice_id uuid        NOT NULL,
  payor_id   uuid        NOT NULL,
  contact_id uuid,                -- NULL for what is not mailed
  way        text        NOT NULL,
  mail_id    uuid,
  status     text        NOT NULL,
  reason     text        NOT NULL DEFAULT '',
  made_by    uuid,                -- NULL for machinery
  created_at timestamptz NOT NULL,
  ended_at   timestamptz,
  CONSTRAINT delivery_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT delivery_invoice_fkey FOREIGN KEY (firm_id, invoice_id) REFERENCES invoice (firm_id, id),
  CONSTRAINT delivery_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT delivery_contact_fkey FOREIGN KEY (firm_id, contact_id) REFERENCES payor_contact (firm_id, id),
  CONSTRAINT delivery_mail_fkey FOREIGN KEY (firm_id, mail_id) REFERENCES mail (firm_id, id),
  CONSTRAINT delivery_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT delivery_way_known CHECK (way IN ('mail_link', 'mail_attachment', 'portal', 'by_hand')),
  CONSTRAINT delivery_mailed CHECK ((way IN ('mail_link', 'mail_attachment')) = (mail_id IS NOT NULL AND contact_id IS NOT NULL)),
  CONSTRAINT delivery_status_known CHECK (status IN ('queued', 'sent', 'failed', 'uncertain', 'waiting')),
  CONSTRAINT delivery_reason_length CHECK (length(reason) <= 40)
);
CALL isolate('delivery');
REVOKE UPDATE, DELETE ON delivery FROM docketry_api, docketry_worker;
GRANT UPDATE (status, reason, ended_at) ON delivery TO docketry_api, docketry_worker;
CREATE INDEX delivery_mail ON delivery (firm_id, mail_id);
-- One delivery of an invoice is under way or done at a time.
CREATE UNIQUE INDEX delivery_live ON delivery (firm_id, invoice_id) WHERE status IN ('queued', 'waiting', 'sent');

-- One stage of one invoice's reminders. The mail keeps the text as sent.
CREATE TABLE reminder (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  invoice_id uuid        NOT NULL,
  stage      text        NOT NULL,
  payor_id   uuid        NOT NULL,
  contact_id uuid,
  mail_id    uuid,
  status     text        NOT NULL DEFAULT 'queued',
  for_on     date        NOT NULL, -- the firm's day it was made for
  open_minor bigint      NOT NULL, -- as the mail says
  currency   text        NOT NULL,
  due_on     date        NOT NULL,
  reason     text        NOT NULL DEFAULT '', -- why it was skipped, or did not arrive
  made_by    uuid,
  created_at timestamptz NOT NULL,
  ended_at   timestamptz,
  CONSTRAINT reminder_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reminder_invoice_fkey FOREIGN KEY (firm_id, invoice_id) REFERENCES invoice (firm_id, id),
  CONSTRAINT reminder_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT reminder_contact_fkey FOREIGN KEY (firm_id, contact_id) REFERENCES payor_contact (firm_id, id),
  CONSTRAINT reminder_mail_fkey FOREIGN KEY (firm_id, mail_id) REFERENCES mail (firm_id, id),
  CONSTRAINT reminder_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT reminder_stage_known CHECK (stage IN ('first')),
  CONSTRAINT reminder_status_known CHECK (status IN ('queued', 'sent', 'uncertain', 'failed', 'skipped')),
  CONSTRAINT reminder_mailed CHECK ((status = 'skipped') = (mail_id IS NULL)),
  CONSTRAINT reminder_open_positive CHECK (open_minor > 0),
  CONSTRAINT reminder_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT reminder_reason_length CHECK (length(reason) <= 300)
);
CALL isolate('reminder');
REVOKE UPDATE, DELETE ON reminder FROM docketry_api, docketry_worker;
GRANT UPDATE (status, reason, ended_at) ON reminder TO docketry_api, docketry_worker;
-- I18: a stage reaches an invoice at most once. One that bounced, or was overtaken by a payment, did not reach it.
CREATE UNIQUE INDEX reminder_once ON reminder (firm_id, invoice_id, stage) WHERE status <> 'failed';
CREATE INDEX reminder_mail ON reminder (firm_id, mail_id);
CREATE INDEX reminder_day ON reminder (firm_id, payor_id, for_on);

-- A code of six digits, mailed to the contact that the link names.
CREATE TABLE payor_code (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  contact_id uuid        NOT NULL,
  code_hash  bytea       NOT NULL, -- HMAC under the server's key: six digits alone could be tried through
  network    text        NOT NULL,
  tries      smallint    NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  CONSTRAINT payor_code_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT payor_code_contact_fkey FOREIGN KEY (firm_id, contact_id) REFERENCES payor_contact (firm_id, id),
  CONSTRAINT payor_code_tries_range CHECK (tries BETWEEN 0 AND 5),
  CONSTRAINT payor_code_hash_length CHECK (length(code_hash) = 32),
  CONSTRAINT payor_code_network_length CHECK (length(network) <= 64)
);
CALL isolate('payor_code');
REVOKE UPDATE, DELETE ON payor_code FROM docketry_api, docketry_worker;
GRANT UPDATE (tries, used_at, expires_at) ON payor_code TO docketry_api;
GRANT DELETE ON payor_code TO docketry_worker; -- the sweep
CREATE INDEX payor_code_contact ON payor_code (firm_id, contact_id, created_at DESC);
CREATE INDEX payor_code_network ON payor_code (firm_id, network, created_at DESC);

CREATE TABLE payor_session (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  contact_id uuid        NOT NULL,
  token_hash bytea       NOT NULL,
  network    text        NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at   timestamptz,
  CONSTRAINT payor_session_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT payor_session_contact_fkey FOREIGN KEY (firm_id, contact_id) REFERENCES payor_contact (firm_id, id),
  CONSTRAINT payor_session_token_key UNIQUE (firm_id, token_hash),
  CONSTRAINT payor_session_hash_length CHECK (length(token_hash) = 32),
  CONSTRAINT payor_session_network_length CHECK (length(network) <= 64)
);
CALL isolate('payor_session');
REVOKE UPDATE, DELETE ON payor_session FROM docketry_api, docketry_worker;
GRANT UPDATE (ended_at) ON payor_session TO docketry_api;
GRANT DELETE ON payor_session TO docketry_worker;

-- +goose Down
DROP TABLE payor_session;
DROP TABLE payor_code;
DROP TABLE reminder;
DROP TABLE delivery;
