-- 00160_promise_replaced.sql: what a payor promised is said anew in place of what was noted before: a slip of the pen, or another word from them.
-- Until then a promise noted with a wrong day or amount kept reminders back until that day, and counted as broken.
-- +goose Up
ALTER TABLE payment_promise DROP CONSTRAINT payment_promise_state_known;
ALTER TABLE payment_promise ADD CONSTRAINT payment_promise_state_known CHECK (state IN ('open', 'kept', 'broken', 'replaced'));

-- +goose Down
-- What was replaced was neither kept nor broken: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM payment_promise WHERE state = 'replaced') THEN
    RAISE EXCEPTION 'there are promises that were replaced; this step cannot be taken back without counting them as kept or broken';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE payment_promise DROP CONSTRAINT payment_promise_state_known;
ALTER TABLE payment_promise ADD CONSTRAINT payment_promise_state_known CHECK (state IN ('open', 'kept', 'broken'));
