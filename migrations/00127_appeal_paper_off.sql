-- 00127_appeal_paper_off.sql: a file that was attached to an appeal by mistake is taken off before the appeal is answered. Its row
-- stays on record with the reason, and its bytes open to nobody.
-- +goose Up
ALTER TABLE appeal_paper
  ADD COLUMN removed_by uuid,
  ADD COLUMN removed_at timestamptz,
  ADD COLUMN reason     text NOT NULL DEFAULT '', -- C3: why it was taken off
  ADD CONSTRAINT appeal_paper_removed_by_fkey FOREIGN KEY (removed_by) REFERENCES person (id),
  ADD CONSTRAINT appeal_paper_removed CHECK ((removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (reason = '')),
  ADD CONSTRAINT appeal_paper_reason_length CHECK (length(reason) <= 500);
ALTER TABLE appeal_paper DROP CONSTRAINT appeal_paper_once;
CREATE UNIQUE INDEX appeal_paper_once ON appeal_paper (firm_id, appeal_id, sha256) WHERE removed_at IS NULL;
GRANT UPDATE (removed_by, removed_at, reason) ON appeal_paper TO docketry_api;
-- +goose StatementBegin
CREATE FUNCTION appeal_paper_stays_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a file that was taken off stays off' USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_paper_stays_off', TABLE = 'appeal_paper';
END $$;
-- +goose StatementEnd
CREATE TRIGGER appeal_paper_stays_off BEFORE UPDATE ON appeal_paper FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL) EXECUTE FUNCTION appeal_paper_stays_off();

COMMENT ON COLUMN idempotency.request_hash IS 'of method, path and body, sealed: a body may hold a password';

-- +goose Down
-- What was taken off would stand again: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM appeal_paper WHERE removed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'files were taken off appeals; this step cannot be taken back without putting them there again';
  END IF;
END $$;
-- +goose StatementEnd
COMMENT ON COLUMN idempotency.request_hash IS NULL;
DROP TRIGGER appeal_paper_stays_off ON appeal_paper;
DROP FUNCTION appeal_paper_stays_off();
REVOKE UPDATE (removed_by, removed_at, reason) ON appeal_paper FROM docketry_api;
DROP INDEX appeal_paper_once;
ALTER TABLE appeal_paper ADD CONSTRAINT appeal_paper_once UNIQUE (firm_id, appeal_id, sha256);
ALTER TABLE appeal_paper DROP COLUMN removed_by, DROP COLUMN removed_at, DROP COLUMN reason;
