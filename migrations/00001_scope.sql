-- 00001_scope.sql: the sealed row-security scope (SECURITY 1.4). A transaction sees
-- the rows of the firm, or of the bureau's list, that the program sealed for it.
-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist; -- trusted; exclusion constraints over (firm_id, range)

-- A function that is not granted cannot be called. What policies, CHECKs or queries call is granted by name.
ALTER DEFAULT PRIVILEGES FOR ROLE docketry_migrate REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The run-time roles may read which version is applied.
GRANT SELECT ON goose_db_version TO docketry_api, docketry_worker;

CREATE SCHEMA auth AUTHORIZATION docketry_auth;
GRANT USAGE, CREATE ON SCHEMA auth TO docketry_migrate, docketry_audit;
GRANT USAGE ON SCHEMA auth TO docketry_api, docketry_worker, docketry_bureau;

-- The HMAC pads of the sealing key (key xor 0x36.., key xor 0x5c..), put in by
-- `docketry migrate up` and by rotation, when there are two rows. Never in a dump.
CREATE TABLE auth.key (
  id        smallint    NOT NULL,
  inner_pad bytea       NOT NULL,
  outer_pad bytea       NOT NULL,
  added_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT key_pkey PRIMARY KEY (id),
  CONSTRAINT key_inner_pad_length CHECK (length(inner_pad) = 64),
  CONSTRAINT key_outer_pad_length CHECK (length(outer_pad) = 64)
);
ALTER TABLE auth.key OWNER TO docketry_auth;
REVOKE ALL ON auth.key FROM PUBLIC, docketry_migrate;

-- What the program seals besides the scope: 4 bytes backend pid, 8 bytes transaction
-- start. So a seal serves exactly one transaction, and no clocks are compared.
-- +goose StatementBegin
CREATE FUNCTION auth.challenge() RETURNS bytea LANGUAGE sql STABLE PARALLEL RESTRICTED
  RETURN int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp());
-- +goose StatementEnd

-- The firm of the transaction, or NULL when the scope is missing, forged, altered, a list, or from another transaction.
-- +goose StatementBegin
CREATE FUNCTION auth.firm() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT CASE WHEN left(current_setting('app.scope', true), 1) <> '{' THEN current_setting('app.scope', true)::uuid END
    FROM auth.key k
    WHERE sha256(k.outer_pad || sha256(k.inner_pad || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp())
          || convert_to(current_setting('app.scope', true), 'UTF8'))) = decode(current_setting('app.seal', true), 'hex')
    LIMIT 1);
END $$;
-- +goose StatementEnd

-- The bureau's firms of the transaction, or NULL. The two forms never verify for each other.
-- +goose StatementBegin
CREATE FUNCTION auth.firms() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT CASE WHEN left(current_setting('app.scope', true), 1) = '{' THEN current_setting('app.scope', true)::uuid[] END
    FROM auth.key k
    WHERE sha256(k.outer_pad || sha256(k.inner_pad || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp())
          || convert_to(current_setting('app.scope', true), 'UTF8'))) = decode(current_setting('app.seal', true), 'hex')
    LIMIT 1);
END $$;
-- +goose StatementEnd

-- First statement of every unit of work: a wrong key must be an error, not an empty page.
-- +goose StatementBegin
CREATE FUNCTION auth.enter(scope text, seal text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.set_config('app.scope', scope, true), pg_catalog.set_config('app.seal', seal, true);
  IF (CASE WHEN pg_catalog.left(scope, 1) = '{' THEN auth.firms() IS NULL ELSE auth.firm() IS NULL END) THEN
    RAISE EXCEPTION 'firm context refused' USING ERRCODE = 'invalid_authorization_specification';
  END IF;
END $$;
-- +goose StatementEnd

ALTER FUNCTION auth.challenge() OWNER TO docketry_auth;
ALTER FUNCTION auth.firm() OWNER TO docketry_auth;
ALTER FUNCTION auth.firms() OWNER TO docketry_auth;
ALTER FUNCTION auth.enter(text, text) OWNER TO docketry_auth;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auth FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.challenge(), auth.firm(), auth.firms(), auth.enter(text, text)
  TO docketry_migrate, docketry_api, docketry_worker, docketry_bureau, docketry_audit;

-- isolate gives a table with firm_id its walls; every migration calls it for every such table.
-- The bureau policy hides its selectivity from the planner with NULLIF (signed-context: 100-fold misestimates otherwise).
-- +goose StatementBegin
CREATE PROCEDURE isolate(t regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY firm ON %s TO docketry_api, docketry_worker USING (firm_id = (SELECT auth.firm())) WITH CHECK (firm_id = (SELECT auth.firm()))', t);
  EXECUTE format('CREATE POLICY bureau ON %s FOR SELECT TO docketry_bureau USING (NULLIF(firm_id = ANY ((SELECT auth.firms())::uuid[]), false) IS NOT NULL)', t);
  EXECUTE format('CREATE POLICY migrate ON %s TO docketry_migrate USING (true) WITH CHECK (true)', t);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO docketry_api, docketry_worker', t);
END $$;
-- +goose StatementEnd

-- +goose Down
DROP PROCEDURE isolate(regclass);
DROP SCHEMA auth CASCADE;
ALTER DEFAULT PRIVILEGES FOR ROLE docketry_migrate GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
DROP EXTENSION btree_gist;
