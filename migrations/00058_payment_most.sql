-- 00058_payment_most.sql: no payment is above the most that the forms take, 100 thousand
-- million in cents, so that sums over years of them stay whole numbers of 64 bits.
-- +goose Up
ALTER TABLE payment ADD CONSTRAINT payment_amount_most CHECK (amount_minor <= 10000000000000);
-- +goose Down
ALTER TABLE payment DROP CONSTRAINT payment_amount_most;
