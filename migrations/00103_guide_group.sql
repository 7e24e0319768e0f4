-- 00103_guide_group.sql: billing guidelines of a group of clients, between those of a client and of the firm.
-- +goose Up
ALTER TABLE guide
  ADD COLUMN group_id uuid,
  DROP CONSTRAINT guide_one_place;
ALTER TABLE guide
  ADD CONSTRAINT guide_group_fkey FOREIGN KEY (firm_id, group_id) REFERENCES client_group (firm_id, id),
  ADD CONSTRAINT guide_one_place CHECK (num_nonnulls(client_id, matter_id, payor_id, group_id) <= 1);
DROP INDEX guide_version;
DROP INDEX guide_draft;
CREATE UNIQUE INDEX guide_version ON guide (firm_id, coalesce(payor_id, matter_id, client_id, group_id, firm_id), number);
CREATE UNIQUE INDEX guide_draft ON guide (firm_id, coalesce(payor_id, matter_id, client_id, group_id, firm_id)) WHERE status = 'draft';

-- +goose Down
ALTER TABLE guide DISABLE TRIGGER guide_stays;
DELETE FROM guide WHERE group_id IS NOT NULL; -- without its group it would be the firm's own
ALTER TABLE guide ENABLE TRIGGER guide_stays;
DROP INDEX guide_version;
DROP INDEX guide_draft;
ALTER TABLE guide DROP CONSTRAINT guide_one_place;
ALTER TABLE guide
  DROP COLUMN group_id,
  ADD CONSTRAINT guide_one_place CHECK (num_nonnulls(client_id, matter_id, payor_id) <= 1);
CREATE UNIQUE INDEX guide_version ON guide (firm_id, coalesce(payor_id, matter_id, client_id, firm_id), number);
CREATE UNIQUE INDEX guide_draft ON guide (firm_id, coalesce(payor_id, matter_id, client_id, firm_id)) WHERE status = 'draft';
