-- 00135_dispute.sql: what a client disputes of an invoice (LEGAL-BILLING 9, 10, 14), from the first word to the end. The
-- invoice itself never changes; what is in dispute is never more than is open, and no line is in two disputes at once.
-- Money in minor units.
-- +goose Up
CREATE TABLE dispute (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  invoice_id     uuid        NOT NULL,
  currency       text        NOT NULL,
  scope          text        NOT NULL, -- the whole of what is open, lines, or an amount
  code           text        NOT NULL, -- of the published rejection reasons
  words          text        NOT NULL, -- C3: the client's own
  raised_by      text        NOT NULL, -- C2: who of the client
  raised_on      date        NOT NULL,
  answer_by      date,                 -- NULL: nothing was agreed
  claimed_minor  bigint      NOT NULL, -- with tax, when it was opened
  disputed_minor bigint      NOT NULL, -- still in dispute
  status         text        NOT NULL DEFAULT 'open',
  outcome        text        NOT NULL DEFAULT '',
  agreed_minor   bigint      NOT NULL DEFAULT 0, -- that the firm takes back
  credit_note_id uuid,                 -- by which; NULL where the invoice was credited in full beside it
  answer         text        NOT NULL DEFAULT '', -- C3
  answered_by    uuid,
  answered_at    timestamptz,
  closing        text        NOT NULL DEFAULT '', -- C3: why it ended so
  closed_by      uuid,
  closed_at      timestamptz,
  opened_by      uuid        NOT NULL,
  opened_at      timestamptz NOT NULL,
  version        integer     NOT NULL DEFAULT 1,
  CONSTRAINT dispute_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT dispute_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency),
  CONSTRAINT dispute_of_invoice_key UNIQUE (firm_id, id, invoice_id),
  CONSTRAINT dispute_credit_note_fkey FOREIGN KEY (firm_id, credit_note_id, invoice_id) REFERENCES credit_note (firm_id, id, invoice_id),
  CONSTRAINT dispute_credit_note_key UNIQUE (firm_id, credit_note_id), -- one note settles one dispute
  CONSTRAINT dispute_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES person (id),
  CONSTRAINT dispute_answered_by_fkey FOREIGN KEY (answered_by) REFERENCES person (id),
  CONSTRAINT dispute_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES person (id),
  CONSTRAINT dispute_scope_known CHECK (scope IN ('whole', 'lines', 'amount')),
  CONSTRAINT dispute_status_known CHECK (status IN ('open', 'answered', 'resolved', 'withdrawn')),
  CONSTRAINT dispute_money CHECK (claimed_minor > 0 AND CASE WHEN status IN ('open', 'answered') THEN disputed_minor = claimed_minor ELSE disputed_minor = 0 END),
  CONSTRAINT dispute_outcome CHECK ((status = 'resolved') = (outcome <> '') AND CASE WHEN outcome IN ('upheld', 'part') THEN agreed_minor > 0
    WHEN outcome IN ('rejected', '') THEN agreed_minor = 0 ELSE false END),
  CONSTRAINT dispute_credit_of_agreed CHECK (credit_note_id IS NULL OR agreed_minor > 0),
  CONSTRAINT dispute_answered CHECK ((answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answer = '') AND (status <> 'answered' OR answered_at IS NOT NULL)),
  CONSTRAINT dispute_closed CHECK ((status IN ('resolved', 'withdrawn')) = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (closed_by IS NULL)),
  CONSTRAINT dispute_dates CHECK (answer_by IS NULL OR answer_by >= raised_on),
  CONSTRAINT dispute_texts_length CHECK (length(code) BETWEEN 1 AND 20 AND length(words) BETWEEN 1 AND 4000 AND length(raised_by) BETWEEN 1 AND 120 AND length(answer) <= 4000 AND length(closing) <= 4000)
);
CALL isolate('dispute');
REVOKE INSERT, UPDATE, DELETE ON dispute FROM docketry_worker;
REVOKE UPDATE, DELETE ON dispute FROM docketry_api;
GRANT UPDATE (disputed_minor, status, outcome, agreed_minor, credit_note_id, answer, answered_by, answered_at, closing, closed_by, closed_at, version) ON dispute TO docketry_api;
CREATE INDEX dispute_invoice ON dispute (firm_id, invoice_id);
CREATE INDEX dispute_list ON dispute (firm_id, opened_at DESC, id DESC); -- the firm's list
-- Who disputes the whole disputes everything: there is nothing left to dispute beside it.
CREATE UNIQUE INDEX dispute_whole_once ON dispute (firm_id, invoice_id) WHERE scope = 'whole' AND status IN ('open', 'answered');

