-- 00106_look_purpose.sql: what a look was for is found by one look-up each (promise 6).
-- +goose Up
-- The work that the same request touched. Most leaves are of matters, so the index is small.
CREATE INDEX audit_leaf_request ON audit_leaf (firm_id, request_id, actor, matter_id, at DESC)
  WHERE result = 'done' AND request_id <> '' AND object IN ('item', 'prebill', 'invoice');
-- The item that the person had taken before. Without it each look of a busy day reads all
-- that its person did in the twelve hours before.
CREATE INDEX audit_leaf_leased ON audit_leaf (firm_id, actor, matter_id, at DESC) WHERE result = 'done' AND action = 'item.leased';
-- +goose Down
DROP INDEX audit_leaf_leased;
DROP INDEX audit_leaf_request;
