-- 00010_sla.sql: business calendars, what was promised, and the clocks that measure it (SLA.md 1-6).
-- A clock is its log of events; the other tables are what the log amounts to.
-- +goose Up
-- One row is one version. Editing adds the next; a clock keeps the one of its start.
CREATE TABLE calendar (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  name         text        NOT NULL, -- of the chain of versions
  number       integer     NOT NULL,
  tz           text        NOT NULL,
  definition   jsonb       NOT NULL, -- weekly hours and exceptions, SLA.md 1
  hash         text        NOT NULL, -- SHA-256 of name, number, zone and definition
  published_by uuid,
  published_at timestamptz NOT NULL,
  CONSTRAINT calendar_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT calendar_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT calendar_published_by_fkey FOREIGN KEY (published_by) REFERENCES person (id),
  CONSTRAINT calendar_number_key UNIQUE (firm_id, name, number),
  CONSTRAINT calendar_number_positive CHECK (number >= 1),
  CONSTRAINT calendar_name_length CHECK (length(name) BETWEEN 1 AND 60),
  CONSTRAINT calendar_tz_length CHECK (length(tz) BETWEEN 1 AND 60),
  CONSTRAINT calendar_definition_size CHECK (length(definition::text) <= 262144),
  CONSTRAINT calendar_hash_form CHECK (hash ~ '^[0-9a-f]{64}$')
);
CALL isolate('calendar');
REVOKE UPDATE, DELETE ON calendar FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, name, number, tz, definition) ON calendar TO docketry_bureau;

-- Versions of what the bureau promised the firm. In force from effective_from on, once the firm has approved it.
CREATE TABLE agreement (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  number         integer     NOT NULL,
  calendar_id    uuid        NOT NULL,
  effective_from date        NOT NULL, -- in the firm's zone
  hash           text        NOT NULL, -- SHA-256 of its content, targets included
  published_by   uuid        NOT NULL,
  published_at   timestamptz NOT NULL,
  approved_by    uuid,
  approved_at    timestamptz,
  CONSTRAINT agreement_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT agreement_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT agreement_calendar_fkey FOREIGN KEY (firm_id, calendar_id) REFERENCES calendar (firm_id, id),
  CONSTRAINT agreement_published_by_fkey FOREIGN KEY (published_by) REFERENCES person (id),
  CONSTRAINT agreement_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES person (id),
  CONSTRAINT agreement_number_key UNIQUE (firm_id, number),
  CONSTRAINT agreement_number_positive CHECK (number >= 1),
  CONSTRAINT agreement_hash_form CHECK (hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT agreement_approval_whole CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CONSTRAINT agreement_four_eyes CHECK (approved_by IS DISTINCT FROM published_by)
);
CALL isolate('agreement');
REVOKE UPDATE, DELETE ON agreement FROM docketry_api, docketry_worker;
GRANT UPDATE (approved_by, approved_at) ON agreement TO docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, number, calendar_id, effective_from, approved_at) ON agreement TO docketry_bureau;

-- +goose StatementBegin
CREATE FUNCTION agreement_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.approved_at IS NULL THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an approved agreement is never changed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'agreement_stays';
END $$;
-- +goose StatementEnd
CREATE TRIGGER agreement_stays BEFORE UPDATE OR DELETE ON agreement FOR EACH ROW EXECUTE FUNCTION agreement_stays();