-- The lines of a dispute over lines.
CREATE TABLE dispute_line (
  firm_id     uuid    NOT NULL,
  dispute_id  uuid    NOT NULL,
  invoice_id  uuid    NOT NULL,
  line_no     integer NOT NULL,
  net_minor   bigint  NOT NULL, -- what of the line is disputed, before tax
  gross_minor bigint  NOT NULL, -- with the tax that follows it
  live        boolean NOT NULL DEFAULT true,
  CONSTRAINT dispute_line_pkey PRIMARY KEY (firm_id, dispute_id, line_no),
  CONSTRAINT dispute_line_dispute_fkey FOREIGN KEY (firm_id, dispute_id, invoice_id) REFERENCES dispute (firm_id, id, invoice_id),
  CONSTRAINT dispute_line_line_fkey FOREIGN KEY (firm_id, invoice_id, line_no) REFERENCES invoice_line (firm_id, invoice_id, no),
  CONSTRAINT dispute_line_positive CHECK (net_minor > 0 AND gross_minor > 0)
);
CALL isolate('dispute_line');
REVOKE INSERT, UPDATE, DELETE ON dispute_line FROM docketry_worker;
REVOKE UPDATE, DELETE ON dispute_line FROM docketry_api;
GRANT UPDATE (live) ON dispute_line TO docketry_api;
CREATE UNIQUE INDEX dispute_line_once ON dispute_line (firm_id, invoice_id, line_no) WHERE live; -- no line counts twice

-- What was said on the way; append only.
CREATE TABLE dispute_note (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  dispute_id uuid        NOT NULL,
  side       text        NOT NULL, -- whose word it is
  words      text        NOT NULL, -- C3
  made_by    uuid        NOT NULL,
  made_at    timestamptz NOT NULL,
  CONSTRAINT dispute_note_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT dispute_note_dispute_fkey FOREIGN KEY (firm_id, dispute_id) REFERENCES dispute (firm_id, id),
  CONSTRAINT dispute_note_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT dispute_note_side_known CHECK (side IN ('client', 'firm')),
  CONSTRAINT dispute_note_words_length CHECK (length(words) BETWEEN 1 AND 4000)
);
CALL isolate('dispute_note');
REVOKE INSERT ON dispute_note FROM docketry_worker;
REVOKE UPDATE, DELETE ON dispute_note FROM docketry_api, docketry_worker;
CREATE INDEX dispute_note_dispute ON dispute_note (firm_id, dispute_id, made_at);
CREATE TRIGGER dispute_note_stays BEFORE UPDATE OR DELETE ON dispute_note FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER dispute_note_not_truncated BEFORE TRUNCATE ON dispute_note FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();

-- When how much came into dispute and left it, on the firm's local days: a report of a past day stays as it was.
CREATE TABLE dispute_move (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  dispute_id   uuid        NOT NULL,
  invoice_id   uuid        NOT NULL,
  moved_on     date        NOT NULL,
  amount_minor bigint      NOT NULL,
  made_at      timestamptz NOT NULL,
  CONSTRAINT dispute_move_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT dispute_move_dispute_fkey FOREIGN KEY (firm_id, dispute_id, invoice_id) REFERENCES dispute (firm_id, id, invoice_id),
  CONSTRAINT dispute_move_some CHECK (amount_minor <> 0)
);
CALL isolate('dispute_move');
REVOKE INSERT ON dispute_move FROM docketry_worker;
REVOKE UPDATE, DELETE ON dispute_move FROM docketry_api, docketry_worker;
CREATE INDEX dispute_move_invoice ON dispute_move (firm_id, invoice_id, moved_on) INCLUDE (amount_minor);
CREATE INDEX dispute_move_dispute ON dispute_move (firm_id, dispute_id);
CREATE TRIGGER dispute_move_stays BEFORE UPDATE OR DELETE ON dispute_move FOR EACH ROW EXECUTE FUNCTION issued_stays();
CREATE TRIGGER dispute_move_not_truncated BEFORE TRUNCATE ON dispute_move FOR EACH STATEMENT EXECUTE FUNCTION issued_stays();

