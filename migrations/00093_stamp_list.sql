-- 00093_stamp_list.sql: a list over several firms starts from what a decision in one firm starts from
-- (00056): the versions of grants and walls, read in the statement that enters the list. So what the
-- program keeps of a person serves there too, and no grant is read again that has not changed.
-- +goose Up
GRANT SELECT (authz_version) ON firm TO docketry_auth, docketry_bureau;
GRANT SELECT (id, status) ON person TO docketry_auth;
GRANT SELECT (id, person_id, ended_at) ON session TO docketry_auth;
GRANT SELECT (last_used_on) ON access_grant TO docketry_bureau;
GRANT SELECT (id) ON wall TO docketry_bureau;

-- The active firms in which a person holds a grant that has not been ended, by id, and each one's version.
-- +goose StatementBegin
CREATE FUNCTION auth.person_stamp(who uuid, by_session uuid, OUT firms uuid[], OUT versions bigint[], OUT active boolean, OUT open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(f.firm_id ORDER BY f.firm_id), '{}'), coalesce(array_agg(f.authz_version ORDER BY f.firm_id), '{}'),
    EXISTS (SELECT FROM public.person p WHERE p.id = who AND p.status = 'active'),
    by_session IS NULL OR EXISTS (SELECT FROM public.session s WHERE s.id = by_session AND s.person_id = who AND s.ended_at IS NULL)
  FROM public.firm f WHERE f.status = 'active' AND f.firm_id IN (SELECT g.firm_id FROM public.access_grant g WHERE g.person_id = who AND g.ended_at IS NULL)
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.person_stamp(uuid, uuid) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.person_stamp(uuid, uuid) FROM PUBLIC;

-- It runs as its owner, so that nobody asks person_stamp about anybody without a seal.
-- +goose StatementBegin
CREATE FUNCTION auth.stamp_list(scope text, seal text, who uuid, by_session uuid, OUT firms uuid[], OUT versions bigint[], OUT active boolean, OUT open boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM auth.enter(scope, seal);
  SELECT s.* INTO firms, versions, active, open FROM auth.person_stamp(who, by_session) s;
END $$;
-- +goose StatementEnd
ALTER FUNCTION auth.stamp_list(text, text, uuid, uuid) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.stamp_list(text, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.stamp_list(text, text, uuid, uuid) TO docketry_migrate, docketry_api, docketry_worker, docketry_bureau;

-- The views of the queue go by the index of deadlines: one comes when the first of all clocks would, running or paused.
ALTER TABLE work_item ADD CONSTRAINT work_item_deadline_comes_first CHECK (deadline_at <= due_at);

-- +goose Down
ALTER TABLE work_item DROP CONSTRAINT work_item_deadline_comes_first;
DROP FUNCTION auth.stamp_list(text, text, uuid, uuid);
DROP FUNCTION auth.person_stamp(uuid, uuid);
REVOKE SELECT (id) ON wall FROM docketry_bureau;
REVOKE SELECT (last_used_on) ON access_grant FROM docketry_bureau;
REVOKE SELECT (id, person_id, ended_at) ON session FROM docketry_auth;
REVOKE SELECT (id, status) ON person FROM docketry_auth;
REVOKE SELECT (authz_version) ON firm FROM docketry_auth, docketry_bureau;