-- One promise of an agreement. Of those with the same key the first in order whose filter matches applies.
CREATE TABLE target (
  firm_id       uuid       NOT NULL,
  id            uuid       NOT NULL,
  agreement_id  uuid       NOT NULL,
  position      integer    NOT NULL,
  key           text       NOT NULL, -- 'turnaround': stable over versions, figures are by key
  kind          text       NOT NULL,
  name          text       NOT NULL,
  work_types    text[]     NOT NULL DEFAULT '{}', -- empty is every type of work
  minutes_p1    integer    NOT NULL, -- business minutes
  minutes_p2    integer    NOT NULL,
  minutes_p3    integer    NOT NULL,
  minutes_p4    integer    NOT NULL,
  goal_e6       integer    NOT NULL, -- 950000 is 95 percent
  pause_reasons text[]     NOT NULL DEFAULT '{}',
  at_risk_pct   smallint[] NOT NULL DEFAULT '{75,90}',
  raise_pct     smallint   NOT NULL DEFAULT 25,
  reopen_days   smallint   NOT NULL DEFAULT 10,
  CONSTRAINT target_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT target_agreement_fkey FOREIGN KEY (firm_id, agreement_id) REFERENCES agreement (firm_id, id),
  CONSTRAINT target_position_key UNIQUE (firm_id, agreement_id, position),
  CONSTRAINT target_key_form CHECK (key ~ '^[a-z][a-z0-9_]{1,39}$'),
  CONSTRAINT target_kind_known CHECK (kind IN ('first_response', 'turnaround', 'next_update', 'next_reply', 'monthly_deadline', 'quality')),
  CONSTRAINT target_name_length CHECK (length(name) BETWEEN 1 AND 80),
  CONSTRAINT target_minutes_positive CHECK (least(minutes_p1, minutes_p2, minutes_p3, minutes_p4) > 0),
  CONSTRAINT target_goal_range CHECK (goal_e6 BETWEEN 0 AND 1000000),
  CONSTRAINT target_pause_reasons_known CHECK (pause_reasons <@ ARRAY['waiting_firm', 'waiting_third_party', 'firm_hold', 'force_majeure']),
  CONSTRAINT target_at_risk_range CHECK (cardinality(at_risk_pct) <= 5 AND 1 <= ALL (at_risk_pct) AND 99 >= ALL (at_risk_pct)),
  CONSTRAINT target_raise_range CHECK (raise_pct BETWEEN 0 AND 100),
  CONSTRAINT target_reopen_range CHECK (reopen_days BETWEEN 0 AND 60)
);
CALL isolate('target');
REVOKE UPDATE, DELETE ON target FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, agreement_id, key, kind, name, minutes_p1, minutes_p2, minutes_p3, minutes_p4, pause_reasons, at_risk_pct, raise_pct, reopen_days)
  ON target TO docketry_bureau;

-- The present cycle of one clock: exactly what replaying its events gives.
CREATE TABLE clock (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  item_id       uuid        NOT NULL,
  matter_id     uuid,
  work_type     text        NOT NULL,
  target_id     uuid        NOT NULL, -- of the start; a re-baseline stands in the log
  calendar_id   uuid        NOT NULL,
  target_key    text        NOT NULL,
  priority      smallint    NOT NULL,
  started_at    timestamptz NOT NULL,
  cycle         integer     NOT NULL DEFAULT 1,
  state         text        NOT NULL,
  outcome       text        NOT NULL,
  consumed_s    bigint      NOT NULL,
  paused_s      bigint      NOT NULL,
  target_s      bigint      NOT NULL,
  seg_start_at  timestamptz NOT NULL,
  due_at        timestamptz,          -- NULL while paused
  hot_at        timestamptz,          -- when a quarter, or an hour, is left; NULL unless it runs and is open
  breached_at   timestamptz,
  completed_at  timestamptz,
  outcome_at    timestamptz,          -- the instant that puts the outcome into a month; NULL while open
  overrun_s     bigint      NOT NULL DEFAULT 0,
  next_check_at timestamptz,          -- the next instant that needs a notice
  projected_at  timestamptz NOT NULL, -- the instant up to which the log was replayed
  CONSTRAINT clock_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT clock_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT clock_target_fkey FOREIGN KEY (firm_id, target_id) REFERENCES target (firm_id, id),
  CONSTRAINT clock_calendar_fkey FOREIGN KEY (firm_id, calendar_id) REFERENCES calendar (firm_id, id),
  CONSTRAINT clock_item_key UNIQUE (firm_id, item_id, target_key),
  CONSTRAINT clock_priority_range CHECK (priority BETWEEN 1 AND 4),
  CONSTRAINT clock_state_known CHECK (state IN ('running', 'paused', 'completed')),
  CONSTRAINT clock_outcome_known CHECK (outcome IN ('open', 'met', 'breached', 'cancelled', 'waived')),
  CONSTRAINT clock_totals_not_negative CHECK (cycle >= 1 AND consumed_s >= 0 AND paused_s >= 0 AND overrun_s >= 0 AND target_s > 0),
  CONSTRAINT clock_due_at_set CHECK (CASE state WHEN 'running' THEN due_at IS NOT NULL WHEN 'paused' THEN due_at IS NULL ELSE true END),
  CONSTRAINT clock_completed_at_set CHECK ((state = 'completed') = (completed_at IS NOT NULL)),
  CONSTRAINT clock_breached_at_set CHECK (outcome <> 'breached' OR breached_at IS NOT NULL),
  CONSTRAINT clock_outcome_at_set CHECK ((outcome = 'open') = (outcome_at IS NULL))
);
CALL isolate('clock');
REVOKE DELETE ON clock FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, item_id, matter_id, target_id, calendar_id, target_key, priority, state, outcome, consumed_s, target_s, seg_start_at, due_at, breached_at, next_check_at)
  ON clock TO docketry_bureau;
