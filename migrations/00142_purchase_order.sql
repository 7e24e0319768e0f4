-- 00142_purchase_order.sql: purchase orders that payors give (LEDES 98BI V2 field 25, guideline rule INV-13): what an order is for, what
-- may be billed on it before tax, how that was changed, and which invoices drew on it. Money in minor units.

-- +goose Up
CREATE TABLE purchase_order (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  payor_id     uuid        NOT NULL,
  matter_id    uuid,                -- NULL is for all matters that the payor pays
  number       text        NOT NULL, -- C2: as the client gave it
  currency     text        NOT NULL,
  amount_minor bigint,              -- C2: before tax; NULL is without a limit
  drawn_minor  bigint      NOT NULL DEFAULT 0, -- C2: by invoices less their credit notes, moved by triggers alone
  from_on      date        NOT NULL,
  until_on     date,                -- last day of an invoice's date; NULL while open
  made_by      uuid        NOT NULL,
  made_at      timestamptz NOT NULL,
  closed_by    uuid,
  closed_at    timestamptz,
  version      integer     NOT NULL DEFAULT 1,
  CONSTRAINT purchase_order_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT purchase_order_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT purchase_order_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT purchase_order_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT purchase_order_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES person (id),
  CONSTRAINT purchase_order_currency_key UNIQUE (firm_id, id, currency),
  CONSTRAINT purchase_order_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT purchase_order_number_form CHECK (length(number) BETWEEN 1 AND 100 AND number = btrim(number)),
  CONSTRAINT purchase_order_amount_range CHECK (amount_minor BETWEEN 1 AND 10000000000000),
  CONSTRAINT purchase_order_drawn_within CHECK (drawn_minor <= amount_minor), -- INV-13
  CONSTRAINT purchase_order_drawn_positive CHECK (drawn_minor >= 0),
  CONSTRAINT purchase_order_days_order CHECK (until_on >= from_on),
  CONSTRAINT purchase_order_closed_set CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CALL isolate('purchase_order');
REVOKE UPDATE, DELETE ON purchase_order FROM docketry_api, docketry_worker;
REVOKE INSERT ON purchase_order FROM docketry_worker;
GRANT UPDATE (amount_minor, until_on, drawn_minor, closed_by, closed_at, version) ON purchase_order TO docketry_api;
GRANT UPDATE (drawn_minor) ON purchase_order TO docketry_worker;
CREATE UNIQUE INDEX purchase_order_number ON purchase_order (firm_id, payor_id, number) WHERE closed_at IS NULL;
COMMENT ON TABLE purchase_order IS 'class C2: orders that payors gave for their invoices';

-- What an order allows, as it was laid down and changed.
CREATE TABLE purchase_order_change (
  firm_id      uuid        NOT NULL,
  order_id     uuid        NOT NULL,
  n            integer     NOT NULL,
  amount_minor bigint,
  until_on     date,
  reference    text        NOT NULL DEFAULT '', -- C2: the client's word for it, such as a letter of a day
  made_by      uuid        NOT NULL,
  made_at      timestamptz NOT NULL,
  CONSTRAINT purchase_order_change_pkey PRIMARY KEY (firm_id, order_id, n),
  CONSTRAINT purchase_order_change_order_fkey FOREIGN KEY (firm_id, order_id) REFERENCES purchase_order (firm_id, id),
  CONSTRAINT purchase_order_change_made_by_fkey FOREIGN KEY (made_by) REFERENCES person (id),
  CONSTRAINT purchase_order_change_reference_length CHECK (length(reference) <= 200)
);
CALL isolate('purchase_order_change');
REVOKE UPDATE, DELETE ON purchase_order_change FROM docketry_api, docketry_worker;
REVOKE INSERT ON purchase_order_change FROM docketry_worker;
COMMENT ON TABLE purchase_order_change IS 'class C2: how orders were laid down and changed';

-- An invoice that names an order.
CREATE TABLE purchase_draw (
  firm_id    uuid   NOT NULL,
  invoice_id uuid   NOT NULL,
  order_id   uuid   NOT NULL,
  currency   text   NOT NULL,
  net_minor  bigint NOT NULL,
  CONSTRAINT purchase_draw_pkey PRIMARY KEY (firm_id, invoice_id),
  CONSTRAINT purchase_draw_invoice_fkey FOREIGN KEY (firm_id, invoice_id, currency) REFERENCES invoice (firm_id, id, currency), -- I23
  CONSTRAINT purchase_draw_order_fkey FOREIGN KEY (firm_id, order_id, currency) REFERENCES purchase_order (firm_id, id, currency),
  CONSTRAINT purchase_draw_positive CHECK (net_minor >= 0)
);
CALL isolate('purchase_draw');
REVOKE UPDATE, DELETE ON purchase_draw FROM docketry_api, docketry_worker;
CREATE INDEX purchase_draw_order ON purchase_draw (firm_id, order_id); -- an order's page
COMMENT ON TABLE purchase_draw IS 'class C2: which invoice draws on which order';

-- +goose StatementBegin
CREATE FUNCTION purchase_draw_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE purchase_order SET drawn_minor = drawn_minor + NEW.net_minor WHERE firm_id = NEW.firm_id AND id = NEW.order_id;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER purchase_draw_counts AFTER INSERT ON purchase_draw FOR EACH ROW EXECUTE FUNCTION purchase_draw_counts();
-- +goose StatementBegin
CREATE FUNCTION purchase_draw_credited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE purchase_order o SET drawn_minor = o.drawn_minor - NEW.net_minor FROM purchase_draw d
    WHERE d.firm_id = NEW.firm_id AND d.invoice_id = NEW.invoice_id AND o.firm_id = d.firm_id AND o.id = d.order_id;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER purchase_draw_credited AFTER INSERT ON credit_note FOR EACH ROW EXECUTE FUNCTION purchase_draw_credited();

-- +goose Down
-- Invoices name orders that would be nowhere: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM purchase_order) THEN
    RAISE EXCEPTION 'there are purchase orders; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
DROP TRIGGER purchase_draw_credited ON credit_note;
DROP FUNCTION purchase_draw_credited();
DROP TABLE purchase_draw;
DROP FUNCTION purchase_draw_counts();
DROP TABLE purchase_order_change;
DROP TABLE purchase_order;
