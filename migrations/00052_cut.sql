-- 00052_cut.sql: what is taken off the fees of a pre-bill as a whole, and the lines of
-- an invoice that no entry stands behind.
-- +goose Up
CREATE TABLE prebill_cut (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  prebill_id   uuid        NOT NULL,
  seq          integer     NOT NULL, -- order on the pre-bill
  side         text        NOT NULL, -- the billing team or the firm
  amount_minor bigint      NOT NULL, -- taken off, above zero
  reason       text        NOT NULL,
  rule         text        NOT NULL, -- the guideline rule whose fix it is
  note         text        NOT NULL DEFAULT '',
  cut_by       uuid        NOT NULL,
  cut_at       timestamptz NOT NULL,
  undone_by    uuid,
  undone_at    timestamptz,
  CONSTRAINT prebill_cut_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT prebill_cut_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_cut_cut_by_fkey FOREIGN KEY (cut_by) REFERENCES person (id),
  CONSTRAINT prebill_cut_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES person (id),
  CONSTRAINT prebill_cut_seq_key UNIQUE (firm_id, prebill_id, seq),
  CONSTRAINT prebill_cut_side_known CHECK (side IN ('bureau', 'firm')),
  CONSTRAINT prebill_cut_amount_positive CHECK (amount_minor > 0),
  CONSTRAINT prebill_cut_reason_known CHECK (reason IN ('RATE', 'DISCOUNT', 'COURTESY', 'CAP', 'FIXED', 'GUIDELINE', 'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER')),
  CONSTRAINT prebill_cut_texts_length CHECK (length(rule) BETWEEN 1 AND 20 AND length(note) <= 500),
  CONSTRAINT prebill_cut_undone_set CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);
CALL isolate('prebill_cut');
REVOKE UPDATE, DELETE ON prebill_cut FROM docketry_api, docketry_worker;
GRANT UPDATE (undone_by, undone_at) ON prebill_cut TO docketry_api, docketry_worker;

-- What was approved, invoiced or cancelled stands still.
-- +goose StatementBegin
CREATE FUNCTION prebill_cut_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  state text;
BEGIN
  SELECT p.status INTO state FROM prebill p WHERE p.firm_id = NEW.firm_id AND p.id = NEW.prebill_id FOR SHARE;
  IF state IN ('approved', 'taken', 'cancelled') THEN
    RAISE EXCEPTION 'the fees of a pre-bill that is % do not change', state USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_cut_frozen', TABLE = 'prebill_cut';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_cut_freeze BEFORE INSERT OR UPDATE ON prebill_cut FOR EACH ROW EXECUTE FUNCTION prebill_cut_stands();

-- What a pre-bill comes to before tax: one sum for lists, runs and queues.
CREATE FUNCTION prebill_net(firm uuid, bill uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (coalesce((SELECT sum(l.amount_minor) FROM prebill_line l WHERE l.firm_id = firm AND l.prebill_id = bill AND NOT l.held), 0)
    - coalesce((SELECT sum(c.amount_minor) FROM prebill_cut c WHERE c.firm_id = firm AND c.prebill_id = bill AND c.undone_at IS NULL), 0))::bigint
$$;
GRANT EXECUTE ON FUNCTION prebill_net(uuid, uuid) TO docketry_api, docketry_worker, docketry_bureau;
GRANT SELECT (firm_id, prebill_id, amount_minor, undone_at) ON prebill_cut TO docketry_bureau;

ALTER TABLE invoice_line ALTER COLUMN entry_id DROP NOT NULL;
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_kind_known;
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_kind_known CHECK (kind IN ('fee', 'price', 'adjustment', 'expense'));
-- A price and an adjustment have no entry; what is not work has no product but its own.
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_entry_set CHECK ((kind IN ('fee', 'expense')) = (entry_id IS NOT NULL));
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_adjustment_plain CHECK (kind <> 'adjustment' OR (quantity_e4 = 0 AND rate_e4 = 0 AND value_minor = 0));

-- +goose Down
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_adjustment_plain;
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_entry_set;
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_kind_known;
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_kind_known CHECK (kind IN ('fee', 'expense'));
ALTER TABLE invoice_line ALTER COLUMN entry_id SET NOT NULL;
DROP FUNCTION prebill_net(uuid, uuid);
DROP TABLE prebill_cut;
DROP FUNCTION prebill_cut_stands();
