-- 00166_rate_own_code.sql: a rate for a task or an activity may name a client's own code, which may have strokes and dashes (00164).

-- +goose Up
ALTER TABLE rate DROP CONSTRAINT rate_codes_form;
ALTER TABLE rate ADD CONSTRAINT rate_codes_form CHECK (task_code ~ '^([A-Z0-9][A-Z0-9./-]{0,19})?$' AND activity_code ~ '^([A-Z0-9][A-Z0-9./-]{0,19})?$');

-- +goose Down
ALTER TABLE rate DROP CONSTRAINT rate_codes_form;
ALTER TABLE rate ADD CONSTRAINT rate_codes_form CHECK (task_code ~ '^[A-Z0-9.]{0,20}$' AND activity_code ~ '^[A-Z0-9.]{0,20}$') NOT VALID; -- what people entered stays
