-- 00091_training.sql: courses of the bureau, and which of its people passed them until when. Both are the
-- bureau's and say nothing of a firm; the queue can ask for a certificate that stands on a day.
-- +goose Up
CREATE TABLE course (
  id         uuid        NOT NULL,
  name       text        NOT NULL,
  months     integer     NOT NULL, -- for which a certificate holds
  created_by uuid        NOT NULL,
  created_at timestamptz NOT NULL,
  closed_at  timestamptz,          -- nobody is certified in it any more; what was recorded stands
  CONSTRAINT course_pkey PRIMARY KEY (id),
  CONSTRAINT course_created_by_fkey FOREIGN KEY (created_by) REFERENCES person (id),
  CONSTRAINT course_name_length CHECK (length(name) BETWEEN 1 AND 80),
  CONSTRAINT course_months_range CHECK (months BETWEEN 1 AND 120)
);
CREATE UNIQUE INDEX course_name_key ON course (lower(name)) WHERE closed_at IS NULL;
CREATE TABLE certificate (
  id           uuid        NOT NULL,
  person_id    uuid        NOT NULL,
  course_id    uuid        NOT NULL,
  passed_on    date        NOT NULL,
  valid_until  date        NOT NULL, -- the last day
  recorded_by  uuid        NOT NULL,
  recorded_at  timestamptz NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by uuid,
  reason       text        NOT NULL DEFAULT '', -- why it was withdrawn
  CONSTRAINT certificate_pkey PRIMARY KEY (id),
  CONSTRAINT certificate_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT certificate_course_fkey FOREIGN KEY (course_id) REFERENCES course (id),
  CONSTRAINT certificate_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES person (id),
  CONSTRAINT certificate_withdrawn_by_fkey FOREIGN KEY (withdrawn_by) REFERENCES person (id),
  CONSTRAINT certificate_no_self CHECK (recorded_by <> person_id AND (withdrawn_by IS NULL OR withdrawn_by <> person_id)),
  CONSTRAINT certificate_days CHECK (valid_until > passed_on),
  CONSTRAINT certificate_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (reason = '')),
  CONSTRAINT certificate_reason_length CHECK (length(reason) <= 500)
);
CREATE INDEX certificate_person ON certificate (person_id, valid_until) WHERE withdrawn_at IS NULL; -- what a person holds on a day
CREATE UNIQUE INDEX certificate_once_key ON certificate (person_id, course_id, passed_on) WHERE withdrawn_at IS NULL;
GRANT SELECT, INSERT ON course, certificate TO docketry_api;
GRANT UPDATE (closed_at) ON course TO docketry_api;
GRANT UPDATE (withdrawn_at, withdrawn_by, reason) ON certificate TO docketry_api;
GRANT SELECT ON course, certificate TO docketry_worker;

-- +goose Down
DROP TABLE certificate;
DROP TABLE course;
