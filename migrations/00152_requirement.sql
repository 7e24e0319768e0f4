-- 00152_requirement.sql: what work asks of who takes it (SLA.md 9): certificates by firm and type of work, and that
-- they have read the firm's own guidelines in the version in force.
-- +goose Up
CREATE TABLE work_requirement (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  work_type  text        NOT NULL, -- '' is every type
  course_id  uuid        NOT NULL,
  mandatory  boolean     NOT NULL,
  prefer_min integer,              -- of a preferred one: after so many business minutes anybody may have the item
  side       text        NOT NULL, -- who asked for it; what the firm asks for the bureau does not take back
  set_by     uuid        NOT NULL,
  set_at     timestamptz NOT NULL,
  ended_by   uuid,
  ended_at   timestamptz,
  CONSTRAINT work_requirement_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT work_requirement_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT work_requirement_course_fkey FOREIGN KEY (course_id) REFERENCES course (id),
  CONSTRAINT work_requirement_set_by_fkey FOREIGN KEY (set_by) REFERENCES person (id),
  CONSTRAINT work_requirement_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  CONSTRAINT work_requirement_type_form CHECK (work_type = '' OR work_type ~ '^[a-z][a-z_]{1,39}$'),
  CONSTRAINT work_requirement_side_known CHECK (side IN ('bureau', 'firm')),
  CONSTRAINT work_requirement_preferred CHECK (mandatory = (prefer_min IS NULL) AND prefer_min BETWEEN 1 AND 4800),
  CONSTRAINT work_requirement_ended_whole CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CALL isolate('work_requirement');
REVOKE UPDATE, DELETE ON work_requirement FROM docketry_api, docketry_worker;
GRANT UPDATE (ended_by, ended_at) ON work_requirement TO docketry_api;
REVOKE INSERT ON work_requirement FROM docketry_worker;
GRANT SELECT (firm_id, work_type, course_id, mandatory, prefer_min, ended_at) ON work_requirement TO docketry_bureau;
-- Asked once for a type; every claim reads those that stand.
CREATE UNIQUE INDEX work_requirement_once ON work_requirement (firm_id, work_type, course_id) WHERE ended_at IS NULL;

-- A person's word that they have read a version of the firm's own guidelines. It stays.
CREATE TABLE guide_word (
  firm_id   uuid        NOT NULL,
  person_id uuid        NOT NULL,
  guide_id  uuid        NOT NULL,
  said_at   timestamptz NOT NULL,
  CONSTRAINT guide_word_pkey PRIMARY KEY (firm_id, person_id, guide_id),
  CONSTRAINT guide_word_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT guide_word_guide_fkey FOREIGN KEY (firm_id, guide_id) REFERENCES guide (firm_id, id)
);
CALL isolate('guide_word');
REVOKE UPDATE, DELETE ON guide_word FROM docketry_api, docketry_worker;
REVOKE INSERT ON guide_word FROM docketry_worker;
GRANT SELECT (firm_id, person_id, guide_id) ON guide_word TO docketry_bureau;

-- What a claim over all firms asks: facts, never a text.
GRANT SELECT (firm_id, id, client_id, matter_id, payor_id, group_id, number, from_on, status) ON guide TO docketry_bureau;
GRANT SELECT (person_id, course_id, passed_on, valid_until, withdrawn_at) ON certificate TO docketry_bureau;
GRANT SELECT (id, name) ON course TO docketry_bureau;
GRANT SELECT (prepared_by, submitted_by) ON prebill TO docketry_bureau;
-- The firm's own guidelines, newest version first: each claim looks for the one in force.
CREATE INDEX guide_own ON guide (firm_id, number DESC) WHERE status = 'signed' AND client_id IS NULL AND matter_id IS NULL AND payor_id IS NULL AND group_id IS NULL;

-- +goose Down
DROP INDEX guide_own;
REVOKE SELECT (prepared_by, submitted_by) ON prebill FROM docketry_bureau;
REVOKE SELECT (id, name) ON course FROM docketry_bureau;
REVOKE SELECT (person_id, course_id, passed_on, valid_until, withdrawn_at) ON certificate FROM docketry_bureau;
REVOKE SELECT (firm_id, id, client_id, matter_id, payor_id, group_id, number, from_on, status) ON guide FROM docketry_bureau;
DROP TABLE guide_word;
DROP TABLE work_requirement;
