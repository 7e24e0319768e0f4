-- 00056_stamp.sql: entering a firm for a person says at once what each decision about
-- them starts from (SECURITY 1.2), so that the version of the firm's grants and walls
-- costs no round trip of its own.
-- +goose Up
-- The caller's rights are enough: it reads under the scope that it has just sealed.
-- +goose StatementBegin
CREATE FUNCTION auth.stamp(scope text, seal text, who uuid, by_session uuid, OUT authz_version bigint, OUT active boolean, OUT open boolean)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM auth.enter(scope, seal);
  SELECT f.authz_version,
         EXISTS (SELECT FROM public.person p WHERE p.id = who AND p.status = 'active'),
         by_session IS NULL OR EXISTS (SELECT FROM public.session s WHERE s.id = by_session AND s.person_id = who AND s.ended_at IS NULL)
    INTO authz_version, active, open FROM public.firm f WHERE f.firm_id = scope::uuid;
END $$;
-- +goose StatementEnd
ALTER FUNCTION auth.stamp(text, text, uuid, uuid) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.stamp(text, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.stamp(text, text, uuid, uuid) TO docketry_api, docketry_worker;

-- +goose Down
DROP FUNCTION auth.stamp(text, text, uuid, uuid);
