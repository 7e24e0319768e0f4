-- 00002_firm.sql: the firms, the bureau among them (it is one more domain, DESIGN 2.6), and their number series.
-- +goose Up
CREATE TABLE firm (
  firm_id       uuid        NOT NULL,
  kind          text        NOT NULL DEFAULT 'firm',
  code          text        NOT NULL,
  name          text        NOT NULL,
  slot          smallint    NOT NULL, -- colour and shape of UI.md: 1..28
  status        text        NOT NULL DEFAULT 'active',
  tz            text        NOT NULL,
  currency      text        NOT NULL,
  address       text        NOT NULL DEFAULT '', -- lines
  country       text        NOT NULL,            -- ISO 3166 alpha-2
  tax_id        text        NOT NULL DEFAULT '',
  bank_name     text        NOT NULL DEFAULT '',
  bank_account  text        NOT NULL DEFAULT '', -- IBAN or account number
  bank_code     text        NOT NULL DEFAULT '', -- BIC or routing number
  rounding      text        NOT NULL DEFAULT 'half_up',
  reply_to      text        NOT NULL DEFAULT '', -- where a payor's answers go
  authz_version bigint      NOT NULL DEFAULT 1,  -- bumped by every change of grant or wall
  created_at    timestamptz NOT NULL,
  version       integer     NOT NULL DEFAULT 1,
  CONSTRAINT firm_pkey PRIMARY KEY (firm_id),
  CONSTRAINT firm_kind_known CHECK (kind IN ('firm', 'bureau')),
  CONSTRAINT firm_code_form CHECK (code ~ '^[A-Z]{3}$'),
  CONSTRAINT firm_name_length CHECK (length(name) BETWEEN 1 AND 120),
  CONSTRAINT firm_slot_range CHECK (slot BETWEEN 1 AND 28),
  CONSTRAINT firm_status_known CHECK (status IN ('active', 'closed')),
  CONSTRAINT firm_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT firm_country_form CHECK (country ~ '^[A-Z]{2}$'),
  CONSTRAINT firm_rounding_known CHECK (rounding IN ('half_up', 'half_even')),
  CONSTRAINT firm_texts_length CHECK (length(address) <= 500 AND length(tax_id) <= 40 AND length(bank_name) <= 120
    AND length(bank_account) <= 60 AND length(bank_code) <= 60 AND length(reply_to) <= 254)
);
CALL isolate('firm');
REVOKE DELETE ON firm FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, kind, code, name, slot, status, tz, currency) ON firm TO docketry_bureau;
-- The list of firms is asked for before there is a scope; only ids leave.
CREATE POLICY auth ON firm FOR SELECT TO docketry_auth USING (true);
GRANT SELECT (firm_id, kind, code, slot, status) ON firm TO docketry_auth;

-- A series counts up inside the transaction that issues, so that a rollback leaves no gap (I04).
CREATE TABLE number_series (
  firm_id uuid    NOT NULL,
  series  text    NOT NULL, -- 'invoice', 'credit_note', 'receipt'
  pattern text    NOT NULL, -- {YY} {YYYY} {seq:N}
  next    bigint  NOT NULL DEFAULT 1,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT number_series_pkey PRIMARY KEY (firm_id, series),
  CONSTRAINT number_series_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT number_series_next_positive CHECK (next >= 1),
  CONSTRAINT number_series_pattern_form CHECK (pattern ~ '\{seq(:[0-9])?\}' AND length(pattern) <= 40)
);
CALL isolate('number_series');
REVOKE DELETE ON number_series FROM docketry_api, docketry_worker;

-- +goose StatementBegin
CREATE FUNCTION auth.active_firms(after uuid, lim integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.firm_id FROM public.firm f WHERE f.status = 'active' AND (after IS NULL OR f.firm_id > after) ORDER BY f.firm_id LIMIT lim
$$;
-- +goose StatementEnd
-- The bureau itself: sign-in and its own staff belong to it. NULL before it is set up.
-- +goose StatementBegin
CREATE FUNCTION auth.bureau() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.firm_id FROM public.firm f WHERE f.kind = 'bureau' ORDER BY f.firm_id LIMIT 1
$$;
-- +goose StatementEnd
-- Whether a firm code is free. Codes are unique over the installation and given by
-- the bureau alone, which may know of every firm; a unique index would tell a firm.
-- +goose StatementBegin
CREATE FUNCTION auth.code_taken(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.firm f WHERE f.code = wanted)
$$;
-- +goose StatementEnd
-- The colour and shape that the fewest firms have, for the next one.
-- +goose StatementBegin
CREATE FUNCTION auth.next_slot(slots integer) RETURNS smallint LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT s::smallint FROM generate_series(1, slots) s LEFT JOIN public.firm f ON f.slot = s AND f.kind = 'firm'
  GROUP BY s ORDER BY count(f.firm_id), s LIMIT 1
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.active_firms(uuid, integer) OWNER TO docketry_auth;
ALTER FUNCTION auth.bureau() OWNER TO docketry_auth;
ALTER FUNCTION auth.code_taken(text) OWNER TO docketry_auth;
ALTER FUNCTION auth.next_slot(integer) OWNER TO docketry_auth;
GRANT EXECUTE ON FUNCTION auth.active_firms(uuid, integer), auth.bureau(), auth.code_taken(text), auth.next_slot(integer)
  TO docketry_migrate, docketry_api, docketry_worker, docketry_bureau;

-- +goose Down
DROP FUNCTION auth.next_slot(integer);
DROP FUNCTION auth.code_taken(text);
DROP FUNCTION auth.bureau();
DROP FUNCTION auth.active_firms(uuid, integer);
DROP TABLE number_series;
DROP TABLE firm;
