-- 00048_recovery.sql: a lost second factor is taken away by two people after a day, told
-- to its owner, who can refuse (SECURITY 5).
-- +goose Up
CREATE TABLE factor_recovery (
  firm_id    uuid        NOT NULL, -- the firm whose administrator asks, or the bureau
  id         uuid        NOT NULL,
  person_id  uuid        NOT NULL, -- whose factor is lost
  reason     text        NOT NULL,
  opened_by  uuid        NOT NULL,
  opened_at  timestamptz NOT NULL,
  ripe_at    timestamptz NOT NULL, -- before it nobody confirms: its owner has time to refuse
  status     text        NOT NULL DEFAULT 'waiting',
  decided_by uuid,
  decided_at timestamptz,
  CONSTRAINT factor_recovery_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT factor_recovery_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT factor_recovery_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT factor_recovery_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES person (id),
  CONSTRAINT factor_recovery_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT factor_recovery_status_known CHECK (status IN ('waiting', 'done', 'refused')),
  CONSTRAINT factor_recovery_decided CHECK ((status = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
  CONSTRAINT factor_recovery_waits CHECK (ripe_at >= opened_at + interval '24 hours' AND (status <> 'done' OR decided_at >= ripe_at)),
  -- Nobody recovers themselves, and two people do it. Only where the bureau has one
  -- administrator, and after three days, may the second word be theirs as well.
  CONSTRAINT factor_recovery_not_own CHECK (opened_by <> person_id AND (status <> 'done' OR decided_by <> person_id)),
  CONSTRAINT factor_recovery_four_eyes CHECK (status <> 'done' OR decided_by <> opened_by OR decided_at >= opened_at + interval '72 hours'),
  CONSTRAINT factor_recovery_reason_length CHECK (length(reason) BETWEEN 1 AND 500)
);
CALL isolate('factor_recovery');
REVOKE UPDATE, DELETE ON factor_recovery FROM docketry_api, docketry_worker;
GRANT UPDATE (status, decided_by, decided_at) ON factor_recovery TO docketry_api;
CREATE UNIQUE INDEX factor_recovery_one ON factor_recovery (firm_id, person_id) WHERE status = 'waiting'; -- one at a time

-- +goose Down
DROP TABLE factor_recovery;
