-- 00117_split_bill.sql: one bill that several payors share (LEGAL-BILLING 8): each pays its part on an invoice with a
-- number of its own, and the parts are the whole, always. Money in minor units.
-- +goose Up

-- What each payor pays of a pre-bill, worked out from its arrangement anew with every change until the approval.
-- No rows: the matter's payor pays it all.
CREATE TABLE prebill_share (
  firm_id        uuid    NOT NULL,
  prebill_id     uuid    NOT NULL,
  position       integer NOT NULL, -- as agreed: left-over units go to the first
  payor_id       uuid    NOT NULL,
  fees_e6        bigint  NOT NULL,
  expenses_e6    bigint  NOT NULL,
  cap_minor      bigint  NOT NULL DEFAULT 0, -- of this bill, before tax; 0 is none
  tax_rate_e6    bigint,                     -- the payor's own; NULL is the matter's
  tax_note       text    NOT NULL DEFAULT '',
  fees_minor     bigint  NOT NULL,
  expenses_minor bigint  NOT NULL,
  CONSTRAINT prebill_share_pkey PRIMARY KEY (firm_id, prebill_id, position),
  CONSTRAINT prebill_share_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_share_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT prebill_share_payor_once UNIQUE (firm_id, prebill_id, payor_id),
  CONSTRAINT prebill_share_invoiced_key UNIQUE (firm_id, prebill_id, position, payor_id), -- what its invoice refers to
  CONSTRAINT prebill_share_ranges CHECK (position >= 1 AND fees_e6 BETWEEN 0 AND 1000000 AND expenses_e6 BETWEEN 0 AND 1000000 AND cap_minor >= 0 AND tax_rate_e6 BETWEEN 0 AND 1000000),
  CONSTRAINT prebill_share_within_cap CHECK (cap_minor = 0 OR fees_minor + expenses_minor <= cap_minor),
  CONSTRAINT prebill_share_note_length CHECK (length(tax_note) <= 300)
);
CALL isolate('prebill_share');
REVOKE UPDATE ON prebill_share FROM docketry_api, docketry_worker;
CREATE TRIGGER prebill_share_freeze BEFORE INSERT OR DELETE ON prebill_share FOR EACH ROW EXECUTE FUNCTION prebill_beside_stands();

-- Nothing is approved of which the shares are not the whole.
-- +goose StatementBegin
CREATE FUNCTION prebill_shares_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE shares record;
BEGIN
  SELECT count(*) AS n, sum(s.fees_e6) AS fees, sum(s.expenses_e6) AS expenses, sum(s.fees_minor + s.expenses_minor) AS minor INTO shares
    FROM prebill_share s WHERE s.firm_id = NEW.firm_id AND s.prebill_id = NEW.id;
  IF shares.n > 0 AND (shares.fees <> 1000000 OR shares.expenses <> 1000000 OR shares.minor <> prebill_net(NEW.firm_id, NEW.id)) THEN
    RAISE EXCEPTION 'the payors'' shares are not the bill' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_shares_whole', TABLE = 'prebill';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_shares BEFORE UPDATE OF status ON prebill FOR EACH ROW WHEN (NEW.status = 'approved') EXECUTE FUNCTION prebill_shares_whole();

ALTER TABLE invoice
  ADD COLUMN share       integer, -- which share of its pre-bill it is of; NULL is the whole
  ADD COLUMN whole_minor bigint,  -- net amount of the whole bill
  ADD CONSTRAINT invoice_share_whole CHECK ((share IS NULL) = (whole_minor IS NULL)),
  ADD CONSTRAINT invoice_share_fkey FOREIGN KEY (firm_id, prebill_id, share, payor_id) REFERENCES prebill_share (firm_id, prebill_id, position, payor_id);
ALTER TABLE invoice_line
  ADD COLUMN whole_no    integer, -- which line of the whole bill it is a share of
  ADD COLUMN whole_minor bigint,  -- amount of that line
  ADD CONSTRAINT invoice_line_share_whole CHECK ((whole_no IS NULL) = (whole_minor IS NULL)),
  ADD CONSTRAINT invoice_line_share_within CHECK (whole_minor IS NULL OR amount_minor BETWEEN least(whole_minor, 0) AND greatest(whole_minor, 0));
CREATE UNIQUE INDEX invoice_line_whole_no ON invoice_line (firm_id, invoice_id, whole_no) WHERE whole_no IS NOT NULL;

