-- 00009_rate.sql: what an hour costs, by level and date. The work date decides (LEGAL-BILLING 8, I17).
-- +goose Up
CREATE TABLE rate (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  matter_id     uuid,
  client_id     uuid,
  timekeeper_id uuid,
  class         text        NOT NULL DEFAULT '', -- a title's classification; '' where a timekeeper is named
  rate_e4       bigint      NOT NULL,
  currency      text        NOT NULL,
  valid         daterange   NOT NULL, -- half-open
  reason        text        NOT NULL DEFAULT '',
  created_by    uuid,
  created_at    timestamptz NOT NULL,
  -- The level is what the row names: 2 matter+timekeeper, 4 matter+title, 6 client+timekeeper, 7 client+title, 10 firm+timekeeper, 11 firm+title.
  level         smallint    NOT NULL GENERATED ALWAYS AS (CASE
      WHEN matter_id IS NOT NULL AND timekeeper_id IS NOT NULL THEN 2
      WHEN matter_id IS NOT NULL THEN 4
      WHEN client_id IS NOT NULL AND timekeeper_id IS NOT NULL THEN 6
      WHEN client_id IS NOT NULL THEN 7
      WHEN timekeeper_id IS NOT NULL THEN 10
      ELSE 11 END) STORED,
  CONSTRAINT rate_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT rate_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT rate_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT rate_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT rate_timekeeper_fkey FOREIGN KEY (firm_id, timekeeper_id) REFERENCES timekeeper (firm_id, id),
  CONSTRAINT rate_names_one_payer CHECK (matter_id IS NULL OR client_id IS NULL),
  CONSTRAINT rate_names_who CHECK ((timekeeper_id IS NULL) = (class <> '')),
  CONSTRAINT rate_class_form CHECK (class = '' OR class ~ '^[A-Z]{2,10}$'),
  CONSTRAINT rate_range CHECK (rate_e4 BETWEEN 0 AND 1000000000),
  CONSTRAINT rate_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT rate_valid_not_empty CHECK (NOT isempty(valid) AND lower(valid) IS NOT NULL),
  CONSTRAINT rate_reason_length CHECK (length(reason) <= 500),
  -- One rate a day for one key.
  CONSTRAINT rate_no_overlap EXCLUDE USING gist (firm_id WITH =,
    coalesce(matter_id, '00000000-0000-0000-0000-000000000000') WITH =, coalesce(client_id, '00000000-0000-0000-0000-000000000000') WITH =,
    coalesce(timekeeper_id, '00000000-0000-0000-0000-000000000000') WITH =, class WITH =, currency WITH =, valid WITH &&)
);
CALL isolate('rate');
CREATE INDEX rate_matter ON rate (firm_id, matter_id) WHERE matter_id IS NOT NULL;
CREATE INDEX rate_client ON rate (firm_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX rate_timekeeper ON rate (firm_id, timekeeper_id);

-- +goose Down
DROP TABLE rate;