CREATE INDEX clock_next_check ON clock (firm_id, next_check_at) WHERE next_check_at IS NOT NULL;         -- the sweep
CREATE INDEX clock_outcome ON clock (firm_id, outcome_at) WHERE outcome_at IS NOT NULL;                  -- a month's figures
CREATE INDEX clock_running ON clock (firm_id, due_at) WHERE state = 'running' AND outcome = 'open';      -- at risk, and overdue before a sweep saw it

-- Earlier cycles of a clock that was reopened for a change by the firm. Their outcomes stand.
CREATE TABLE clock_cycle (
  firm_id      uuid        NOT NULL,
  clock_id     uuid        NOT NULL,
  cycle        integer     NOT NULL,
  priority     smallint    NOT NULL,
  outcome      text        NOT NULL,
  consumed_s   bigint      NOT NULL,
  paused_s     bigint      NOT NULL,
  target_s     bigint      NOT NULL,
  due_at       timestamptz,
  breached_at  timestamptz,
  completed_at timestamptz NOT NULL,
  outcome_at   timestamptz NOT NULL,
  overrun_s    bigint      NOT NULL,
  CONSTRAINT clock_cycle_pkey PRIMARY KEY (firm_id, clock_id, cycle),
  CONSTRAINT clock_cycle_clock_fkey FOREIGN KEY (firm_id, clock_id) REFERENCES clock (firm_id, id),
  CONSTRAINT clock_cycle_priority_range CHECK (priority BETWEEN 1 AND 4),
  CONSTRAINT clock_cycle_outcome_known CHECK (outcome IN ('met', 'breached', 'cancelled', 'waived'))
);
CALL isolate('clock_cycle');
REVOKE DELETE ON clock_cycle FROM docketry_api, docketry_worker;
CREATE INDEX clock_cycle_outcome ON clock_cycle (firm_id, outcome_at);

-- The log. Order is (occurred_at, seq).
CREATE TABLE clock_event (
  firm_id     uuid        NOT NULL,
  clock_id    uuid        NOT NULL,
  seq         bigint      NOT NULL,
  kind        text        NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  actor_id    uuid,                 -- NULL for machinery
  source      text        NOT NULL,
  priority    smallint,             -- of a start and a change of priority
  reason      text,                 -- of a pause and a resume
  cause       text,                 -- of a reopening
  message_id  uuid,                 -- the question that a pause waits for
  target_id   uuid,                 -- of a re-baseline: the terms that apply
  note        text        NOT NULL DEFAULT '',
  CONSTRAINT clock_event_pkey PRIMARY KEY (firm_id, clock_id, seq),
  CONSTRAINT clock_event_clock_fkey FOREIGN KEY (firm_id, clock_id) REFERENCES clock (firm_id, id),
  CONSTRAINT clock_event_target_fkey FOREIGN KEY (firm_id, target_id) REFERENCES target (firm_id, id),
  CONSTRAINT clock_event_actor_fkey FOREIGN KEY (actor_id) REFERENCES person (id),
  CONSTRAINT clock_event_kind_known CHECK (kind IN ('start', 'complete', 'pause', 'resume', 'reopen', 'priority', 'rebase_forward', 'rebase_correct', 'waive', 'cancel')),
  CONSTRAINT clock_event_source_known CHECK (source IN ('person', 'system', 'mail', 'upload', 'hub')),
  CONSTRAINT clock_event_reason_known CHECK ((kind IN ('pause', 'resume')) = (reason IS NOT NULL)
    AND reason IN ('waiting_firm', 'waiting_third_party', 'firm_hold', 'force_majeure', 'waiting_internal')),
  CONSTRAINT clock_event_cause_known CHECK ((kind = 'reopen') = (cause IS NOT NULL) AND cause IN ('bureau_error', 'firm_change')),
  CONSTRAINT clock_event_priority_set CHECK ((kind IN ('start', 'priority')) = (priority IS NOT NULL) AND priority BETWEEN 1 AND 4),
  CONSTRAINT clock_event_target_set CHECK ((kind IN ('rebase_forward', 'rebase_correct')) = (target_id IS NOT NULL)),
  -- Only what a system has on record happened earlier than it was written down (SLA.md 5).
  CONSTRAINT clock_event_order CHECK (occurred_at <= recorded_at AND (source <> 'person' OR occurred_at > recorded_at - interval '1 second')),
  CONSTRAINT clock_event_note_length CHECK (length(note) <= 500)
);
CALL isolate('clock_event');
REVOKE UPDATE, DELETE ON clock_event FROM docketry_api, docketry_worker;

