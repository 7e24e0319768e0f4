-- 00084_clearance.sql: restricted and sealed ask for the factor again (DESIGN 4). Work that a
-- person asked for keeps the clearance it was asked with, and a page may tell its reader that
-- their own grants reach further than their session does now.
-- +goose Up
ALTER TABLE outbox ADD COLUMN factor_at timestamptz; -- when the asker had last shown a factor, where that was lately; NULL: nothing above confidential
ALTER TABLE export ADD COLUMN factor_at timestamptz; -- the same of the request, for who decides on it and for the building
-- What was asked for before was asked for with everything that its person may know of.
UPDATE outbox SET factor_at = created_at WHERE actor_id IS NOT NULL AND state <> 'done';
UPDATE export SET factor_at = asked_at WHERE status IN ('asked', 'approved');

GRANT SELECT (label) ON access_grant TO docketry_auth;
DROP FUNCTION auth.person_firms(uuid, timestamptz);
-- +goose StatementBegin
CREATE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[], own text[], label smallint) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role),
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM public.access_grant h JOIN public.custom_role r ON r.firm_id = h.firm_id AND r.id = h.role_id
      WHERE h.firm_id = g.firm_id AND h.person_id = who AND h.ended_at IS NULL AND h.from_at <= at AND (h.until_at IS NULL OR h.until_at > at)),
    max(g.label)::smallint
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
REVOKE SELECT (label) ON access_grant FROM docketry_auth;
ALTER TABLE export DROP COLUMN factor_at;
ALTER TABLE outbox DROP COLUMN factor_at;
