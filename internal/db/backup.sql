-- What docketry_backup may do: read everything there is, and what migrations add, and
-- nothing else (SECURITY 1, T28). Run after each `migrate up` by a member of
-- docketry_migrate; safe to run again. Where the role is not there, because only a
-- superuser may make it, the next `migrate up` after it was made gives it its rights.
SET ROLE docketry_migrate;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'docketry_backup') THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA auth TO docketry_backup;
  -- auth.key too: pg_dump locks each table whose definition it writes. Its rows stay out of the dump.
  GRANT SELECT ON ALL TABLES IN SCHEMA public, auth TO docketry_backup;
  GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, auth TO docketry_backup;
  ALTER DEFAULT PRIVILEGES FOR ROLE docketry_migrate GRANT SELECT ON TABLES TO docketry_backup;
  ALTER DEFAULT PRIVILEGES FOR ROLE docketry_migrate GRANT SELECT ON SEQUENCES TO docketry_backup;
END $$;
RESET ROLE;