ALTER TABLE invoice ADD COLUMN disputed_minor bigint NOT NULL DEFAULT 0; -- of what is open
ALTER TABLE invoice ADD CONSTRAINT invoice_disputed_within CHECK (disputed_minor BETWEEN 0 AND open_minor);
GRANT UPDATE (disputed_minor) ON invoice TO docketry_api, docketry_worker;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'allowed_minor', 'disputed_minor', 'open_minor', 'status', 'sent_at'];
BEGIN
  IF NEW.document IS DISTINCT FROM OLD.document
     OR to_jsonb(NEW) - running - 'document'::text <> to_jsonb(OLD) - running - 'document'::text THEN
    RAISE EXCEPTION 'invoice %: what was issued stays; correct it by a credit note', OLD.number
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at THEN
    RAISE EXCEPTION 'invoice %: it was sent once', OLD.number USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF NEW.credited_minor < OLD.credited_minor THEN
    RAISE EXCEPTION 'invoice %: a credit is not taken back', OLD.number USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM invoice_transition s WHERE s.from_status = OLD.status AND s.to_status = NEW.status) THEN
    RAISE EXCEPTION 'invoice %: % does not follow %', OLD.number, NEW.status, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_transition';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- What is amiss with the disputes of an invoice, NULL for nothing (I03).
-- +goose StatementBegin
CREATE FUNCTION disputes_miss(firm uuid, invoice uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN i.disputed_minor <> (SELECT coalesce(sum(d.disputed_minor), 0) FROM dispute d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id)
      OR i.disputed_minor <> (SELECT coalesce(sum(v.amount_minor), 0) FROM dispute_move v WHERE v.firm_id = i.firm_id AND v.invoice_id = i.id)
      THEN 'its disputes do not sum to what it says is disputed'
    WHEN EXISTS (SELECT FROM dispute d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id AND d.disputed_minor <>
        (SELECT coalesce(sum(v.amount_minor), 0) FROM dispute_move v WHERE v.firm_id = d.firm_id AND v.dispute_id = d.id))
      THEN 'a dispute is not what came into it and left it'
    WHEN EXISTS (SELECT FROM dispute d LEFT JOIN dispute_line l ON l.firm_id = d.firm_id AND l.dispute_id = d.id WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id
        GROUP BY d.id, d.scope, d.status, d.claimed_minor HAVING CASE d.scope WHEN 'lines' THEN coalesce(sum(l.gross_minor), 0) <> d.claimed_minor ELSE count(l.line_no) > 0 END
          OR bool_or(l.live) <> (d.status IN ('open', 'answered')) OR bool_and(l.live) <> (d.status IN ('open', 'answered')))
      THEN 'the lines of a dispute do not sum to it'
    WHEN (SELECT count(*) FILTER (WHERE d.scope = 'whole') > 0 AND count(*) > 1 FROM dispute d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id AND d.status IN ('open', 'answered'))
      THEN 'the whole is disputed, and a part beside it'
    WHEN EXISTS (SELECT FROM dispute_line x JOIN invoice_line l ON l.firm_id = x.firm_id AND l.invoice_id = x.invoice_id AND l.no = x.line_no
        WHERE x.firm_id = i.firm_id AND x.invoice_id = i.id AND x.live AND (x.net_minor > l.amount_minor - (SELECT coalesce(sum(c.amount_minor), 0) FROM credit_note_line c
            WHERE c.firm_id = l.firm_id AND c.invoice_id = l.invoice_id AND c.line_no = l.no)
          OR x.gross_minor > l.amount_minor + l.tax_minor - (SELECT coalesce(sum(c.amount_minor + c.tax_minor), 0) FROM credit_note_line c
            WHERE c.firm_id = l.firm_id AND c.invoice_id = l.invoice_id AND c.line_no = l.no)))
      THEN 'more of a line is disputed than is left of it'
  END FROM invoice i WHERE i.firm_id = firm AND i.id = invoice
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION disputes_miss(uuid, uuid) TO docketry_api, docketry_worker;

-- +goose StatementBegin
CREATE FUNCTION disputes_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE misses text; of uuid;
BEGIN
  of := CASE TG_TABLE_NAME WHEN 'invoice' THEN (to_jsonb(NEW)->>'id')::uuid ELSE (to_jsonb(NEW)->>'invoice_id')::uuid END;
  IF TG_TABLE_NAME = 'credit_note_line' AND NOT EXISTS (SELECT FROM dispute_line x WHERE x.firm_id = NEW.firm_id AND x.invoice_id = of AND x.live) THEN
    RETURN NULL;
  END IF;
  misses := disputes_miss(NEW.firm_id, of);
  IF misses IS NOT NULL THEN
    RAISE EXCEPTION 'invoice %: %', of, misses USING ERRCODE = 'check_violation', CONSTRAINT = 'disputes_add_up', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER dispute_adds_up AFTER INSERT OR UPDATE ON dispute DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disputes_add_up();
CREATE CONSTRAINT TRIGGER dispute_line_adds_up AFTER INSERT OR UPDATE ON dispute_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disputes_add_up();
CREATE CONSTRAINT TRIGGER dispute_move_adds_up AFTER INSERT ON dispute_move DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disputes_add_up();
CREATE CONSTRAINT TRIGGER invoice_disputes_add_up AFTER UPDATE ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.disputed_minor IS DISTINCT FROM OLD.disputed_minor) EXECUTE FUNCTION disputes_add_up();
CREATE CONSTRAINT TRIGGER credit_note_line_of_dispute AFTER INSERT ON credit_note_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disputes_add_up();

