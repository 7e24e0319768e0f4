-- 00128_standing_plans.sql: what each request asks about its person is planned once for each connection: a function in SQL is
-- planned anew with each call, one in PL/pgSQL is not. What they answer is as before (00090, 00093).
-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[], own text[], label smallint) LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role),
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM public.access_grant h JOIN public.custom_role r ON r.firm_id = h.firm_id AND r.id = h.role_id
      WHERE h.firm_id = g.firm_id AND h.person_id = who AND h.ended_at IS NULL AND h.from_at <= at AND (h.until_at IS NULL OR h.until_at > at) AND (h.waits_from IS NULL OR h.waits_from > at)),
    max(g.label)::smallint
  FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND (g.waits_from IS NULL OR g.waits_from > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_waiting(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, waits_from timestamptz, begun boolean) LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT g.firm_id, min(g.waits_from), bool_or(g.from_at <= at) FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND (g.until_at IS NULL OR g.until_at > at) AND g.waits_from IS NOT NULL AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_stamp(who uuid, by_session uuid, OUT firms uuid[], OUT versions bigint[], OUT active boolean, OUT open boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT coalesce(array_agg(f.firm_id ORDER BY f.firm_id), '{}'), coalesce(array_agg(f.authz_version ORDER BY f.firm_id), '{}'),
    EXISTS (SELECT FROM public.person p WHERE p.id = who AND p.status = 'active'),
    by_session IS NULL OR EXISTS (SELECT FROM public.session s WHERE s.id = by_session AND s.person_id = who AND s.ended_at IS NULL)
  INTO firms, versions, active, open
  FROM public.firm f WHERE f.status = 'active' AND f.firm_id IN (SELECT g.firm_id FROM public.access_grant g WHERE g.person_id = who AND g.ended_at IS NULL);
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[], own text[], label smallint) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role),
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM public.access_grant h JOIN public.custom_role r ON r.firm_id = h.firm_id AND r.id = h.role_id
      WHERE h.firm_id = g.firm_id AND h.person_id = who AND h.ended_at IS NULL AND h.from_at <= at AND (h.until_at IS NULL OR h.until_at > at) AND (h.waits_from IS NULL OR h.waits_from > at)),
    max(g.label)::smallint
  FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND (g.waits_from IS NULL OR g.waits_from > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_waiting(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, waits_from timestamptz, begun boolean) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, min(g.waits_from), bool_or(g.from_at <= at) FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND (g.until_at IS NULL OR g.until_at > at) AND g.waits_from IS NOT NULL AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_stamp(who uuid, by_session uuid, OUT firms uuid[], OUT versions bigint[], OUT active boolean, OUT open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(f.firm_id ORDER BY f.firm_id), '{}'), coalesce(array_agg(f.authz_version ORDER BY f.firm_id), '{}'),
    EXISTS (SELECT FROM public.person p WHERE p.id = who AND p.status = 'active'),
    by_session IS NULL OR EXISTS (SELECT FROM public.session s WHERE s.id = by_session AND s.person_id = who AND s.ended_at IS NULL)
  FROM public.firm f WHERE f.status = 'active' AND f.firm_id IN (SELECT g.firm_id FROM public.access_grant g WHERE g.person_id = who AND g.ended_at IS NULL)
$$;
-- +goose StatementEnd
