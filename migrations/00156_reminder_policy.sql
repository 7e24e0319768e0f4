-- 00156_reminder_policy.sql: when a firm reminds, by whom and after whose word, and where a client has it otherwise (LEGAL-BILLING 14). Without
-- a row the stages are the table's of that section.
-- +goose Up
CREATE TABLE reminder_policy (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  client_id     uuid,                -- NULL is the firm's
  n             integer     NOT NULL, -- in the order they were laid down, from 1
  from_on       date        NOT NULL, -- the first day it rules
  own           boolean     NOT NULL, -- false goes back: the client's to the firm's, the firm's to the standard
  statement_day smallint    NOT NULL,
  minimum_units integer     NOT NULL, -- of the invoice's currency: less is not reminded of
  tz            text        NOT NULL DEFAULT '', -- of the recipient; '' is the firm's
  made_by       uuid        NOT NULL,
  made_at       timestamptz NOT NULL,
  CONSTRAINT reminder_policy_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reminder_policy_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT reminder_policy_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT reminder_policy_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT reminder_policy_n_from_one CHECK (n >= 1),
  CONSTRAINT reminder_policy_statement_day_range CHECK (statement_day BETWEEN 1 AND 28),
  CONSTRAINT reminder_policy_minimum_range CHECK (minimum_units BETWEEN 1 AND 100000),
  CONSTRAINT reminder_policy_tz_length CHECK (length(tz) <= 60)
);
CALL isolate('reminder_policy');
REVOKE UPDATE, DELETE ON reminder_policy FROM docketry_api, docketry_worker;
REVOKE INSERT ON reminder_policy FROM docketry_worker;
CREATE UNIQUE INDEX reminder_policy_n ON reminder_policy (firm_id, coalesce(client_id, '00000000-0000-0000-0000-000000000000'), n); -- two who change it at once: one is refused

CREATE TABLE reminder_policy_stage (
  firm_id   uuid     NOT NULL,
  policy_id uuid     NOT NULL,
  stage     text     NOT NULL,
  used      boolean  NOT NULL,
  days      smallint NOT NULL, -- after the due day; below zero before it
  channel   text     NOT NULL,
  sender    text     NOT NULL,
  gate      text     NOT NULL,
  call      boolean  NOT NULL,
  CONSTRAINT reminder_policy_stage_pkey PRIMARY KEY (firm_id, policy_id, stage),
  CONSTRAINT reminder_policy_stage_policy_fkey FOREIGN KEY (firm_id, policy_id) REFERENCES reminder_policy (firm_id, id),
  CONSTRAINT reminder_policy_stage_known CHECK (stage IN ('statement', 'upcoming', 'courtesy', 'first', 'second', 'third', 'final', 'handover')),
  CONSTRAINT reminder_policy_stage_days_range CHECK (days BETWEEN -30 AND 365),
  CONSTRAINT reminder_policy_stage_channel_known CHECK (channel IN ('mail', 'letter', 'task') AND (channel = 'task') = (stage = 'handover')),
  CONSTRAINT reminder_policy_stage_sender_known CHECK (sender IN ('firm', 'partner')),
  -- The second may be vetoed at least; the third and the final never go by themselves.
  CONSTRAINT reminder_policy_stage_gate CHECK (gate IN ('none', 'veto', 'approval') AND (stage <> 'second' OR gate <> 'none') AND (stage NOT IN ('third', 'final') OR gate = 'approval'))
);
CALL isolate('reminder_policy_stage');
REVOKE UPDATE, DELETE ON reminder_policy_stage FROM docketry_api, docketry_worker;
REVOKE INSERT ON reminder_policy_stage FROM docketry_worker;

-- +goose Down
DROP TABLE reminder_policy_stage;
DROP TABLE reminder_policy;
