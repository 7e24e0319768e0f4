-- 00075_finding_title.sql: what a finding of a firm's own rule is called; built-in
-- rules have their names in the program.
-- +goose Up
ALTER TABLE finding ADD COLUMN title text NOT NULL DEFAULT '';
-- +goose Down
ALTER TABLE finding DROP COLUMN title;
