-- 00080_matter_party.sql: the other parties of a matter, as its firm writes them.
-- +goose Up
CREATE TABLE matter_party (
  firm_id   uuid NOT NULL,
  id        uuid NOT NULL,
  matter_id uuid NOT NULL,
  side      text NOT NULL,
  name      text NOT NULL, -- C2; as the firm writes it
  CONSTRAINT matter_party_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT matter_party_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT matter_party_name_key UNIQUE (firm_id, matter_id, side, name),
  CONSTRAINT matter_party_side_known CHECK (side IN ('adverse', 'related')),
  CONSTRAINT matter_party_name_length CHECK (length(name) BETWEEN 1 AND 200)
);
CALL isolate('matter_party');
REVOKE UPDATE ON matter_party FROM docketry_api; -- a matter's list is written anew
REVOKE INSERT, UPDATE, DELETE ON matter_party FROM docketry_worker;

-- +goose Down
DROP TABLE matter_party;
