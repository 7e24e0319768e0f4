-- The roles of DESIGN 2.1, made by whoever may create roles, before the first
-- migration; safe to run again. Passwords are the operator's: ALTER ROLE ... PASSWORD.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY[
    'docketry_migrate NOLOGIN',         -- owns every table
    'docketry_auth NOLOGIN',            -- owns schema auth: the key and the sealed readers
    'docketry_audit NOLOGIN',           -- owns the append function of the audit tree, nothing else
    'docketry_bureau NOLOGIN',          -- reads queue columns across granted firms
    'docketry_api LOGIN NOINHERIT',     -- HTTP
    'docketry_worker LOGIN NOINHERIT'   -- jobs
  ] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = split_part(r, ' ', 1)) THEN
      EXECUTE 'CREATE ROLE ' || r;
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'docketry_backup') THEN
    -- Only a superuser may hand out BYPASSRLS; elsewhere the operator makes this role.
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      CREATE ROLE docketry_backup LOGIN BYPASSRLS;
    END IF;
  END IF;
  -- A run-time role becomes the bureau by SET LOCAL ROLE and does not inherit it,
  -- so that exactly one of the two policies applies to a statement.
  GRANT docketry_bureau TO docketry_api, docketry_worker;
  -- The migration role gives functions to the two roles that own parts of schema auth.
  GRANT docketry_auth, docketry_audit TO docketry_migrate;
  IF NOT pg_has_role(current_user, 'docketry_migrate', 'MEMBER') THEN
    EXECUTE format('GRANT docketry_migrate TO %I', current_user);
  END IF;
  -- A temporary table of our name would shadow ours on a pooled connection.
  EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CREATE ON DATABASE %I TO docketry_migrate', current_database());
  REVOKE CREATE ON SCHEMA public FROM PUBLIC;
  GRANT USAGE, CREATE ON SCHEMA public TO docketry_migrate;
END $$;
