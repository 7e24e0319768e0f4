-- 00155_reminder_stages.sql: eight stages of reminding in place of one (LEGAL-BILLING 14): each message as it was written and sent, what waits
-- for a partner, and which invoice reached which stage with which message.
-- +goose Up
-- One message to one payor. Its texts are as they are sent: a partner looks at, and approves, exactly these.
CREATE TABLE reminder_letter (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  payor_id     uuid        NOT NULL,
  contact_id   uuid,                -- NULL of one that goes by post to the payor's address
  partner_id   uuid,                -- who is responsible for the matter of its oldest invoice
  stage        text        NOT NULL, -- the highest of its invoices'
  channel      text        NOT NULL,
  sender       text        NOT NULL,
  gate         text        NOT NULL,
  call         boolean     NOT NULL, -- somebody calls once it has gone
  state        text        NOT NULL,
  for_on       date        NOT NULL, -- the recipient's day it goes on
  subject      text        NOT NULL, -- C2
  text_body    text        NOT NULL, -- C2
  html_body    text        NOT NULL, -- C2
  content_hash text        NOT NULL, -- of texts, invoices and amounts: what an approval names
  wording      integer     NOT NULL,
  mail_id      uuid,
  reason       text        NOT NULL DEFAULT '',
  made_at      timestamptz NOT NULL,
  decided_by   uuid,
  decided_at   timestamptz,
  ended_at     timestamptz,
  CONSTRAINT reminder_letter_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reminder_letter_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT reminder_letter_contact_fkey FOREIGN KEY (firm_id, contact_id) REFERENCES payor_contact (firm_id, id),
  CONSTRAINT reminder_letter_mail_fkey FOREIGN KEY (firm_id, mail_id) REFERENCES mail (firm_id, id),
  CONSTRAINT reminder_letter_partner_fkey FOREIGN KEY (partner_id) REFERENCES person (id),
  CONSTRAINT reminder_letter_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT reminder_letter_stage_known CHECK (stage IN ('statement', 'upcoming', 'courtesy', 'first', 'second', 'third', 'final')),
  CONSTRAINT reminder_letter_channel_known CHECK (channel IN ('mail', 'letter')),
  CONSTRAINT reminder_letter_sender_known CHECK (sender IN ('firm', 'partner')),
  CONSTRAINT reminder_letter_gate_known CHECK (gate IN ('none', 'veto', 'approval')),
  CONSTRAINT reminder_letter_state_known CHECK (state IN ('announced', 'waiting', 'approved', 'to_post', 'queued', 'sent', 'uncertain', 'failed', 'overtaken', 'vetoed')),
  CONSTRAINT reminder_letter_state_of_gate CHECK ((state <> 'announced' OR gate = 'veto') AND (state NOT IN ('waiting', 'approved') OR gate = 'approval')),
  -- A message that wants an approval never goes without one.
  CONSTRAINT reminder_letter_approved CHECK (gate <> 'approval' OR decided_by IS NOT NULL OR state IN ('waiting', 'overtaken')),
  CONSTRAINT reminder_letter_mailed CHECK (state NOT IN ('queued', 'uncertain', 'failed') OR mail_id IS NOT NULL),
  CONSTRAINT reminder_letter_decided_set CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT reminder_letter_texts_length CHECK (length(subject) <= 300 AND length(reason) <= 300)
);
CALL isolate('reminder_letter');
REVOKE UPDATE, DELETE ON reminder_letter FROM docketry_api, docketry_worker;
GRANT UPDATE (state, for_on, mail_id, reason, decided_by, decided_at, ended_at) ON reminder_letter TO docketry_api, docketry_worker;
-- A payor gets one message a day, however many sweep at once.
CREATE UNIQUE INDEX reminder_letter_day ON reminder_letter (firm_id, payor_id, for_on) WHERE state IN ('to_post', 'queued', 'sent', 'uncertain', 'failed');
CREATE INDEX reminder_letter_open ON reminder_letter (firm_id, state) WHERE state IN ('announced', 'waiting', 'approved', 'to_post', 'uncertain');
CREATE INDEX reminder_letter_mail ON reminder_letter (firm_id, mail_id);
COMMENT ON TABLE reminder_letter IS 'class C2: reminders as they are sent to payors';

