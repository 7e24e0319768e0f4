-- 00105_reset_ask.sql: who asks for a new password is looked up by the worker, so that asking takes as long for
-- an address that nobody has (SECURITY T11); and the network that a link was asked from, so that one alone
-- cannot use up all that a person is sent within the hour (T10).
-- +goose Up
-- Somebody has asked at sign-in. The row is the bureau's and goes when the worker has answered it.
CREATE TABLE reset_ask (
  firm_id      uuid        NOT NULL, -- the bureau
  id           uuid        NOT NULL,
  address_hash text        NOT NULL, -- keyed; how many wait for one address
  network_hash text        NOT NULL, -- keyed; of the /24 or /48 that asks
  address      bytea       NOT NULL, -- sealed with the bureau's data key, whether or not somebody has it
  asked_at     timestamptz NOT NULL,
  CONSTRAINT reset_ask_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reset_ask_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT reset_ask_texts_length CHECK (length(address_hash) = 64 AND length(network_hash) = 64 AND length(address) <= 400)
);
CALL isolate('reset_ask');
REVOKE UPDATE, DELETE ON reset_ask FROM docketry_api;
REVOKE INSERT, UPDATE ON reset_ask FROM docketry_worker;
CREATE INDEX reset_ask_address ON reset_ask (firm_id, address_hash); -- how many wait

ALTER TABLE reset_link ADD COLUMN network_hash text; -- NULL where an administrator sends it
ALTER TABLE reset_link ADD CONSTRAINT reset_link_network_length CHECK (length(network_hash) = 64);
GRANT INSERT ON reset_link TO docketry_worker;

-- +goose Down
REVOKE INSERT ON reset_link FROM docketry_worker;
ALTER TABLE reset_link DROP COLUMN network_hash;
DROP TABLE reset_ask;
