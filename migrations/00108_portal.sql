-- 00108_portal.sql: what each receiver of e-bills wants, as data (LEGAL-BILLING 6), and which
-- receiver a payor is served through.
-- +goose Up
CREATE TABLE portal (
  firm_id         uuid        NOT NULL,
  id              uuid        NOT NULL,
  name            text        NOT NULL,
  format          text        NOT NULL,
  encoding        text        NOT NULL,
  file_name       text        NOT NULL, -- a pattern with fields in braces
  extension       text        NOT NULL,
  narrative_limit integer     NOT NULL DEFAULT 0, -- characters; 0 is the format's own
  country         text        NOT NULL DEFAULT 'alpha3',
  names           text        NOT NULL DEFAULT 'surname_first',
  task_sets       text        NOT NULL DEFAULT '', -- comma between; '' is any
  expense_task    boolean     NOT NULL DEFAULT false,
  residual        text        NOT NULL DEFAULT 'adjust4',
  tolerance_minor integer     NOT NULL DEFAULT 0, -- on a line, in minor units
  number_form     text        NOT NULL DEFAULT 'printed',
  resubmit        text        NOT NULL DEFAULT 'same',
  appeal_days     integer     NOT NULL DEFAULT 0, -- 0 is no appeal
  dispute_days    integer     NOT NULL DEFAULT 0, -- 0 is no time-out
  late_days       integer     NOT NULL DEFAULT 0, -- after the end of what is billed; 0 is no limit
  route           text        NOT NULL DEFAULT 'download',
  status          text        NOT NULL DEFAULT 'active',
  created_at      timestamptz NOT NULL,
  version         integer     NOT NULL DEFAULT 1,
  CONSTRAINT portal_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT portal_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT portal_name_length CHECK (length(name) BETWEEN 1 AND 80),
  CONSTRAINT portal_format_known CHECK (format IN ('ledes_flat', 'ledes_1998b', 'ledes_98bi_v2', 'ledes_xml_21', 'ledes_xml_22')),
  CONSTRAINT portal_encoding_known CHECK (encoding IN ('ascii', 'utf_8') AND (encoding = 'ascii' OR format IN ('ledes_xml_21', 'ledes_xml_22'))),
  CONSTRAINT portal_file_name_length CHECK (length(file_name) BETWEEN 1 AND 80),
  CONSTRAINT portal_extension_known CHECK (extension IN ('txt', 'led', 'ledes', 'xml')),
  CONSTRAINT portal_narrative_limit_range CHECK (narrative_limit BETWEEN 0 AND 15360),
  CONSTRAINT portal_country_known CHECK (country IN ('alpha3', 'alpha2')),
  CONSTRAINT portal_names_known CHECK (names IN ('surname_first', 'first_surname')),
  CONSTRAINT portal_task_sets_form CHECK (task_sets ~ '^([a-z]+(,[a-z]+)*)?$'),
  CONSTRAINT portal_residual_known CHECK (residual IN ('adjust4', 'tolerate', 'rate')),
  CONSTRAINT portal_tolerance_range CHECK (tolerance_minor BETWEEN 0 AND 100),
  CONSTRAINT portal_number_form_known CHECK (number_form IN ('printed', 'alphanumeric')),
  CONSTRAINT portal_resubmit_known CHECK (resubmit IN ('same', 'suffix_a', 'suffix_r')),
  CONSTRAINT portal_days_range CHECK (appeal_days BETWEEN 0 AND 365 AND dispute_days BETWEEN 0 AND 365 AND late_days BETWEEN 0 AND 730),
  CONSTRAINT portal_route_known CHECK (route IN ('download')),
  CONSTRAINT portal_status_known CHECK (status IN ('active', 'closed'))
);
CALL isolate('portal');
REVOKE DELETE ON portal FROM docketry_api, docketry_worker;
REVOKE INSERT, UPDATE ON portal FROM docketry_worker;
CREATE UNIQUE INDEX portal_name ON portal (firm_id, lower(name));

ALTER TABLE payor
  ADD COLUMN portal_id uuid,
  ADD CONSTRAINT payor_portal_fkey FOREIGN KEY (firm_id, portal_id) REFERENCES portal (firm_id, id);
CREATE INDEX payor_portal ON payor (firm_id, portal_id) WHERE portal_id IS NOT NULL; -- who is served through a receiver

-- +goose Down
ALTER TABLE payor DROP COLUMN portal_id;
DROP TABLE portal;
