-- 00062_review.sql: when somebody last looked at a grant and kept it.
-- +goose Up
ALTER TABLE access_grant
  ADD COLUMN kept_at timestamptz,
  ADD COLUMN kept_by uuid,
  ADD CONSTRAINT access_grant_kept_by_fkey FOREIGN KEY (kept_by) REFERENCES person (id),
  ADD CONSTRAINT access_grant_kept CHECK ((kept_at IS NULL) = (kept_by IS NULL)),
  ADD CONSTRAINT access_grant_kept_no_self CHECK (kept_by IS DISTINCT FROM person_id OR kept_by IS NULL);

-- +goose Down
ALTER TABLE access_grant DROP COLUMN kept_at, DROP COLUMN kept_by;