-- What is amiss with the invoices of a pre-bill that is shared, NULL for nothing: they are its shares, no more and no
-- less, and so is each line.
-- +goose StatementBegin
CREATE FUNCTION split_bill_misses(firm uuid, bill uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN (SELECT sum(s.fees_minor + s.expenses_minor) FROM prebill_share s WHERE s.firm_id = firm AND s.prebill_id = bill) <> prebill_net(firm, bill)
      THEN 'the shares do not come to it'
    WHEN EXISTS (SELECT FROM invoice i WHERE i.firm_id = firm AND i.prebill_id = bill AND (i.share IS NULL OR i.whole_minor <> prebill_net(firm, bill)))
      THEN 'an invoice is of no share of it, or states another whole'
    WHEN EXISTS (SELECT FROM prebill_share s LEFT JOIN invoice i ON i.firm_id = s.firm_id AND i.prebill_id = s.prebill_id AND i.share = s.position
        LEFT JOIN LATERAL (SELECT sum(l.amount_minor) FILTER (WHERE l.kind <> 'expense') AS fees, sum(l.amount_minor) FILTER (WHERE l.kind = 'expense') AS expenses
          FROM invoice_line l WHERE l.firm_id = i.firm_id AND l.invoice_id = i.id) x ON true
        WHERE s.firm_id = firm AND s.prebill_id = bill AND (coalesce(x.fees, 0) <> s.fees_minor OR coalesce(x.expenses, 0) <> s.expenses_minor))
      THEN 'an invoice is not its share'
    WHEN EXISTS (SELECT FROM invoice i JOIN invoice_line l ON l.firm_id = i.firm_id AND l.invoice_id = i.id WHERE i.firm_id = firm AND i.prebill_id = bill
        GROUP BY l.whole_no HAVING l.whole_no IS NULL OR sum(l.amount_minor) <> min(l.whole_minor) OR min(l.whole_minor) <> max(l.whole_minor))
      THEN 'the shares of a line do not come to the line'
  END
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION split_bill_misses(uuid, uuid) TO docketry_api, docketry_worker;

-- At commit a pre-bill has one invoice for all of it, or those of its shares.
-- +goose StatementBegin
CREATE FUNCTION invoice_split_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE misses text;
BEGIN
  IF EXISTS (SELECT FROM prebill_share s WHERE s.firm_id = NEW.firm_id AND s.prebill_id = NEW.prebill_id) THEN
    misses := split_bill_misses(NEW.firm_id, NEW.prebill_id);
  ELSIF EXISTS (SELECT FROM invoice i WHERE i.firm_id = NEW.firm_id AND i.prebill_id = NEW.prebill_id AND i.id <> NEW.id) THEN
    misses := 'it has two invoices and no shares';
  END IF;
  IF misses IS NOT NULL THEN
    RAISE EXCEPTION 'pre-bill %: %', NEW.prebill_id, misses USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_split_whole', TABLE = 'invoice';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER invoice_split_whole AFTER INSERT ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_split_whole();

-- A bill is taken back when all of its invoices that ask for money are credited.
-- +goose StatementBegin
CREATE FUNCTION bill_taken_back(firm uuid, bill uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM invoice i WHERE i.firm_id = firm AND i.prebill_id = bill AND i.status = 'credited')
    AND NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = firm AND i.prebill_id = bill AND i.status <> 'credited' AND i.total_minor > 0)
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION bill_taken_back(uuid, uuid) TO docketry_api, docketry_worker;

-- The numbers of a bill's invoices, '' while there is none.
-- +goose StatementBegin
CREATE FUNCTION bill_numbers(firm uuid, bill uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(i.number, ', ' ORDER BY i.n), '') FROM invoice i WHERE i.firm_id = firm AND i.prebill_id = bill
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION bill_numbers(uuid, uuid) TO docketry_api, docketry_worker;

-- I01: what is billed goes back to work in progress only when the whole bill is taken back.
-- +goose StatementBegin
CREATE FUNCTION prebill_line_billed_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM prebill p WHERE p.firm_id = NEW.firm_id AND p.id = NEW.prebill_id AND p.status = 'taken') AND NOT bill_taken_back(NEW.firm_id, NEW.prebill_id) THEN
    RAISE EXCEPTION 'an invoice that stands bills this line' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_line_billed_stays', TABLE = 'prebill_line';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_line_billed_stays AFTER UPDATE OF live ON prebill_line FOR EACH ROW WHEN (OLD.live AND NOT NEW.live) EXECUTE FUNCTION prebill_line_billed_stays();

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION holdback_on_bills(firm uuid, matter uuid, cur text, charge text, stage text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(abs(c.amount_minor)), 0)::bigint FROM prebill b JOIN prebill_charge c ON c.firm_id = b.firm_id AND c.prebill_id = b.id
  WHERE b.firm_id = firm AND b.matter_id = matter AND b.currency = cur AND c.what = charge
    AND (b.status = 'taken' AND NOT bill_taken_back(b.firm_id, b.id)
      OR b.status = 'approved' AND stage <> 'issued' OR b.status IN ('draft', 'in_review', 'changes_requested') AND stage = 'any')
$$;
-- +goose StatementEnd

-- +goose Down
-- Invoices of shares cannot be told without them: a step back is refused while there are any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM invoice WHERE share IS NOT NULL) THEN
    RAISE EXCEPTION 'bills were split among payors; this step cannot be taken back without losing their shares';
  END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION holdback_on_bills(firm uuid, matter uuid, cur text, charge text, stage text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(abs(c.amount_minor)), 0)::bigint FROM prebill b JOIN prebill_charge c ON c.firm_id = b.firm_id AND c.prebill_id = b.id
  WHERE b.firm_id = firm AND b.matter_id = matter AND b.currency = cur AND c.what = charge
    AND (b.status = 'taken' AND NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = b.firm_id AND i.prebill_id = b.id AND i.status = 'credited')
      OR b.status = 'approved' AND stage <> 'issued' OR b.status IN ('draft', 'in_review', 'changes_requested') AND stage = 'any')
$$;
-- +goose StatementEnd
DROP TRIGGER prebill_line_billed_stays ON prebill_line;
DROP FUNCTION prebill_line_billed_stays();
DROP FUNCTION bill_numbers(uuid, uuid);
DROP FUNCTION bill_taken_back(uuid, uuid);
DROP TRIGGER invoice_split_whole ON invoice;
DROP FUNCTION invoice_split_whole();
DROP FUNCTION split_bill_misses(uuid, uuid);
DROP INDEX invoice_line_whole_no;
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_share_within, DROP CONSTRAINT invoice_line_share_whole, DROP COLUMN whole_minor, DROP COLUMN whole_no;
ALTER TABLE invoice DROP CONSTRAINT invoice_share_fkey, DROP CONSTRAINT invoice_share_whole, DROP COLUMN whole_minor, DROP COLUMN share;
DROP TRIGGER prebill_shares ON prebill;
DROP FUNCTION prebill_shares_whole();
DROP TABLE prebill_share;
