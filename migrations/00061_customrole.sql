-- 00061_customrole.sql: roles of a firm's own, made of permissions.
-- +goose Up
CREATE TABLE custom_role (
  firm_id     uuid        NOT NULL,
  id          uuid        NOT NULL,
  staff       boolean     NOT NULL, -- for the bureau's people, else for the firm's own
  name        text        NOT NULL,
  permissions text[]      NOT NULL, -- the program gives no more of them than rbac.Givable says
  created_by  uuid        NOT NULL,
  created_at  timestamptz NOT NULL,
  closed_at   timestamptz,          -- not given any more
  version     integer     NOT NULL DEFAULT 1,
  CONSTRAINT custom_role_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT custom_role_side_key UNIQUE (firm_id, id, staff),
  CONSTRAINT custom_role_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT custom_role_created_by_fkey FOREIGN KEY (created_by) REFERENCES person (id),
  CONSTRAINT custom_role_name_length CHECK (length(name) BETWEEN 1 AND 60),
  CONSTRAINT custom_role_some CHECK (cardinality(permissions) BETWEEN 1 AND 100)
);
CALL isolate('custom_role');
REVOKE UPDATE, DELETE ON custom_role FROM docketry_api;
REVOKE INSERT, UPDATE, DELETE ON custom_role FROM docketry_worker;
GRANT UPDATE (name, permissions, closed_at, version) ON custom_role TO docketry_api;
CREATE UNIQUE INDEX custom_role_name_key ON custom_role (firm_id, lower(name)) WHERE closed_at IS NULL; -- one name, one role
CREATE POLICY auth ON custom_role FOR SELECT TO docketry_auth USING (true);
GRANT SELECT (firm_id, id, permissions) ON custom_role TO docketry_auth, docketry_bureau;
CREATE TRIGGER custom_role_bump AFTER INSERT OR UPDATE ON custom_role FOR EACH ROW EXECUTE FUNCTION bump_authz_version();

-- A grant names such a role as 'own:<id>' or 'staff:<id>'; the key keeps the side and the firm.
ALTER TABLE access_grant
  ADD COLUMN role_id uuid GENERATED ALWAYS AS (CASE WHEN role LIKE 'own:%' OR role LIKE 'staff:%' THEN split_part(role, ':', 2)::uuid END) STORED,
  ADD COLUMN role_staff boolean GENERATED ALWAYS AS (CASE WHEN role LIKE 'staff:%' THEN true WHEN role LIKE 'own:%' THEN false END) STORED,
  ADD CONSTRAINT access_grant_role_fkey FOREIGN KEY (firm_id, role_id, role_staff) REFERENCES custom_role (firm_id, id, staff),
  DROP CONSTRAINT access_grant_role_known,
  ADD CONSTRAINT access_grant_role_known CHECK (role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee', 'break_glass',
    'firm_admin', 'partner', 'timekeeper') OR role ~ '^(own|staff):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
  DROP CONSTRAINT access_grant_bureau_ends,
  ADD CONSTRAINT access_grant_bureau_ends CHECK ((role NOT IN ('team_lead', 'specialist', 'quality_auditor') AND role NOT LIKE 'staff:%')
    OR (until_at IS NOT NULL AND until_at <= from_at + interval '180 days'));
GRANT SELECT (role_id) ON access_grant TO docketry_auth, docketry_bureau;
CREATE INDEX access_grant_role ON access_grant (firm_id, role_id) WHERE role_id IS NOT NULL; -- who holds a role of the firm's own

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION access_grant_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bureau_role boolean := NEW.role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee', 'break_glass') OR NEW.role LIKE 'staff:%';
BEGIN
  IF bureau_role <> (SELECT p.staff FROM person p WHERE p.id = NEW.person_id)
     OR (NEW.role = 'bureau_admin' AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'bureau')
     OR ((NOT bureau_role OR NEW.role = 'break_glass' OR NEW.role LIKE 'staff:%') AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'firm') THEN
    RAISE EXCEPTION 'role % is not for this person or this firm', NEW.role
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'access_grant_fits';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- What the roles of a firm's own include goes along, for lists that are cut before a firm is entered.
DROP FUNCTION auth.person_firms(uuid, timestamptz);
-- +goose StatementBegin
CREATE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[], own text[]) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role),
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM public.access_grant h JOIN public.custom_role r ON r.firm_id = h.firm_id AND r.id = h.role_id
      WHERE h.firm_id = g.firm_id AND h.person_id = who AND h.ended_at IS NULL AND h.from_at <= at AND (h.until_at IS NULL OR h.until_at > at))
  FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.person_firms(uuid, timestamptz) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.person_firms(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.person_firms(uuid, timestamptz) TO docketry_migrate, docketry_api, docketry_worker, docketry_bureau;

-- +goose Down
DROP FUNCTION auth.person_firms(uuid, timestamptz);
-- +goose StatementBegin
CREATE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[]) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role) FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.person_firms(uuid, timestamptz) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.person_firms(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.person_firms(uuid, timestamptz) TO docketry_migrate, docketry_api, docketry_worker, docketry_bureau;
UPDATE access_request SET grant_id = NULL, status = 'withdrawn' WHERE grant_id IN (SELECT id FROM access_grant WHERE role_id IS NOT NULL);
DELETE FROM access_grant WHERE role_id IS NOT NULL;
ALTER TABLE access_grant
  DROP CONSTRAINT access_grant_bureau_ends,
  ADD CONSTRAINT access_grant_bureau_ends CHECK (role NOT IN ('team_lead', 'specialist', 'quality_auditor')
    OR (until_at IS NOT NULL AND until_at <= from_at + interval '180 days')),
  DROP CONSTRAINT access_grant_role_known,
  ADD CONSTRAINT access_grant_role_known CHECK (role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee', 'break_glass',
    'firm_admin', 'partner', 'timekeeper')),
  DROP COLUMN role_id, DROP COLUMN role_staff;
DROP TABLE custom_role;
