-- 00003_people.sql: people, how they sign in, and what each firm lets them do.
-- A person is one identity wherever they have a grant, so person, credential and
-- session carry no firm: what ties a person to a firm is the grant, and that does.
-- +goose Up
CREATE TABLE person (
  id          uuid        NOT NULL,
  email       text        NOT NULL, -- lower case
  name        text        NOT NULL,
  staff       boolean     NOT NULL DEFAULT false, -- works for the bureau; holds the bureau's roles and no others
  status      text        NOT NULL DEFAULT 'active',
  created_at  timestamptz NOT NULL,
  disabled_at timestamptz,
  version     integer     NOT NULL DEFAULT 1,
  CONSTRAINT person_pkey PRIMARY KEY (id),
  CONSTRAINT person_email_key UNIQUE (email),
  CONSTRAINT person_email_form CHECK (email = lower(email) AND email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
  CONSTRAINT person_name_length CHECK (length(name) BETWEEN 1 AND 120),
  CONSTRAINT person_status_known CHECK (status IN ('invited', 'active', 'disabled')),
  CONSTRAINT person_disabled_at_set CHECK ((status = 'disabled') = (disabled_at IS NOT NULL))
);
CREATE TABLE credential (
  person_id      uuid        NOT NULL,
  kind           text        NOT NULL, -- 'password'; 'invite', 'reset': the hash of a one-time link
  secret_hash    text        NOT NULL,
  expires_at     timestamptz,
  issuer         uuid,                 -- the firm that invited; no other may issue the link again
  changed_at     timestamptz NOT NULL,
  CONSTRAINT credential_pkey PRIMARY KEY (person_id, kind),
  CONSTRAINT credential_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT credential_kind_known CHECK (kind IN ('password', 'invite', 'reset'))
);
CREATE TABLE session (
  id          uuid        NOT NULL,
  token_hash  text        NOT NULL, -- SHA-256 of the cookie's token, never the token
  person_id   uuid,                 -- NULL until someone has signed in
  firm_id_now uuid,                 -- the firm a firm's user works in; bureau people go by path (T05)
  data        bytea       NOT NULL DEFAULT '', -- flash, return path; no firm data
  device      text        NOT NULL DEFAULT '',
  network     text        NOT NULL DEFAULT '', -- /24 or /48 it began from
  created_at  timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL, -- absolute end (SECURITY 5); idle end is seen_at + 30 min
  factor_at   timestamptz,          -- when a factor was last shown, for step-up
  ended_at    timestamptz,
  CONSTRAINT session_pkey PRIMARY KEY (id),
  CONSTRAINT session_token_key UNIQUE (token_hash),
  CONSTRAINT session_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT session_texts_length CHECK (length(device) <= 200 AND length(network) <= 64 AND length(data) <= 16384)
);
CREATE INDEX session_person ON session (person_id) WHERE ended_at IS NULL; -- "sessions of this person", five at once
-- Failures in a row by network, by account and by known device (SECURITY 5). An account
-- is the hash of an address, whether or not anyone has it: both are slowed alike (T11).
CREATE TABLE sign_in_failure (
  subject        text        NOT NULL, -- 'net:203.0.113.0/24', 'account:<hash>', 'device:<hash>'
  failures       integer     NOT NULL,
  last_failed_at timestamptz NOT NULL,
  CONSTRAINT sign_in_failure_pkey PRIMARY KEY (subject),
  CONSTRAINT sign_in_failure_subject_length CHECK (length(subject) <= 100)
);
GRANT SELECT, INSERT, UPDATE ON person, session TO docketry_api, docketry_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON credential, sign_in_failure TO docketry_api;
GRANT DELETE ON session, sign_in_failure TO docketry_worker; -- the sweep
GRANT SELECT ON sign_in_failure TO docketry_worker;
GRANT SELECT (id, name) ON person TO docketry_bureau;

CREATE TABLE access_grant (
  firm_id         uuid        NOT NULL,
  id              uuid        NOT NULL,
  person_id       uuid        NOT NULL,
  role            text        NOT NULL,
  scope_kind      text        NOT NULL DEFAULT 'all',
  scope_ids       uuid[]      NOT NULL DEFAULT '{}',  -- clients or matters
  practice_groups text[]      NOT NULL DEFAULT '{}',
  class           smallint    NOT NULL DEFAULT 1,     -- highest class of field: C1..C3
  label           smallint    NOT NULL DEFAULT 0,     -- highest label of matter: 0 standard .. 3 sealed
  from_at         timestamptz NOT NULL,
  until_at        timestamptz,
  reason          text        NOT NULL,
  granted_by      uuid,                               -- NULL only for the first of a new firm
  ended_at        timestamptz,
  ended_by        uuid,
  last_used_on    date,
  created_at      timestamptz NOT NULL,
  CONSTRAINT access_grant_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT access_grant_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT access_grant_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT access_grant_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES person (id),
  CONSTRAINT access_grant_role_known CHECK (role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee',
    'firm_admin', 'partner', 'timekeeper')),
  CONSTRAINT access_grant_scope_known CHECK (scope_kind IN ('all', 'client', 'matter', 'practice')),
  CONSTRAINT access_grant_scope_named CHECK (CASE scope_kind WHEN 'all' THEN cardinality(scope_ids) = 0 AND cardinality(practice_groups) = 0
    WHEN 'practice' THEN cardinality(practice_groups) > 0 ELSE cardinality(scope_ids) > 0 END),
  CONSTRAINT access_grant_class_range CHECK (class BETWEEN 1 AND 3),
  CONSTRAINT access_grant_label_range CHECK (label BETWEEN 0 AND 3),
  -- A sealed matter must be named (DESIGN 4).
  CONSTRAINT access_grant_sealed_named CHECK (label < 3 OR scope_kind = 'matter'),
  CONSTRAINT access_grant_window CHECK (until_at IS NULL OR until_at > from_at),
  -- The bureau's people are let into a firm for at most 180 days at a time.
  CONSTRAINT access_grant_bureau_ends CHECK (role NOT IN ('team_lead', 'specialist', 'quality_auditor')
    OR (until_at IS NOT NULL AND until_at <= from_at + interval '180 days')),
  CONSTRAINT access_grant_no_self CHECK (granted_by IS DISTINCT FROM person_id),
  CONSTRAINT access_grant_reason_length CHECK (length(reason) BETWEEN 1 AND 500)
);
CALL isolate('access_grant');
REVOKE DELETE ON access_grant FROM docketry_api, docketry_worker;
CREATE INDEX access_grant_person ON access_grant (firm_id, person_id) WHERE ended_at IS NULL; -- each decision reads a person's live grants
CREATE INDEX access_grant_firms_of ON access_grant (person_id) WHERE ended_at IS NULL;       -- auth.person_firms
CREATE POLICY auth ON access_grant FOR SELECT TO docketry_auth USING (true);
GRANT SELECT (firm_id, person_id, role, from_at, until_at, ended_at) ON access_grant TO docketry_auth;

