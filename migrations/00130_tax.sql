-- 00130_tax.sql: taxes of a firm as data with validity, treatments that say what of them is charged (LEGAL-BILLING 5 and 8),
-- and what a payor withholds of an invoice. A matter's one rate and its sentence stay and stand as a treatment of the
-- matter's own while none is chosen for it, so that no bill of before changes. Rates are fractions at 1e-6.
-- +goose Up
CREATE TABLE tax_code (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  code       text        NOT NULL, -- by which treatments name it
  name       text        NOT NULL, -- C2, as printed
  rate_e6    bigint      NOT NULL, -- C2
  country    text        NOT NULL,
  region     text        NOT NULL DEFAULT '', -- C2
  number     text        NOT NULL DEFAULT '', -- C2; of registration; '' is the firm's tax id
  on_code    text        NOT NULL DEFAULT '', -- the tax that is part of its base
  withheld   boolean     NOT NULL DEFAULT false,
  from_on    date        NOT NULL,
  until_on   date, -- its last day; NULL while nobody ended it
  created_by uuid,
  created_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT tax_code_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT tax_code_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT tax_code_form CHECK (code ~ '^[A-Z][A-Z0-9-]{0,11}$' AND on_code ~ '^([A-Z][A-Z0-9-]{0,11})?$' AND on_code <> code),
  CONSTRAINT tax_code_texts_length CHECK (length(name) BETWEEN 1 AND 20 AND length(region) <= 40 AND length(number) <= 40 AND country ~ '^[A-Z]{2}$'),
  CONSTRAINT tax_code_rate_range CHECK (rate_e6 BETWEEN 0 AND 1000000),
  CONSTRAINT tax_code_withheld_alone CHECK (NOT withheld OR on_code = ''),
  CONSTRAINT tax_code_days_order CHECK (until_on IS NULL OR until_on >= from_on),
  -- One rate of a code on each day.
  CONSTRAINT tax_code_no_overlap EXCLUDE USING gist (firm_id WITH =, code WITH =, daterange(from_on, until_on, '[]') WITH &&)
);
CALL isolate('tax_code');
REVOKE UPDATE, DELETE ON tax_code FROM docketry_api, docketry_worker;
REVOKE INSERT ON tax_code FROM docketry_worker;
GRANT UPDATE (until_on, version) ON tax_code TO docketry_api;
COMMENT ON TABLE tax_code IS 'class C2: the taxes of a firm, each while its rate holds';

CREATE TABLE tax_treatment (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  name       text        NOT NULL, -- C2
  kind       text        NOT NULL,
  note       text        NOT NULL DEFAULT '', -- C2, printed
  fees       text        NOT NULL DEFAULT '', -- codes in their order, comma between
  expenses   text        NOT NULL DEFAULT '',
  from_on    date        NOT NULL,
  until_on   date, -- its last day; NULL while nobody ended it
  created_by uuid,
  created_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT tax_treatment_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT tax_treatment_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT tax_treatment_kind_known CHECK (kind IN ('taxed', 'zero_rated', 'exempt', 'reverse_charge')),
  CONSTRAINT tax_treatment_texts_length CHECK (length(name) BETWEEN 1 AND 60 AND length(note) <= 300),
  CONSTRAINT tax_treatment_codes_form CHECK (fees ~ '^([A-Z][A-Z0-9-]*(,[A-Z][A-Z0-9-]*)*)?$' AND expenses ~ '^([A-Z][A-Z0-9-]*(,[A-Z][A-Z0-9-]*)*)?$'),
  CONSTRAINT tax_treatment_charges CHECK (kind <> 'taxed' OR fees <> '' OR expenses <> ''),
  CONSTRAINT tax_treatment_reverse_says_so CHECK (kind <> 'reverse_charge' OR note <> ''), -- INV-10
  CONSTRAINT tax_treatment_days_order CHECK (until_on IS NULL OR until_on >= from_on)
);
CALL isolate('tax_treatment');
REVOKE UPDATE, DELETE ON tax_treatment FROM docketry_api, docketry_worker;
REVOKE INSERT ON tax_treatment FROM docketry_worker;
GRANT UPDATE (until_on, version) ON tax_treatment TO docketry_api;
CREATE UNIQUE INDEX tax_treatment_name ON tax_treatment (firm_id, lower(name)) WHERE until_on IS NULL; -- a person chooses by name
COMMENT ON TABLE tax_treatment IS 'class C2: what taxes a firm charges on fees and on expenses, or why none';

-- Who has which. NULL is none of its own.
ALTER TABLE firm ADD COLUMN treatment_id uuid, ADD CONSTRAINT firm_treatment_fkey FOREIGN KEY (firm_id, treatment_id) REFERENCES tax_treatment (firm_id, id);
ALTER TABLE client ADD COLUMN treatment_id uuid, ADD CONSTRAINT client_treatment_fkey FOREIGN KEY (firm_id, treatment_id) REFERENCES tax_treatment (firm_id, id);
ALTER TABLE payor ADD COLUMN treatment_id uuid, ADD CONSTRAINT payor_treatment_fkey FOREIGN KEY (firm_id, treatment_id) REFERENCES tax_treatment (firm_id, id);
ALTER TABLE matter ADD COLUMN treatment_id uuid, ADD CONSTRAINT matter_treatment_fkey FOREIGN KEY (firm_id, treatment_id) REFERENCES tax_treatment (firm_id, id);
CREATE INDEX client_treatment ON client (firm_id, treatment_id) WHERE treatment_id IS NOT NULL; -- whether one may end
CREATE INDEX payor_treatment ON payor (firm_id, treatment_id) WHERE treatment_id IS NOT NULL;
CREATE INDEX matter_treatment ON matter (firm_id, treatment_id) WHERE treatment_id IS NOT NULL;

-- What who pays keeps back of the total for the tax office.
ALTER TABLE invoice ADD COLUMN withheld_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE invoice ADD CONSTRAINT invoice_withheld_within CHECK (withheld_minor BETWEEN 0 AND total_minor);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM tax_code) OR EXISTS (SELECT FROM tax_treatment) OR EXISTS (SELECT FROM invoice WHERE withheld_minor <> 0) THEN
    RAISE EXCEPTION 'taxes were entered; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE invoice DROP CONSTRAINT invoice_withheld_within, DROP COLUMN withheld_minor;
ALTER TABLE matter DROP COLUMN treatment_id;
ALTER TABLE payor DROP COLUMN treatment_id;
ALTER TABLE client DROP COLUMN treatment_id;
ALTER TABLE firm DROP COLUMN treatment_id;
DROP TABLE tax_treatment;
DROP TABLE tax_code;
