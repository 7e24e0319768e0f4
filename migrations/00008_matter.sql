-- 00008_matter.sql: whom the firm works for, who pays, on what, and who bills time.
-- +goose Up
CREATE TABLE client (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  number     text        NOT NULL,
  name       text        NOT NULL,
  status     text        NOT NULL DEFAULT 'active',
  created_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT client_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT client_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT client_number_key UNIQUE (firm_id, number),
  CONSTRAINT client_number_length CHECK (length(number) BETWEEN 1 AND 20),
  CONSTRAINT client_name_length CHECK (length(name) BETWEEN 1 AND 120),
  CONSTRAINT client_status_known CHECK (status IN ('active', 'closed'))
);
CALL isolate('client');
REVOKE DELETE ON client FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, name) ON client TO docketry_bureau;

CREATE TABLE payor (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  client_id  uuid        NOT NULL,
  name       text        NOT NULL,
  address    text        NOT NULL, -- lines
  country    text        NOT NULL,
  tax_id     text        NOT NULL DEFAULT '',
  terms_days integer     NOT NULL,
  delivery   text        NOT NULL, -- DESIGN 2.16: a link by default, the PDF where the firm chose it, or a portal
  status     text        NOT NULL DEFAULT 'active',
  created_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT payor_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT payor_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT payor_name_length CHECK (length(name) BETWEEN 1 AND 120),
  CONSTRAINT payor_address_length CHECK (length(address) BETWEEN 1 AND 500),
  CONSTRAINT payor_country_form CHECK (country ~ '^[A-Z]{2}$'),
  CONSTRAINT payor_tax_id_length CHECK (length(tax_id) <= 40),
  CONSTRAINT payor_terms_range CHECK (terms_days BETWEEN 0 AND 180),
  CONSTRAINT payor_delivery_known CHECK (delivery IN ('mail_link', 'mail_attachment', 'portal')),
  CONSTRAINT payor_status_known CHECK (status IN ('active', 'closed'))
);
CALL isolate('payor');
REVOKE DELETE ON payor FROM docketry_api, docketry_worker;
CREATE INDEX payor_client ON payor (firm_id, client_id);

-- Mail goes to verified contacts only (T17).
CREATE TABLE payor_contact (
  firm_id     uuid        NOT NULL,
  id          uuid        NOT NULL,
  payor_id    uuid        NOT NULL,
  name        text        NOT NULL,
  email       text        NOT NULL,
  verified_at timestamptz, -- when a person of the firm or the bureau confirmed the address
  verified_by uuid,
  status      text        NOT NULL DEFAULT 'active',
  created_at  timestamptz NOT NULL,
  version     integer     NOT NULL DEFAULT 1,
  CONSTRAINT payor_contact_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT payor_contact_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT payor_contact_verified_by_fkey FOREIGN KEY (verified_by) REFERENCES person (id),
  CONSTRAINT payor_contact_email_key UNIQUE (firm_id, payor_id, email),
  CONSTRAINT payor_contact_email_form CHECK (email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
  CONSTRAINT payor_contact_name_length CHECK (length(name) BETWEEN 1 AND 120),
  CONSTRAINT payor_contact_status_known CHECK (status IN ('active', 'closed', 'bounced'))
);
CALL isolate('payor_contact');
REVOKE DELETE ON payor_contact FROM docketry_api, docketry_worker;

CREATE TABLE matter (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  client_id      uuid        NOT NULL,
  payor_id       uuid        NOT NULL, -- who pays; several payors with shares come with split billing
  number         text        NOT NULL,
  name           text        NOT NULL,
  practice_group text        NOT NULL DEFAULT '',
  label          smallint    NOT NULL DEFAULT 0, -- 0 standard 1 confidential 2 restricted 3 sealed
  task_set       text        NOT NULL DEFAULT '', -- UTBMS set, '' none
  client_matter  text        NOT NULL DEFAULT '', -- the client's own number, LEDES field 24
  currency       text        NOT NULL,
  tax_rate_e6    bigint      NOT NULL DEFAULT 0,
  tax_note       text        NOT NULL DEFAULT '', -- such as the reverse-charge sentence
  responsible_id uuid,       -- the partner who approves
  opened_on      date        NOT NULL,
  closed_on      date,
  status         text        NOT NULL DEFAULT 'open',
  created_at     timestamptz NOT NULL,
  version        integer     NOT NULL DEFAULT 1,
  CONSTRAINT matter_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT matter_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT matter_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT matter_responsible_fkey FOREIGN KEY (responsible_id) REFERENCES person (id),
  CONSTRAINT matter_number_key UNIQUE (firm_id, number),
  CONSTRAINT matter_number_length CHECK (length(number) BETWEEN 1 AND 20),
  CONSTRAINT matter_name_length CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT matter_label_range CHECK (label BETWEEN 0 AND 3),
  CONSTRAINT matter_task_set_known CHECK (task_set IN ('', 'litigation', 'project', 'counseling', 'bankruptcy')),
  CONSTRAINT matter_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT matter_tax_rate_range CHECK (tax_rate_e6 BETWEEN 0 AND 1000000),
  CONSTRAINT matter_texts_length CHECK (length(practice_group) <= 60 AND length(client_matter) <= 20 AND length(tax_note) <= 300),
  CONSTRAINT matter_status_known CHECK (status IN ('open', 'closed')),
  CONSTRAINT matter_closed_on_set CHECK ((status = 'closed') = (closed_on IS NOT NULL)),
  CONSTRAINT matter_dates_order CHECK (closed_on IS NULL OR closed_on >= opened_on)
);
CALL isolate('matter');
REVOKE DELETE ON matter FROM docketry_api, docketry_worker;
CREATE INDEX matter_client ON matter (firm_id, client_id);
-- Lists across firms name the matter where the grant covers it; the cross-firm reader needs what scopes ask for.
GRANT SELECT (firm_id, id, client_id, number, name, practice_group, label) ON matter TO docketry_bureau;

CREATE TABLE timekeeper (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  code       text        NOT NULL,
  name       text        NOT NULL,
  class      text        NOT NULL, -- LEDES classification, field 23
  person_id  uuid,
  status     text        NOT NULL DEFAULT 'active',
  created_at timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT timekeeper_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT timekeeper_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT timekeeper_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT timekeeper_code_key UNIQUE (firm_id, code),
  CONSTRAINT timekeeper_code_length CHECK (length(code) BETWEEN 1 AND 20),
  CONSTRAINT timekeeper_name_length CHECK (length(name) BETWEEN 1 AND 30), -- LEDES field 22
  CONSTRAINT timekeeper_class_form CHECK (class ~ '^[A-Z]{2,10}$'),
  CONSTRAINT timekeeper_status_known CHECK (status IN ('active', 'left'))
);
CALL isolate('timekeeper');
REVOKE DELETE ON timekeeper FROM docketry_api, docketry_worker;

-- +goose Down
DROP TABLE timekeeper;
DROP TABLE matter;
DROP TABLE payor_contact;
DROP TABLE payor;
DROP TABLE client;
