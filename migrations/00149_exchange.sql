-- 00149_exchange.sql: a firm's tables of exchange rates, and where rates of another currency are converted by them (LEGAL-BILLING 8).
-- A rate of exchange is at 1e-8.

-- +goose Up
-- One row is one state of one pair on one day. Nothing is updated: a correction is the next n of its day, and the former stays.
CREATE TABLE exchange_rate (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  from_currency text        NOT NULL,
  to_currency   text        NOT NULL,
  on_day        date        NOT NULL,
  n             integer     NOT NULL, -- 1 as first entered
  rate_e8       bigint      NOT NULL, -- C2: what one of from is in to
  source        text        NOT NULL, -- C2: such as "ECB reference rates"
  table_version bigint      NOT NULL, -- of the firm's tables as of this row; rows entered together have one
  entered_by    uuid        NOT NULL,
  entered_at    timestamptz NOT NULL,
  CONSTRAINT exchange_rate_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT exchange_rate_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT exchange_rate_entered_by_fkey FOREIGN KEY (entered_by) REFERENCES person (id),
  CONSTRAINT exchange_rate_once UNIQUE (firm_id, from_currency, to_currency, on_day, n), -- and the way to a day's rate
  CONSTRAINT exchange_rate_currency_form CHECK (from_currency ~ '^[A-Z]{3}$' AND to_currency ~ '^[A-Z]{3}$'),
  CONSTRAINT exchange_rate_pair CHECK (from_currency <> to_currency),
  CONSTRAINT exchange_rate_range CHECK (rate_e8 BETWEEN 1 AND 100000000000000),
  CONSTRAINT exchange_rate_source_form CHECK (length(source) BETWEEN 1 AND 80 AND source = btrim(source)),
  CONSTRAINT exchange_rate_counts CHECK (n > 0 AND table_version > 0)
);
CALL isolate('exchange_rate');
REVOKE UPDATE, DELETE ON exchange_rate FROM docketry_api, docketry_worker;
REVOKE INSERT ON exchange_rate FROM docketry_worker;
CREATE INDEX exchange_rate_version ON exchange_rate (firm_id, table_version); -- the newest version
CREATE INDEX exchange_rate_day ON exchange_rate (firm_id, on_day DESC, id DESC); -- the list
COMMENT ON TABLE exchange_rate IS 'class C2: exchange rates of a firm, with each correction';

-- Where rates of another currency count: for a matter, a client, or where neither is named the firm. The newest n of a place holds.
CREATE TABLE exchange_setting (
  firm_id   uuid        NOT NULL,
  id        uuid        NOT NULL,
  client_id uuid,
  matter_id uuid,
  n         integer     NOT NULL,
  basis     text        NOT NULL,
  reason    text        NOT NULL, -- C2
  made_by   uuid        NOT NULL,
  made_at   timestamptz NOT NULL,
  CONSTRAINT exchange_setting_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT exchange_setting_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT exchange_setting_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT exchange_setting_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT exchange_setting_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT exchange_setting_place CHECK (client_id IS NULL OR matter_id IS NULL),
  CONSTRAINT exchange_setting_once UNIQUE NULLS NOT DISTINCT (firm_id, client_id, matter_id, n),
  CONSTRAINT exchange_setting_basis_known CHECK (basis IN ('none', 'work_date', 'inherit') AND (basis <> 'inherit' OR client_id IS NOT NULL OR matter_id IS NOT NULL)),
  CONSTRAINT exchange_setting_reason_length CHECK (length(reason) <= 500),
  CONSTRAINT exchange_setting_counts CHECK (n > 0)
);
CALL isolate('exchange_setting');
REVOKE UPDATE, DELETE ON exchange_setting FROM docketry_api, docketry_worker;
REVOKE INSERT ON exchange_setting FROM docketry_worker;
COMMENT ON TABLE exchange_setting IS 'class C2: where a firm converts rates of another currency';

-- Both are what rates are resolved by.
CREATE TRIGGER exchange_rate_moves AFTER INSERT ON exchange_rate FOR EACH ROW EXECUTE FUNCTION rate_register_moves();
CREATE TRIGGER exchange_setting_moves AFTER INSERT ON exchange_setting FOR EACH ROW EXECUTE FUNCTION rate_register_moves();

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM exchange_rate) THEN
    RAISE EXCEPTION 'there are exchange rates; this step cannot be taken back without losing what work was priced by';
  END IF;
END $$;
-- +goose StatementEnd
DROP TABLE exchange_setting;
DROP TABLE exchange_rate;