-- A dispute ends once; only the note that it was upheld by is told after.
-- +goose StatementBegin
CREATE FUNCTION dispute_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'resolved' AND OLD.credit_note_id IS NULL AND NEW.credit_note_id IS NOT NULL
     AND to_jsonb(NEW) - ARRAY['credit_note_id', 'agreed_minor', 'version'] = to_jsonb(OLD) - ARRAY['credit_note_id', 'agreed_minor', 'version'] THEN
    RETURN NEW;
  END IF;
  IF OLD.status IN ('resolved', 'withdrawn') OR OLD.status = 'answered' AND NEW.status = 'open' THEN
    RAISE EXCEPTION 'dispute %: % does not follow %', OLD.id, NEW.status, OLD.status USING ERRCODE = 'check_violation', CONSTRAINT = 'dispute_ends_once';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER dispute_ends_once BEFORE UPDATE ON dispute FOR EACH ROW EXECUTE FUNCTION dispute_ends_once();

-- +goose Down
-- What clients disputed cannot be told without these tables: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM dispute) THEN
    RAISE EXCEPTION 'invoices were disputed; this step cannot be taken back without losing what and how it ended';
  END IF;
END $$;
-- +goose StatementEnd
DROP TRIGGER credit_note_line_of_dispute ON credit_note_line;
DROP TRIGGER invoice_disputes_add_up ON invoice;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_runs_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE running CONSTANT text[] := ARRAY['credited_minor', 'paid_minor', 'allowed_minor', 'open_minor', 'status', 'sent_at'];
BEGIN
  IF NEW.document IS DISTINCT FROM OLD.document
     OR to_jsonb(NEW) - running - 'document'::text <> to_jsonb(OLD) - running - 'document'::text THEN
    RAISE EXCEPTION 'invoice %: what was issued stays; correct it by a credit note', OLD.number
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at THEN
    RAISE EXCEPTION 'invoice %: it was sent once', OLD.number USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF NEW.credited_minor < OLD.credited_minor THEN
    RAISE EXCEPTION 'invoice %: a credit is not taken back', OLD.number USING ERRCODE = 'restrict_violation', CONSTRAINT = 'issued_stays';
  END IF;
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM invoice_transition s WHERE s.from_status = OLD.status AND s.to_status = NEW.status) THEN
    RAISE EXCEPTION 'invoice %: % does not follow %', OLD.number, NEW.status, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_transition';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
ALTER TABLE invoice DROP CONSTRAINT invoice_disputed_within, DROP COLUMN disputed_minor;
DROP TABLE dispute_move;
DROP TABLE dispute_note;
DROP TABLE dispute_line;
DROP TABLE dispute;
DROP FUNCTION dispute_ends_once();
DROP FUNCTION disputes_add_up();
DROP FUNCTION disputes_miss(uuid, uuid);