-- A wall denies one person matters or clients, whatever their grants say (SECURITY 1, LEGAL-BILLING 13).
CREATE TABLE wall (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  person_id  uuid        NOT NULL,
  client_ids uuid[]      NOT NULL DEFAULT '{}',
  matter_ids uuid[]      NOT NULL DEFAULT '{}',
  reason     text        NOT NULL,
  from_at    timestamptz NOT NULL,
  until_at   timestamptz,
  created_by uuid        NOT NULL,
  created_at timestamptz NOT NULL,
  ended_at   timestamptz,
  CONSTRAINT wall_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT wall_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT wall_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT wall_created_by_fkey FOREIGN KEY (created_by) REFERENCES person (id),
  CONSTRAINT wall_names_something CHECK (cardinality(client_ids) + cardinality(matter_ids) > 0),
  CONSTRAINT wall_reason_length CHECK (length(reason) BETWEEN 1 AND 500)
);
CALL isolate('wall');
REVOKE DELETE ON wall FROM docketry_api, docketry_worker;
CREATE INDEX wall_person ON wall (firm_id, person_id) WHERE ended_at IS NULL;

-- +goose StatementBegin
CREATE FUNCTION bump_authz_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE firm SET authz_version = authz_version + 1 WHERE firm_id = NEW.firm_id;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER access_grant_bump AFTER INSERT OR UPDATE OF role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, ended_at
  ON access_grant FOR EACH ROW EXECUTE FUNCTION bump_authz_version();
CREATE TRIGGER wall_bump AFTER INSERT OR UPDATE ON wall FOR EACH ROW EXECUTE FUNCTION bump_authz_version();

-- Whoever works for the bureau holds its roles, everybody else a firm's, and the
-- bureau's administrators act in the bureau's own domain only.
-- +goose StatementBegin
CREATE FUNCTION access_grant_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bureau_role boolean := NEW.role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee');
BEGIN
  IF bureau_role <> (SELECT p.staff FROM person p WHERE p.id = NEW.person_id)
     OR (NEW.role = 'bureau_admin' AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'bureau')
     OR (NOT bureau_role AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'firm') THEN
    RAISE EXCEPTION 'role % is not for this person or this firm', NEW.role
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'access_grant_fits';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER access_grant_fits BEFORE INSERT OR UPDATE OF role, person_id ON access_grant FOR EACH ROW EXECUTE FUNCTION access_grant_fits();

-- What a creating POST answered, so that the same key gives the same answer (I15).
-- The row is written in the transaction of the effect.
CREATE TABLE idempotency (
  firm_id      uuid        NOT NULL,
  person_id    uuid        NOT NULL,
  key          text        NOT NULL,
  request_hash bytea       NOT NULL, -- of method, path and body
  status       smallint    NOT NULL,
  header       text        NOT NULL DEFAULT '', -- Content-Type, Location, ETag as JSON
  body         bytea       NOT NULL,
  created_at   timestamptz NOT NULL,
  CONSTRAINT idempotency_pkey PRIMARY KEY (firm_id, person_id, key),
  CONSTRAINT idempotency_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT idempotency_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT idempotency_key_length CHECK (length(key) BETWEEN 1 AND 100)
);
CALL isolate('idempotency');
REVOKE INSERT, UPDATE ON idempotency FROM docketry_worker;
CREATE INDEX idempotency_age ON idempotency (firm_id, created_at); -- the sweep

-- The firms in which a person has a live grant. Ids only; the services decide again inside each firm.
-- +goose StatementBegin
CREATE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[]) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role) FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.person_firms(uuid, timestamptz) OWNER TO docketry_auth;
GRANT EXECUTE ON FUNCTION auth.person_firms(uuid, timestamptz) TO docketry_migrate, docketry_api, docketry_worker, docketry_bureau;

-- +goose Down
DROP FUNCTION auth.person_firms(uuid, timestamptz);
DROP TABLE idempotency;
DROP TABLE wall;
DROP TABLE access_grant;
DROP FUNCTION access_grant_fits();
DROP FUNCTION bump_authz_version();
DROP TABLE sign_in_failure;
DROP TABLE session;
DROP TABLE credential;
DROP TABLE person;
