-- 00097_team.sql: the team board's pace (SLA.md 9) counts what was finished of late.
-- +goose Up
-- Finished items stay for ever; without this the last week of them would be looked for among all.
CREATE INDEX work_item_done ON work_item (firm_id, finished_at) WHERE status = 'done';
-- +goose Down
DROP INDEX work_item_done;
