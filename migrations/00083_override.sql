-- 00083_override.sql: blocking findings that somebody with the right let pass: who, by
-- which reason, in which words, until when (LEGAL-BILLING 7.5). The row stays when its
-- finding goes, so that overrides can be counted by rule, firm and person.
-- +goose Up
CREATE TABLE finding_override (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  finding_id    uuid        NOT NULL,
  matter_id     uuid        NOT NULL,
  rule          text        NOT NULL,
  title         text        NOT NULL, -- what the rule was called
  at_risk_minor bigint      NOT NULL,
  currency      text        NOT NULL,
  reason        text        NOT NULL,
  note          text        NOT NULL, -- may speak of the work: C3
  until         date        NOT NULL, -- last day on which it holds, in the firm's zone
  overridden_by uuid        NOT NULL,
  overridden_at timestamptz NOT NULL,
  CONSTRAINT finding_override_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT finding_override_finding_fkey FOREIGN KEY (firm_id, finding_id) REFERENCES finding (firm_id, id),
  CONSTRAINT finding_override_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT finding_override_overridden_by_fkey FOREIGN KEY (overridden_by) REFERENCES person (id),
  CONSTRAINT finding_override_reason_known CHECK (reason IN ('CLIENT_AGREED', 'PRIOR_APPROVAL', 'NOT_APPLICABLE', 'FIRM_DECISION', 'RULE_WRONG', 'OTHER')),
  CONSTRAINT finding_override_note_length CHECK (length(note) BETWEEN 3 AND 500),
  CONSTRAINT finding_override_currency_form CHECK (currency ~ '^[A-Z]{3}$')
);
CALL isolate('finding_override');
REVOKE UPDATE, DELETE ON finding_override FROM docketry_api, docketry_worker;
CREATE INDEX finding_override_recent ON finding_override (firm_id, overridden_at DESC, id DESC);

ALTER TABLE finding ADD COLUMN override_id uuid;   -- what lets a blocking one pass
ALTER TABLE finding ADD COLUMN waived_until date;  -- last day of that
ALTER TABLE finding ADD CONSTRAINT finding_override_fkey FOREIGN KEY (firm_id, override_id) REFERENCES finding_override (firm_id, id);
ALTER TABLE finding ADD CONSTRAINT finding_override_set CHECK ((override_id IS NULL) = (waived_until IS NULL) AND (override_id IS NULL OR state = 'waived'));
-- What people let pass before there were overrides is one, for thirty days from then.
WITH old AS (
  INSERT INTO finding_override (firm_id, id, finding_id, matter_id, rule, title, at_risk_minor, currency, reason, note, until, overridden_by, overridden_at)
  SELECT f.firm_id, gen_random_uuid(), f.id, coalesce(e.matter_id, p.matter_id), f.rule, f.title, f.at_risk_minor, f.currency, 'OTHER', f.waived_note, f.waived_at::date + 30, f.waived_by, f.waived_at
  FROM finding f LEFT JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id LEFT JOIN prebill p ON p.firm_id = f.firm_id AND p.id = f.prebill_id
  WHERE f.severity = 'block' AND f.state = 'waived' AND f.waived_by IS NOT NULL
  RETURNING firm_id, id, finding_id, until)
UPDATE finding f SET override_id = old.id, waived_until = old.until FROM old WHERE f.firm_id = old.firm_id AND f.id = old.finding_id;
UPDATE finding SET state = 'open', settled_at = NULL, waived_at = NULL, waived_note = '' WHERE severity = 'block' AND state = 'waived' AND override_id IS NULL;
ALTER TABLE finding ADD CONSTRAINT finding_block_overridden CHECK (severity <> 'block' OR state <> 'waived' OR override_id IS NOT NULL);

-- +goose Down
ALTER TABLE finding DROP CONSTRAINT finding_block_overridden;
ALTER TABLE finding DROP CONSTRAINT finding_override_set;
ALTER TABLE finding DROP CONSTRAINT finding_override_fkey;
ALTER TABLE finding DROP COLUMN waived_until;
ALTER TABLE finding DROP COLUMN override_id;
DROP TABLE finding_override;