ALTER TABLE reminder ADD COLUMN letter_id uuid;
ALTER TABLE reminder ADD COLUMN period text NOT NULL DEFAULT ''; -- of a statement its month, such as 2026-03: it comes once in each
ALTER TABLE reminder ADD CONSTRAINT reminder_letter_fkey FOREIGN KEY (firm_id, letter_id) REFERENCES reminder_letter (firm_id, id);
ALTER TABLE reminder ADD CONSTRAINT reminder_period_form CHECK (CASE WHEN stage = 'statement' THEN period ~ '^\d{4}-\d{2}$' ELSE period = '' END);
ALTER TABLE reminder DROP CONSTRAINT reminder_stage_known;
ALTER TABLE reminder ADD CONSTRAINT reminder_stage_known CHECK (stage IN ('statement', 'upcoming', 'courtesy', 'first', 'second', 'third', 'final', 'handover'));
ALTER TABLE reminder DROP CONSTRAINT reminder_status_known;
ALTER TABLE reminder ADD CONSTRAINT reminder_status_known CHECK (status IN ('queued', 'sent', 'uncertain', 'failed', 'skipped', 'waiting', 'passed', 'opened'));
ALTER TABLE reminder DROP CONSTRAINT reminder_mailed;
ALTER TABLE reminder ADD CONSTRAINT reminder_mailed CHECK (CASE status WHEN 'queued' THEN mail_id IS NOT NULL WHEN 'waiting' THEN letter_id IS NOT NULL
  WHEN 'skipped' THEN mail_id IS NULL WHEN 'passed' THEN mail_id IS NULL WHEN 'opened' THEN mail_id IS NULL AND stage = 'handover' ELSE mail_id IS NOT NULL OR letter_id IS NOT NULL END);
GRANT UPDATE (mail_id, for_on) ON reminder TO docketry_api, docketry_worker;
DROP INDEX reminder_once;
-- I18: a stage reaches an invoice at most once, a statement once a month. One that bounced, or was overtaken by a payment, did not reach it.
CREATE UNIQUE INDEX reminder_once ON reminder (firm_id, invoice_id, stage, period) WHERE status <> 'failed';
CREATE INDEX reminder_letter_of ON reminder (firm_id, letter_id);

ALTER TABLE wording DROP CONSTRAINT wording_kind_known;
ALTER TABLE wording ADD CONSTRAINT wording_kind_known CHECK (kind IN ('invoice', 'credit_note', 'statement', 'reminder_upcoming', 'reminder_courtesy', 'reminder_first', 'reminder_second', 'reminder_third', 'reminder_final'));

-- +goose Down
-- What payors were sent at these stages would be nowhere: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM reminder_letter) OR EXISTS (SELECT FROM reminder WHERE stage <> 'first' OR status IN ('waiting', 'passed', 'opened')) OR EXISTS (SELECT FROM wording WHERE kind NOT IN ('invoice', 'credit_note', 'reminder_first')) THEN
    RAISE EXCEPTION 'there are reminders of stages, or words for them; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE wording DROP CONSTRAINT wording_kind_known;
ALTER TABLE wording ADD CONSTRAINT wording_kind_known CHECK (kind IN ('invoice', 'credit_note', 'reminder_first'));
DROP INDEX reminder_letter_of;
DROP INDEX reminder_once;
CREATE UNIQUE INDEX reminder_once ON reminder (firm_id, invoice_id, stage) WHERE status <> 'failed';
REVOKE UPDATE (mail_id, for_on) ON reminder FROM docketry_api, docketry_worker;
ALTER TABLE reminder DROP CONSTRAINT reminder_mailed;
ALTER TABLE reminder ADD CONSTRAINT reminder_mailed CHECK ((status = 'skipped') = (mail_id IS NULL));
ALTER TABLE reminder DROP CONSTRAINT reminder_status_known;
ALTER TABLE reminder ADD CONSTRAINT reminder_status_known CHECK (status IN ('queued', 'sent', 'uncertain', 'failed', 'skipped'));
ALTER TABLE reminder DROP CONSTRAINT reminder_stage_known;
ALTER TABLE reminder ADD CONSTRAINT reminder_stage_known CHECK (stage IN ('first'));
ALTER TABLE reminder DROP CONSTRAINT reminder_period_form;
ALTER TABLE reminder DROP CONSTRAINT reminder_letter_fkey;
ALTER TABLE reminder DROP COLUMN period;
ALTER TABLE reminder DROP COLUMN letter_id;
DROP TABLE reminder_letter;
