-- 00126_delivery_way.sql: an invoice's delivery says so when its e-bill went to the receiver by itself.
-- +goose Up
ALTER TABLE delivery DROP CONSTRAINT delivery_way_known;
ALTER TABLE delivery ADD CONSTRAINT delivery_way_known CHECK (way IN ('mail_link', 'mail_attachment', 'portal', 'by_hand', 'connector'));
GRANT UPDATE (way) ON delivery TO docketry_api, docketry_worker;

-- +goose Down
REVOKE UPDATE (way) ON delivery FROM docketry_api, docketry_worker;
UPDATE delivery SET way = 'by_hand' WHERE way = 'connector';
ALTER TABLE delivery DROP CONSTRAINT delivery_way_known;
ALTER TABLE delivery ADD CONSTRAINT delivery_way_known CHECK (way IN ('mail_link', 'mail_attachment', 'portal', 'by_hand'));
