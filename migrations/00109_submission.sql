-- 00109_submission.sql: an invoice's e-bill at its receiver: what was sent, what was answered,
-- what was cut from it and appealed (LEGAL-BILLING 6 and 9). The invoice itself never changes.
-- +goose Up
CREATE TABLE submission (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  invoice_id     uuid        NOT NULL,
  currency       text        NOT NULL,
  portal_id      uuid        NOT NULL,
  portal_version integer     NOT NULL, -- of the profile that shaped the file
  n              integer     NOT NULL, -- version of the invoice's e-bill, from 1
  type           text        NOT NULL,
  follows        uuid,                 -- the version that failed
  reason         text        NOT NULL DEFAULT '', -- why it is sent again
  status         text        NOT NULL DEFAULT 'submitted',
  format         text        NOT NULL,
  number         text        NOT NULL, -- the invoice's, as the file has it
  file_name      text        NOT NULL,
  blob_id        uuid        NOT NULL,
  sha256         text        NOT NULL,
  size_bytes     bigint      NOT NULL,
  remarks        integer     NOT NULL DEFAULT 0, -- of the check before sending, that somebody let pass
  total_minor    bigint      NOT NULL,
  reduced_minor  bigint      NOT NULL DEFAULT 0,
  regained_minor bigint      NOT NULL DEFAULT 0,
  answer_by      date,                 -- after it no answer counts as a rejection; NULL without a time-out
  receipt        text        NOT NULL DEFAULT '', -- the receiver's reference
  error_type     text        NOT NULL DEFAULT '',
  code           text        NOT NULL DEFAULT '', -- of the published rejection reasons
  answer_text    text        NOT NULL DEFAULT '', -- C3
  answered_on    date,                 -- the verdict's day
  answered_at    timestamptz,
  answered_by    uuid,
  appeal_until   date,                 -- the last day of the window that the profile gave
  submitted_by   uuid        NOT NULL,
  submitted_at   timestamptz NOT NULL,
  version        integer     NOT NULL DEFAULT 1,
  CONSTRAINT submission_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT submission_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT submission_portal_fkey FOREIGN KEY (firm_id, portal_id) REFERENCES portal (firm_id, id),
  CONSTRAINT submission_of_invoice_key UNIQUE (firm_id, invoice_id, id), -- what a version that follows refers to
  CONSTRAINT submission_follows_fkey FOREIGN KEY (firm_id, invoice_id, follows) REFERENCES submission (firm_id, invoice_id, id),
  CONSTRAINT submission_n_key UNIQUE (firm_id, invoice_id, n),
  CONSTRAINT submission_follows_once UNIQUE (firm_id, follows),
  CONSTRAINT submission_submitted_by_fkey FOREIGN KEY (submitted_by) REFERENCES person (id),
  CONSTRAINT submission_answered_by_fkey FOREIGN KEY (answered_by) REFERENCES person (id),
  CONSTRAINT submission_type_known CHECK (type IN ('invoice', 'resubmit')),
  CONSTRAINT submission_chain CHECK ((n = 1) = (type = 'invoice') AND (n = 1) = (follows IS NULL) AND (n = 1) = (reason = '')),
  CONSTRAINT submission_status_known CHECK (status IN ('submitted', 'received', 'file_error', 'pending_client', 'pending_tax_authority', 'pending_vendor',
    'delivered_to_client', 'rejected', 'reduced', 'approved', 'sent_to_ap', 'paid')),
  CONSTRAINT submission_error_type_known CHECK (error_type IN ('', 'file_structure', 'missing_field', 'bad_file_data', 'invoice_level_error', 'line_item_error', 'audit_error', 'afa_error')),
  CONSTRAINT submission_error_of_refusal CHECK ((status IN ('file_error', 'rejected')) = (error_type <> '')),
  CONSTRAINT submission_answer_set CHECK ((answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answered_on IS NULL)),
  CONSTRAINT submission_money CHECK (total_minor >= 0 AND reduced_minor BETWEEN 0 AND total_minor AND regained_minor BETWEEN 0 AND reduced_minor),
  CONSTRAINT submission_texts_length CHECK (length(reason) <= 500 AND length(receipt) <= 120 AND length(code) <= 20 AND length(answer_text) <= 2000 AND length(number) <= 60 AND length(file_name) <= 200)
);
CALL isolate('submission');
REVOKE INSERT, UPDATE, DELETE ON submission FROM docketry_worker;
REVOKE UPDATE, DELETE ON submission FROM docketry_api;
GRANT UPDATE (status, reduced_minor, regained_minor, receipt, error_type, code, answer_text, answered_on, answered_at, answered_by, appeal_until, version) ON submission TO docketry_api;
CREATE INDEX submission_status ON submission (firm_id, status, submitted_at DESC, id); -- the firm's list
CREATE INDEX submission_file ON submission (firm_id, portal_id, sha256); -- a receiver refuses the same file twice

