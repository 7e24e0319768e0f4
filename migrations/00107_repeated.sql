-- 00107_repeated.sql: an answer that is kept for a repeated request is sent only to who may
-- still see all that they could when it was made (T08, T24).

-- +goose Up
ALTER TABLE idempotency ADD COLUMN standing text NOT NULL DEFAULT ''; -- what the caller could see by; '' is sent to nobody again

-- A transaction counts how often it moved the version of its firm itself: what others
-- moved meanwhile is the rest.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION bump_authz_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE firm SET authz_version = authz_version + 1 WHERE firm_id = NEW.firm_id;
  PERFORM set_config('docketry.bumps', (coalesce(nullif(current_setting('docketry.bumps', true), ''), '0')::int + 1)::text, true);
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- Who may know of a matter goes by its label, client and practice group too.
CREATE TRIGGER matter_bump AFTER UPDATE OF label, client_id, practice_group ON matter FOR EACH ROW
  WHEN (OLD.label IS DISTINCT FROM NEW.label OR OLD.client_id IS DISTINCT FROM NEW.client_id OR OLD.practice_group IS DISTINCT FROM NEW.practice_group)
  EXECUTE FUNCTION bump_authz_version();

-- +goose Down
DROP TRIGGER matter_bump ON matter;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION bump_authz_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE firm SET authz_version = authz_version + 1 WHERE firm_id = NEW.firm_id;
  RETURN NULL;
END $$;
-- +goose StatementEnd
ALTER TABLE idempotency DROP COLUMN standing;
