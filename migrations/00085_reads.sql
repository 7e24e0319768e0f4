-- 00085_reads.sql: whoever has opened too much privileged text goes on only after a second
-- factor (SECURITY 7). The count is a hint and stands in Redis; that somebody was stopped is
-- a fact and stands here. A person's, over all firms, so without a firm (00003).
-- +goose Up
CREATE TABLE read_stop (
  person_id  uuid        NOT NULL,
  stopped_at timestamptz NOT NULL, -- the last time; a session with a later factor reads on
  CONSTRAINT read_stop_pkey PRIMARY KEY (person_id),
  CONSTRAINT read_stop_person_fkey FOREIGN KEY (person_id) REFERENCES person (id)
);
GRANT SELECT, INSERT, UPDATE ON read_stop TO docketry_api;

-- +goose Down
DROP TABLE read_stop;
