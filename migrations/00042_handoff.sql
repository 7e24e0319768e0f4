-- 00042_handoff.sql: a lead gives an item to a named person, a specialist hands theirs on (SLA.md 9).
-- Both keep the item for one person for a while, as the firm's answer already does.
-- +goose Up
ALTER TABLE work_item
  ADD COLUMN reserved_as text,        -- why it is kept: 'answer' of the firm, 'assigned' by a lead, 'handed' on by its holder
  ADD COLUMN reserved_by uuid,        -- the lead, or the holder
  ADD COLUMN reserved_at timestamptz;
UPDATE work_item SET reserved_as = 'answer' WHERE reserved_for IS NOT NULL;
ALTER TABLE work_item
  ADD CONSTRAINT work_item_reserved_by_fkey FOREIGN KEY (reserved_by) REFERENCES person (id),
  ADD CONSTRAINT work_item_reserved_as_known CHECK (reserved_as IN ('answer', 'assigned', 'handed')),
  ADD CONSTRAINT work_item_reserved_as_set CHECK ((reserved_for IS NULL) = (reserved_as IS NULL)),
  ADD CONSTRAINT work_item_reserved_by_whole CHECK ((reserved_by IS NULL) = (reserved_at IS NULL)
    AND (reserved_by IS NOT NULL) = coalesce(reserved_as <> 'answer', false));
GRANT SELECT (reserved_as, reserved_by, reserved_at) ON work_item TO docketry_bureau;
CREATE INDEX work_item_reserved ON work_item (firm_id, reserved_for) WHERE reserved_for IS NOT NULL; -- what is kept for a person, and what goes when their access ends

-- The note that goes with it stands in the bureau's own part of the thread.
ALTER TABLE work_message
  DROP CONSTRAINT work_message_kind_known,
  DROP CONSTRAINT work_message_internal_bureau,
  ADD CONSTRAINT work_message_kind_known CHECK (kind IN ('message', 'question', 'answer', 'handoff')),
  ADD CONSTRAINT work_message_internal_bureau CHECK (NOT internal OR (side = 'bureau' AND kind IN ('message', 'handoff'))),
  ADD CONSTRAINT work_message_handoff_internal CHECK (internal OR kind <> 'handoff');

-- +goose Down
UPDATE work_message SET kind = 'message' WHERE kind = 'handoff';
ALTER TABLE work_message
  DROP CONSTRAINT work_message_handoff_internal,
  DROP CONSTRAINT work_message_internal_bureau,
  DROP CONSTRAINT work_message_kind_known,
  ADD CONSTRAINT work_message_kind_known CHECK (kind IN ('message', 'question', 'answer')),
  ADD CONSTRAINT work_message_internal_bureau CHECK (NOT internal OR (side = 'bureau' AND kind = 'message'));
DROP INDEX work_item_reserved;
ALTER TABLE work_item DROP COLUMN reserved_as, DROP COLUMN reserved_by, DROP COLUMN reserved_at;
