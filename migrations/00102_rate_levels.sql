-- 00102_rate_levels.sql: groups of clients, offices of timekeepers, and rates of all eleven levels (LEGAL-BILLING 8).
-- +goose Up
CREATE TABLE client_group (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  name       text        NOT NULL,
  created_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT client_group_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT client_group_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT client_group_name_length CHECK (length(name) BETWEEN 1 AND 120)
);
CALL isolate('client_group');
REVOKE DELETE ON client_group FROM docketry_api, docketry_worker;
REVOKE INSERT, UPDATE ON client_group FROM docketry_worker;
CREATE UNIQUE INDEX client_group_name ON client_group (firm_id, lower(name));

-- A client belongs to one group a day, so that one rate and one set of guidelines is found.
CREATE TABLE client_group_member (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  group_id   uuid        NOT NULL,
  client_id  uuid        NOT NULL,
  valid      daterange   NOT NULL, -- half-open
  added_by   uuid,
  created_at timestamptz NOT NULL,
  CONSTRAINT client_group_member_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT client_group_member_group_fkey FOREIGN KEY (firm_id, group_id) REFERENCES client_group (firm_id, id),
  CONSTRAINT client_group_member_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT client_group_member_added_by_fkey FOREIGN KEY (added_by) REFERENCES person (id),
  CONSTRAINT client_group_member_valid_not_empty CHECK (NOT isempty(valid) AND lower(valid) IS NOT NULL),
  CONSTRAINT client_group_member_no_overlap EXCLUDE USING gist (firm_id WITH =, client_id WITH =, valid WITH &&)
);
CALL isolate('client_group_member');
REVOKE INSERT, UPDATE, DELETE ON client_group_member FROM docketry_worker;
REVOKE UPDATE ON client_group_member FROM docketry_api;
GRANT UPDATE (valid) ON client_group_member TO docketry_api;
CREATE INDEX client_group_member_group ON client_group_member (firm_id, group_id);

ALTER TABLE timekeeper ADD COLUMN office text NOT NULL DEFAULT '';
ALTER TABLE timekeeper ADD CONSTRAINT timekeeper_office_length CHECK (length(office) <= 60);

ALTER TABLE rate
  ADD COLUMN group_id       uuid,
  ADD COLUMN practice_group text NOT NULL DEFAULT '', -- of the matter
  ADD COLUMN office         text NOT NULL DEFAULT '', -- of the timekeeper
  ADD COLUMN task_code      text NOT NULL DEFAULT '',
  ADD COLUMN activity_code  text NOT NULL DEFAULT '',
  DROP COLUMN level,
  DROP CONSTRAINT rate_names_one_payer,
  DROP CONSTRAINT rate_names_who,
  DROP CONSTRAINT rate_no_overlap;