-- What a version says otherwise than the one that it follows; amounts never.
CREATE TABLE submission_change (
  firm_id       uuid    NOT NULL,
  submission_id uuid    NOT NULL,
  line_no       integer NOT NULL,
  field         text    NOT NULL,
  before        text    NOT NULL, -- C3
  after         text    NOT NULL, -- C3
  CONSTRAINT submission_change_pkey PRIMARY KEY (firm_id, submission_id, line_no, field),
  CONSTRAINT submission_change_submission_fkey FOREIGN KEY (firm_id, submission_id) REFERENCES submission (firm_id, id),
  CONSTRAINT submission_change_field_known CHECK (field IN ('narrative', 'task_code', 'activity_code', 'expense_code')),
  CONSTRAINT submission_change_differs CHECK (before <> after)
);
CALL isolate('submission_change');
REVOKE INSERT ON submission_change FROM docketry_worker;
REVOKE UPDATE, DELETE ON submission_change FROM docketry_api, docketry_worker;

CREATE TABLE appeal (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  submission_id  uuid        NOT NULL,
  reason         text        NOT NULL, -- C3
  evidence       text        NOT NULL DEFAULT '', -- C3
  due_on         date        NOT NULL,
  filed_on       date        NOT NULL,
  amount_minor   bigint      NOT NULL, -- what is appealed
  status         text        NOT NULL DEFAULT 'filed',
  regained_minor bigint      NOT NULL DEFAULT 0,
  outcome_text   text        NOT NULL DEFAULT '', -- C3
  filed_by       uuid        NOT NULL,
  filed_at       timestamptz NOT NULL,
  decided_by     uuid,
  decided_at     timestamptz,
  CONSTRAINT appeal_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT appeal_submission_fkey FOREIGN KEY (firm_id, submission_id) REFERENCES submission (firm_id, id),
  CONSTRAINT appeal_of_submission_key UNIQUE (firm_id, submission_id, id),
  CONSTRAINT appeal_filed_by_fkey FOREIGN KEY (filed_by) REFERENCES person (id),
  CONSTRAINT appeal_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT appeal_in_time CHECK (filed_on <= due_on),
  CONSTRAINT appeal_status_known CHECK (status IN ('filed', 'granted', 'part', 'denied')),
  CONSTRAINT appeal_decided CHECK ((status = 'filed') = (decided_at IS NULL) AND (status = 'filed') = (decided_by IS NULL)),
  CONSTRAINT appeal_outcome CHECK (amount_minor > 0 AND CASE status WHEN 'granted' THEN regained_minor = amount_minor
    WHEN 'part' THEN regained_minor > 0 AND regained_minor < amount_minor ELSE regained_minor = 0 END),
  CONSTRAINT appeal_texts_length CHECK (length(reason) BETWEEN 1 AND 2000 AND length(evidence) <= 8000 AND length(outcome_text) <= 2000)
);
CALL isolate('appeal');
REVOKE INSERT, UPDATE ON appeal FROM docketry_worker;
REVOKE UPDATE, DELETE ON appeal FROM docketry_api;
REVOKE DELETE ON appeal FROM docketry_worker;
GRANT UPDATE (status, regained_minor, outcome_text, decided_by, decided_at) ON appeal TO docketry_api;

