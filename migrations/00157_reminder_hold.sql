-- 00157_reminder_hold.sql: why a payor is not reminded though something is open: what a person flagged, until when, and what was promised; and
-- what people are to do about it beside letters: call, decide on the hand-over (LEGAL-BILLING 14). Money in minor units.
-- +goose Up
CREATE TABLE reminder_hold (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  client_id  uuid,                -- one of the three: all of a client, of a matter, one invoice
  matter_id  uuid,
  invoice_id uuid,
  kind       text        NOT NULL,
  reason     text        NOT NULL, -- C2
  until_on   date,                -- the last day it holds; NULL until it is ended
  made_by    uuid        NOT NULL,
  made_at    timestamptz NOT NULL,
  ended_by   uuid,
  ended_at   timestamptz,
  CONSTRAINT reminder_hold_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reminder_hold_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT reminder_hold_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT reminder_hold_invoice_fkey FOREIGN KEY (firm_id, invoice_id) REFERENCES invoice (firm_id, id),
  CONSTRAINT reminder_hold_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT reminder_hold_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  CONSTRAINT reminder_hold_one_thing CHECK (num_nonnulls(client_id, matter_id, invoice_id) = 1),
  CONSTRAINT reminder_hold_kind_known CHECK (kind IN ('no_reminders', 'legal_hold', 'conflict', 'withdrawal', 'insolvency', 'credit_pending', 'payment_plan', 'veto')),
  CONSTRAINT reminder_hold_veto_of_invoice CHECK (kind <> 'veto' OR invoice_id IS NOT NULL AND until_on IS NOT NULL),
  CONSTRAINT reminder_hold_ended_set CHECK ((ended_by IS NULL) = (ended_at IS NULL)),
  CONSTRAINT reminder_hold_reason_length CHECK (length(reason) BETWEEN 3 AND 300)
);
CALL isolate('reminder_hold');
REVOKE UPDATE, DELETE ON reminder_hold FROM docketry_api, docketry_worker;
REVOKE INSERT ON reminder_hold FROM docketry_worker;
GRANT UPDATE (ended_by, ended_at) ON reminder_hold TO docketry_api;
CREATE INDEX reminder_hold_live ON reminder_hold (firm_id) WHERE ended_at IS NULL;
COMMENT ON TABLE reminder_hold IS 'class C2: what is not reminded of because somebody said so';

CREATE TABLE payment_promise (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  invoice_id     uuid        NOT NULL,
  currency       text        NOT NULL,
  amount_minor   bigint      NOT NULL,
  promised_on    date        NOT NULL, -- the day by which it is to be paid
  target_minor   bigint      NOT NULL, -- paid on the invoice by then, with what was paid and promised before
  note           text        NOT NULL DEFAULT '', -- C2: who said so, and where
  state          text        NOT NULL DEFAULT 'open',
  made_by        uuid        NOT NULL,
  made_at        timestamptz NOT NULL,
  settled_at     timestamptz,
  CONSTRAINT payment_promise_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT payment_promise_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT payment_promise_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT payment_promise_amount_positive CHECK (amount_minor > 0 AND target_minor >= amount_minor),
  CONSTRAINT payment_promise_state_known CHECK (state IN ('open', 'kept', 'broken')),
  CONSTRAINT payment_promise_settled_set CHECK ((state = 'open') = (settled_at IS NULL)),
  CONSTRAINT payment_promise_note_length CHECK (length(note) <= 300)
);
CALL isolate('payment_promise');
REVOKE UPDATE, DELETE ON payment_promise FROM docketry_api, docketry_worker;
REVOKE INSERT ON payment_promise FROM docketry_worker;
GRANT UPDATE (state, settled_at) ON payment_promise TO docketry_api, docketry_worker;
CREATE INDEX payment_promise_invoice ON payment_promise (firm_id, invoice_id);
CREATE INDEX payment_promise_open ON payment_promise (firm_id) WHERE state = 'open';
COMMENT ON TABLE payment_promise IS 'class C2: what payors promised to pay by which day';

CREATE TABLE reminder_task (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  invoice_id uuid        NOT NULL,
  stage      text        NOT NULL,
  kind       text        NOT NULL,
  outcome    text        NOT NULL DEFAULT '',
  note       text        NOT NULL DEFAULT '', -- C2
  made_at    timestamptz NOT NULL,
  done_by    uuid,
  done_at    timestamptz,
  CONSTRAINT reminder_task_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reminder_task_invoice_fkey FOREIGN KEY (firm_id, invoice_id) REFERENCES invoice (firm_id, id),
  CONSTRAINT reminder_task_done_by_fkey FOREIGN KEY (done_by) REFERENCES person (id),
  CONSTRAINT reminder_task_once UNIQUE (firm_id, invoice_id, stage),
  CONSTRAINT reminder_task_kind_known CHECK (kind IN ('call', 'partner_call', 'hand_over')),
  CONSTRAINT reminder_task_outcome_known CHECK (outcome IN ('', 'reached', 'not_reached', 'plan', 'hold_work', 'interest', 'write_off', 'collection', 'arbitration_notice', 'wait')),
  CONSTRAINT reminder_task_done_set CHECK ((done_by IS NULL) = (done_at IS NULL) AND (done_by IS NULL) = (outcome = '')),
  CONSTRAINT reminder_task_note_length CHECK (length(note) <= 300)
);
CALL isolate('reminder_task');
REVOKE UPDATE, DELETE ON reminder_task FROM docketry_api, docketry_worker;
GRANT UPDATE (outcome, note, done_by, done_at) ON reminder_task TO docketry_api;
CREATE INDEX reminder_task_open ON reminder_task (firm_id) WHERE done_at IS NULL;
COMMENT ON TABLE reminder_task IS 'class C2: calls and hand-overs that reminders open';

-- +goose Down
-- What was promised, and why somebody is not reminded, would be nowhere: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM reminder_hold) OR EXISTS (SELECT FROM payment_promise) OR EXISTS (SELECT FROM reminder_task) THEN
    RAISE EXCEPTION 'there are holds, promises or tasks about reminders; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
DROP TABLE reminder_task;
DROP TABLE payment_promise;
DROP TABLE reminder_hold;
