-- 00162_push.sql: a pool that offers its work instead of waiting to be asked (SLA.md 9, push mode). An offer keeps an item
-- for one person for three minutes.
-- +goose Up
ALTER TABLE pool ADD COLUMN push boolean NOT NULL DEFAULT false;
GRANT SELECT (push) ON pool TO docketry_bureau;
COMMENT ON COLUMN pool.push IS 'its work is offered to its people, one item at a time';

ALTER TABLE pool_seat
  ADD COLUMN lapses     smallint NOT NULL DEFAULT 0,
  ADD COLUMN offered_at timestamptz,
  ADD CONSTRAINT pool_seat_lapses_range CHECK (lapses BETWEEN 0 AND 3);
GRANT SELECT (lapses, offered_at) ON pool_seat TO docketry_bureau;
COMMENT ON COLUMN pool_seat.lapses IS 'offers in a row that they let lapse; three set them away';
COMMENT ON COLUMN pool_seat.offered_at IS 'when they were last offered something: who has waited longest is next';

ALTER TABLE work_item
  DROP CONSTRAINT work_item_reserved_as_known,
  ADD CONSTRAINT work_item_reserved_as_known CHECK (reserved_as IN ('answer', 'assigned', 'handed', 'offered')),
  DROP CONSTRAINT work_item_reserved_by_whole,
  ADD CONSTRAINT work_item_reserved_by_whole CHECK ((reserved_by IS NULL) = (reserved_at IS NULL)
    AND (reserved_by IS NOT NULL) = coalesce(reserved_as IN ('assigned', 'handed'), false));
-- An offer that was declined is not made to the same person again for a while.
ALTER TABLE work_skip
  DROP CONSTRAINT work_skip_reason_known,
  ADD CONSTRAINT work_skip_reason_known CHECK (reason IN ('missing_information', 'not_my_skill', 'conflict', 'too_long', 'declined'));
-- What the sweep looks for, and what is offered to a person now.
CREATE INDEX work_item_offered ON work_item (firm_id, reserved_until) WHERE reserved_as = 'offered';

-- +goose Down
DROP INDEX work_item_offered;
DELETE FROM work_skip WHERE reason = 'declined';
ALTER TABLE work_skip
  DROP CONSTRAINT work_skip_reason_known,
  ADD CONSTRAINT work_skip_reason_known CHECK (reason IN ('missing_information', 'not_my_skill', 'conflict', 'too_long'));
UPDATE work_item SET reserved_for = NULL, reserved_until = NULL, reserved_as = NULL WHERE reserved_as = 'offered';
ALTER TABLE work_item
  DROP CONSTRAINT work_item_reserved_as_known,
  ADD CONSTRAINT work_item_reserved_as_known CHECK (reserved_as IN ('answer', 'assigned', 'handed')),
  DROP CONSTRAINT work_item_reserved_by_whole,
  ADD CONSTRAINT work_item_reserved_by_whole CHECK ((reserved_by IS NULL) = (reserved_at IS NULL)
    AND (reserved_by IS NOT NULL) = coalesce(reserved_as <> 'answer', false));
ALTER TABLE pool_seat DROP COLUMN lapses, DROP COLUMN offered_at;
ALTER TABLE pool DROP COLUMN push;
