-- 00013_guideline.sql: what the rules found on an entry, or on its copy on a pre-bill.
-- +goose Up
CREATE TABLE finding (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  entry_id      uuid        NOT NULL,
  line_id       uuid,                  -- the pre-bill line; NULL at the entry stage
  rule          text        NOT NULL,
  rule_version  integer     NOT NULL,
  stage         text        NOT NULL,
  severity      text        NOT NULL,
  field         text        NOT NULL,
  observed      text        NOT NULL,  -- may quote the narrative: C3
  expected      text        NOT NULL,
  params        text        NOT NULL,
  message       text        NOT NULL,
  fix           text        NOT NULL,
  proposal      jsonb,                 -- {field, value, reason}: a fix that can be applied as it stands
  at_risk_minor bigint      NOT NULL,
  currency      text        NOT NULL,
  state         text        NOT NULL DEFAULT 'open',
  waived_by     uuid,
  waived_at     timestamptz,
  waived_note   text        NOT NULL DEFAULT '',
  created_at    timestamptz NOT NULL,
  settled_at    timestamptz,           -- when it was fixed or waived
  CONSTRAINT finding_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT finding_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT finding_waived_by_fkey FOREIGN KEY (waived_by) REFERENCES person (id),
  CONSTRAINT finding_stage_known CHECK (stage IN ('entry', 'prebill', 'final', 'efile')),
  CONSTRAINT finding_severity_known CHECK (severity IN ('block', 'warn', 'auto')),
  CONSTRAINT finding_state_known CHECK (state IN ('open', 'fixed', 'waived')),
  CONSTRAINT finding_line_at_prebill CHECK ((line_id IS NULL) = (stage = 'entry')),
  CONSTRAINT finding_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT finding_at_risk_positive CHECK (at_risk_minor >= 0),
  CONSTRAINT finding_waived_set CHECK ((state = 'waived') = (waived_at IS NOT NULL) AND (waived_at IS NULL OR length(waived_note) >= 3)),
  CONSTRAINT finding_settled_set CHECK ((state = 'open') = (settled_at IS NULL)),
  CONSTRAINT finding_note_length CHECK (length(waived_note) <= 500)
);
CALL isolate('finding');
-- One remark of a rule on one field; a finding that comes back is the same one.
CREATE UNIQUE INDEX finding_on_entry ON finding (firm_id, entry_id, rule, field) WHERE line_id IS NULL;
CREATE UNIQUE INDEX finding_on_line ON finding (firm_id, line_id, rule, field) WHERE line_id IS NOT NULL;
GRANT SELECT (firm_id, id, entry_id, line_id, rule, severity, state) ON finding TO docketry_bureau;

-- +goose Down
DROP TABLE finding;