-- The pauses that the log amounts to. They never overlap (I19).
CREATE TABLE clock_pause (
  firm_id  uuid        NOT NULL,
  clock_id uuid        NOT NULL,
  cycle    integer     NOT NULL,
  from_at  timestamptz NOT NULL,
  until_at timestamptz,          -- NULL while it lasts
  reasons  text[]      NOT NULL,
  CONSTRAINT clock_pause_pkey PRIMARY KEY (firm_id, clock_id, from_at),
  CONSTRAINT clock_pause_clock_fkey FOREIGN KEY (firm_id, clock_id) REFERENCES clock (firm_id, id),
  CONSTRAINT clock_pause_order CHECK (until_at > from_at),
  CONSTRAINT clock_pause_reasons_some CHECK (cardinality(reasons) > 0),
  CONSTRAINT clock_pause_no_overlap EXCLUDE USING gist (firm_id WITH =, clock_id WITH =, tstzrange(from_at, until_at) WITH &&)
);
CALL isolate('clock_pause');
CREATE INDEX clock_pause_open ON clock_pause (firm_id, from_at) WHERE until_at IS NULL; -- "waiting on the firm"

-- Warnings and breaches, each once, at their true instants.
CREATE TABLE clock_notice (
  firm_id     uuid        NOT NULL,
  id          uuid        NOT NULL,
  clock_id    uuid        NOT NULL,
  cycle       integer     NOT NULL,
  kind        text        NOT NULL,
  pct         smallint    NOT NULL DEFAULT 0,
  at          timestamptz NOT NULL,
  detected_at timestamptz NOT NULL,
  voided_at   timestamptz,
  CONSTRAINT clock_notice_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT clock_notice_clock_fkey FOREIGN KEY (firm_id, clock_id) REFERENCES clock (firm_id, id),
  CONSTRAINT clock_notice_kind_known CHECK (kind IN ('at_risk', 'breach') AND (kind = 'at_risk') = (pct > 0)),
  CONSTRAINT clock_notice_detected_after CHECK (detected_at >= at),
  CONSTRAINT clock_notice_voided_breach CHECK (voided_at IS NULL OR kind = 'breach')
);
CALL isolate('clock_notice');
REVOKE UPDATE, DELETE ON clock_notice FROM docketry_api, docketry_worker;
GRANT UPDATE (voided_at) ON clock_notice TO docketry_api, docketry_worker;
-- Two sweepers, a repeated delivery, a restart: one notice (SLA.md 6). A voided breach leaves room for a later true one.
CREATE UNIQUE INDEX clock_notice_once ON clock_notice (firm_id, clock_id, cycle, kind, pct) WHERE voided_at IS NULL;
CREATE INDEX clock_notice_clock ON clock_notice (firm_id, clock_id);

-- Every cycle of every clock, the present ones and the earlier: what figures and the lists behind them are made from.
CREATE VIEW sla_cycle WITH (security_invoker = true) AS
  SELECT c.firm_id, c.id AS clock_id, c.cycle, c.item_id, c.matter_id, c.work_type, c.target_id, c.target_key, c.priority, c.started_at,
    c.state, c.outcome, c.consumed_s, c.paused_s, c.target_s, c.due_at, c.breached_at, c.completed_at, c.outcome_at, c.overrun_s
  FROM clock c
  UNION ALL
  SELECT y.firm_id, y.clock_id, y.cycle, c.item_id, c.matter_id, c.work_type, c.target_id, c.target_key, y.priority, c.started_at,
    'completed', y.outcome, y.consumed_s, y.paused_s, y.target_s, y.due_at, y.breached_at, y.completed_at, y.outcome_at, y.overrun_s
  FROM clock_cycle y JOIN clock c ON c.firm_id = y.firm_id AND c.id = y.clock_id;
GRANT SELECT ON sla_cycle TO docketry_api, docketry_worker;

-- +goose Down
DROP VIEW sla_cycle;
DROP TABLE clock_notice;
DROP TABLE clock_pause;
DROP TABLE clock_event;
DROP TABLE clock_cycle;
DROP TABLE clock;
DROP TABLE target;
DROP TABLE agreement;
DROP FUNCTION agreement_stays();
DROP TABLE calendar;