-- The level is what the row names: 2 matter and timekeeper, 3 matter and task or activity, 4 matter and title, 5 matter,
-- 6 client and timekeeper, 7 client and title, 8 group and title, 9 office or practice group and title, 10 timekeeper, 11 title.
ALTER TABLE rate
  ADD COLUMN level smallint NOT NULL GENERATED ALWAYS AS (CASE
      WHEN matter_id IS NOT NULL AND timekeeper_id IS NOT NULL THEN 2
      WHEN matter_id IS NOT NULL AND (task_code <> '' OR activity_code <> '') THEN 3
      WHEN matter_id IS NOT NULL AND class <> '' THEN 4
      WHEN matter_id IS NOT NULL THEN 5
      WHEN client_id IS NOT NULL AND timekeeper_id IS NOT NULL THEN 6
      WHEN client_id IS NOT NULL THEN 7
      WHEN group_id IS NOT NULL THEN 8
      WHEN office <> '' OR practice_group <> '' THEN 9
      WHEN timekeeper_id IS NOT NULL THEN 10
      ELSE 11 END) STORED,
  ADD CONSTRAINT rate_group_fkey FOREIGN KEY (firm_id, group_id) REFERENCES client_group (firm_id, id),
  ADD CONSTRAINT rate_names_one_place CHECK (num_nonnulls(matter_id, client_id, group_id, nullif(office, ''), nullif(practice_group, '')) <= 1),
  ADD CONSTRAINT rate_names_one_who CHECK (num_nonnulls(timekeeper_id, nullif(class, ''), nullif(task_code, ''), nullif(activity_code, '')) <= 1),
  ADD CONSTRAINT rate_names_who CHECK (matter_id IS NOT NULL OR timekeeper_id IS NOT NULL OR class <> ''), -- a flat rate is a matter's
  ADD CONSTRAINT rate_code_of_matter CHECK (matter_id IS NOT NULL OR (task_code = '' AND activity_code = '')),
  ADD CONSTRAINT rate_title_only CHECK (class <> '' OR (group_id IS NULL AND office = '' AND practice_group = '')),
  ADD CONSTRAINT rate_places_length CHECK (length(office) <= 60 AND length(practice_group) <= 60),
  ADD CONSTRAINT rate_codes_form CHECK (task_code ~ '^[A-Z0-9.]{0,20}$' AND activity_code ~ '^[A-Z0-9.]{0,20}$'),
  -- One rate a day for one key; what a row does not name counts as a value of its own.
  ADD CONSTRAINT rate_no_overlap EXCLUDE USING gist (firm_id WITH =,
    coalesce(matter_id, '00000000-0000-0000-0000-000000000000') WITH =, coalesce(client_id, '00000000-0000-0000-0000-000000000000') WITH =,
    coalesce(group_id, '00000000-0000-0000-0000-000000000000') WITH =, office WITH =, practice_group WITH =,
    coalesce(timekeeper_id, '00000000-0000-0000-0000-000000000000') WITH =, class WITH =, task_code WITH =, activity_code WITH =,
    currency WITH =, valid WITH &&);
CREATE INDEX rate_group ON rate (firm_id, group_id) WHERE group_id IS NOT NULL;

-- +goose Down
DELETE FROM rate WHERE level IN (3, 5, 8, 9); -- what the former levels cannot say
ALTER TABLE rate
  DROP COLUMN level,
  DROP CONSTRAINT rate_no_overlap,
  DROP CONSTRAINT rate_names_one_place,
  DROP CONSTRAINT rate_names_one_who,
  DROP CONSTRAINT rate_names_who,
  DROP CONSTRAINT rate_code_of_matter,
  DROP CONSTRAINT rate_title_only,
  DROP CONSTRAINT rate_places_length,
  DROP CONSTRAINT rate_codes_form,
  DROP COLUMN group_id,
  DROP COLUMN practice_group,
  DROP COLUMN office,
  DROP COLUMN task_code,
  DROP COLUMN activity_code;
ALTER TABLE rate
  ADD COLUMN level smallint NOT NULL GENERATED ALWAYS AS (CASE
      WHEN matter_id IS NOT NULL AND timekeeper_id IS NOT NULL THEN 2
      WHEN matter_id IS NOT NULL THEN 4
      WHEN client_id IS NOT NULL AND timekeeper_id IS NOT NULL THEN 6
      WHEN client_id IS NOT NULL THEN 7
      WHEN timekeeper_id IS NOT NULL THEN 10
      ELSE 11 END) STORED,
  ADD CONSTRAINT rate_names_one_payer CHECK (matter_id IS NULL OR client_id IS NULL),
  ADD CONSTRAINT rate_names_who CHECK ((timekeeper_id IS NULL) = (class <> '')),
  ADD CONSTRAINT rate_no_overlap EXCLUDE USING gist (firm_id WITH =,
    coalesce(matter_id, '00000000-0000-0000-0000-000000000000') WITH =, coalesce(client_id, '00000000-0000-0000-0000-000000000000') WITH =,
    coalesce(timekeeper_id, '00000000-0000-0000-0000-000000000000') WITH =, class WITH =, currency WITH =, valid WITH &&);
ALTER TABLE timekeeper DROP COLUMN office;
DROP TABLE client_group_member;
DROP TABLE client_group;