CREATE TABLE reduction (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  submission_id  uuid        NOT NULL,
  n              integer     NOT NULL, -- in the order of the answer
  line_no        integer     NOT NULL, -- 0 is the invoice as a whole
  code           text        NOT NULL,
  text           text        NOT NULL DEFAULT '', -- C3
  amount_minor   bigint      NOT NULL,
  status         text        NOT NULL DEFAULT 'open',
  regained_minor bigint      NOT NULL DEFAULT 0,
  appeal_id      uuid,
  decided_by     uuid,
  decided_at     timestamptz,
  CONSTRAINT reduction_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT reduction_n_key UNIQUE (firm_id, submission_id, n),
  CONSTRAINT reduction_submission_fkey FOREIGN KEY (firm_id, submission_id) REFERENCES submission (firm_id, id),
  CONSTRAINT reduction_appeal_fkey FOREIGN KEY (firm_id, submission_id, appeal_id) REFERENCES appeal (firm_id, submission_id, id),
  CONSTRAINT reduction_status_known CHECK (status IN ('open', 'accepted', 'appealed', 'granted', 'part', 'denied')),
  CONSTRAINT reduction_appealed CHECK ((status IN ('appealed', 'granted', 'part', 'denied')) = (appeal_id IS NOT NULL)),
  CONSTRAINT reduction_decided CHECK ((status = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
  CONSTRAINT reduction_outcome CHECK (amount_minor > 0 AND CASE status WHEN 'granted' THEN regained_minor = amount_minor
    WHEN 'part' THEN regained_minor > 0 AND regained_minor < amount_minor ELSE regained_minor = 0 END),
  CONSTRAINT reduction_texts_length CHECK (length(code) BETWEEN 1 AND 20 AND length(text) <= 500)
);
CALL isolate('reduction');
REVOKE INSERT, UPDATE, DELETE ON reduction FROM docketry_worker;
REVOKE UPDATE, DELETE ON reduction FROM docketry_api;
GRANT UPDATE (status, regained_minor, appeal_id, decided_by, decided_at) ON reduction TO docketry_api;
CREATE INDEX reduction_submission ON reduction (firm_id, submission_id, line_no);

-- At the end of a transaction what a submission says of its cuts is what they come to, what
-- an appeal says is too, and nothing is cut from a line that is not there.
-- +goose StatementBegin
CREATE FUNCTION reduction_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM submission s WHERE s.firm_id = NEW.firm_id AND s.id = NEW.submission_id
      AND (s.reduced_minor <> (SELECT sum(r.amount_minor) FROM reduction r WHERE r.firm_id = s.firm_id AND r.submission_id = s.id)
        OR s.regained_minor <> (SELECT sum(r.regained_minor) FROM reduction r WHERE r.firm_id = s.firm_id AND r.submission_id = s.id))) THEN
    RAISE EXCEPTION 'the cuts of a submission do not add up' USING ERRCODE = 'check_violation', CONSTRAINT = 'reduction_adds_up', TABLE = 'reduction';
  END IF;
  IF EXISTS (SELECT FROM appeal a WHERE a.firm_id = NEW.firm_id AND a.submission_id = NEW.submission_id
      AND (a.amount_minor IS DISTINCT FROM (SELECT sum(r.amount_minor) FROM reduction r WHERE r.firm_id = a.firm_id AND r.submission_id = a.submission_id AND r.appeal_id = a.id)
        OR a.regained_minor IS DISTINCT FROM (SELECT sum(r.regained_minor) FROM reduction r WHERE r.firm_id = a.firm_id AND r.submission_id = a.submission_id AND r.appeal_id = a.id))) THEN
    RAISE EXCEPTION 'an appeal is not what its cuts come to' USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_adds_up', TABLE = 'appeal';
  END IF;
  IF NEW.line_no <> 0 AND (SELECT sum(r.amount_minor) FROM reduction r WHERE r.firm_id = NEW.firm_id AND r.submission_id = NEW.submission_id AND r.line_no = NEW.line_no)
      > coalesce((SELECT l.amount_minor + l.tax_minor FROM submission s JOIN invoice_line l ON l.firm_id = s.firm_id AND l.invoice_id = s.invoice_id AND l.no = NEW.line_no
        WHERE s.firm_id = NEW.firm_id AND s.id = NEW.submission_id), 0) THEN
    RAISE EXCEPTION 'more is cut from a line than it has' USING ERRCODE = 'check_violation', CONSTRAINT = 'reduction_within_line', TABLE = 'reduction';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER reduction_adds_up AFTER INSERT OR UPDATE ON reduction DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reduction_adds_up();

-- +goose Down
DROP TABLE reduction;
DROP FUNCTION reduction_adds_up();
DROP TABLE appeal;
DROP TABLE submission_change;
DROP TABLE submission;
