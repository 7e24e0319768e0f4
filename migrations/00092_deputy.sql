-- 00092_deputy.sql: who stands in for a person who approves, from when until when, and for whom an approval
-- was given. It gives nobody a right: a deputy approves with a grant of their own.
-- +goose Up
CREATE TABLE deputy (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  principal_id uuid        NOT NULL, -- for whom
  deputy_id    uuid        NOT NULL, -- who stands in
  from_at      timestamptz NOT NULL,
  until_at     timestamptz NOT NULL, -- the first instant at which it holds no more
  reason       text        NOT NULL,
  named_by     uuid        NOT NULL,
  named_at     timestamptz NOT NULL,
  used_at      timestamptz,          -- the last approval given under it
  ended_at     timestamptz,
  ended_by     uuid,                 -- NULL when its day came, or a grant of one of the two ran out
  ended_why    text,
  CONSTRAINT deputy_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT deputy_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT deputy_principal_fkey FOREIGN KEY (principal_id) REFERENCES person (id),
  CONSTRAINT deputy_deputy_fkey FOREIGN KEY (deputy_id) REFERENCES person (id),
  CONSTRAINT deputy_named_by_fkey FOREIGN KEY (named_by) REFERENCES person (id),
  CONSTRAINT deputy_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  CONSTRAINT deputy_pair_key UNIQUE (firm_id, id, principal_id, deputy_id), -- what an approval refers to
  CONSTRAINT deputy_no_self CHECK (principal_id <> deputy_id),
  -- 92 days of the firm's calendar, of which one may have 25 hours.
  CONSTRAINT deputy_window CHECK (until_at > from_at AND until_at - from_at <= interval '92 days 1 hour'),
  CONSTRAINT deputy_reason_length CHECK (length(reason) BETWEEN 1 AND 500),
  CONSTRAINT deputy_why_known CHECK (ended_why IN ('date', 'principal', 'deputy', 'firm', 'left')),
  CONSTRAINT deputy_ended CHECK ((ended_at IS NULL) = (ended_why IS NULL) AND (ended_by IS NULL OR ended_at IS NOT NULL)),
  -- No approval is given under it before it begins, from its day on, or after it ended.
  CONSTRAINT deputy_used_within CHECK (used_at IS NULL OR (used_at >= from_at AND used_at < until_at AND (ended_at IS NULL OR used_at <= ended_at)))
);
CALL isolate('deputy');
REVOKE UPDATE, DELETE ON deputy FROM docketry_api, docketry_worker;
REVOKE INSERT ON deputy FROM docketry_worker;
GRANT UPDATE (used_at, ended_at, ended_by, ended_why) ON deputy TO docketry_api, docketry_worker;
-- One at a time for a person of a firm.
CREATE UNIQUE INDEX deputy_one_open ON deputy (firm_id, principal_id) WHERE ended_at IS NULL;
CREATE INDEX deputy_standing_in ON deputy (firm_id, deputy_id) WHERE ended_at IS NULL; -- for whom somebody stands in, asked at each approval

-- What has ended stays as it ended: a new one is named instead.
-- +goose StatementBegin
CREATE FUNCTION deputy_stays_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'this deputy has ended' USING ERRCODE = 'check_violation', CONSTRAINT = 'deputy_stays_ended', TABLE = 'deputy';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER deputy_stays_ended BEFORE UPDATE ON deputy FOR EACH ROW EXECUTE FUNCTION deputy_stays_ended();

-- Whom an approval was given for, under what. The foreign key holds the three persons to the row.
ALTER TABLE prebill
  ADD COLUMN approved_for uuid,
  ADD COLUMN approved_under uuid,
  ADD CONSTRAINT prebill_approved_under_fkey FOREIGN KEY (firm_id, approved_under, approved_for, approved_by) REFERENCES deputy (firm_id, id, principal_id, deputy_id),
  ADD CONSTRAINT prebill_approved_for_set CHECK ((approved_for IS NULL) = (approved_under IS NULL) AND (approved_for IS NULL OR approved_by IS NOT NULL)),
  -- Four eyes hold for both: nobody approves for who could not have approved it.
  ADD CONSTRAINT prebill_for_four_eyes CHECK (approved_for IS NULL
    OR (approved_for IS DISTINCT FROM prepared_by AND approved_for IS DISTINCT FROM submitted_by));

-- Whose list a letter's link leads to.
ALTER TABLE person_letter
  ADD COLUMN whose uuid,
  ADD CONSTRAINT person_letter_whose_fkey FOREIGN KEY (whose) REFERENCES person (id);

-- +goose Down
ALTER TABLE person_letter DROP COLUMN whose;
ALTER TABLE prebill DROP COLUMN approved_under, DROP COLUMN approved_for;
DROP TABLE deputy;
DROP FUNCTION deputy_stays_ended();
