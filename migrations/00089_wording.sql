-- 00089_wording.sql: a firm words its letters to payors itself (SECURITY T18).
-- +goose Up
CREATE TABLE wording (
  firm_id      uuid        NOT NULL,
  kind         text        NOT NULL,
  version      integer     NOT NULL,
  standard     boolean     NOT NULL, -- back to what comes with the program; then the texts are empty
  subject      text        NOT NULL,
  body         text        NOT NULL,
  closing      text        NOT NULL,
  published_by uuid        NOT NULL,
  published_at timestamptz NOT NULL,
  CONSTRAINT wording_pkey PRIMARY KEY (firm_id, kind, version),
  CONSTRAINT wording_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT wording_published_by_fkey FOREIGN KEY (published_by) REFERENCES person (id),
  CONSTRAINT wording_kind_known CHECK (kind IN ('invoice', 'credit_note', 'reminder_first')),
  CONSTRAINT wording_version_from_one CHECK (version >= 1),
  CONSTRAINT wording_texts_length CHECK (length(subject) <= 200 AND length(body) <= 8000 AND length(closing) <= 1000),
  CONSTRAINT wording_texts_there CHECK (standard = (subject = '') AND standard = (body = '') AND standard = (closing = ''))
);
CALL isolate('wording');
-- What was published is never changed: the text of a letter that went can be found.
REVOKE UPDATE, DELETE ON wording FROM docketry_api, docketry_worker;
REVOKE INSERT ON wording FROM docketry_worker;

-- +goose Down
DROP TABLE wording;
