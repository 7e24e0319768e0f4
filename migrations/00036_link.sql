-- 00036_link.sql: invitations and resets leave through the outbox. A link's secret is derived
-- from its id, so the worker needs to know only whether a link still stands.
-- +goose Up
GRANT SELECT (person_id, kind, secret_hash, expires_at) ON credential TO docketry_auth;
-- +goose StatementBegin
CREATE FUNCTION auth.link_until(who uuid, link_kind text, link_hash text) RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.expires_at FROM public.credential c
  WHERE c.person_id = who AND c.kind = link_kind AND c.kind IN ('invite', 'reset') AND c.secret_hash = link_hash
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.link_until(uuid, text, text) OWNER TO docketry_auth;
GRANT EXECUTE ON FUNCTION auth.link_until(uuid, text, text) TO docketry_worker;

-- +goose Down
DROP FUNCTION auth.link_until(uuid, text, text);
REVOKE SELECT (person_id, kind, secret_hash, expires_at) ON credential FROM docketry_auth;
