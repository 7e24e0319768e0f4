-- 00138_contingency.sql: contingent fees (LEGAL-BILLING 8 and 13, Model Rule 1.5): the signed writing of an
-- arrangement, and what came in for a client. Money in minor units.
-- +goose Up

-- The writing that a client signed, as a file. One stands for each version of an arrangement.
CREATE TABLE arrangement_writing (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  arrangement_id uuid        NOT NULL,
  signed_on      date        NOT NULL, -- C2
  name           text        NOT NULL, -- C2: the file's, with the ending its bytes have
  media          text        NOT NULL,
  size           bigint      NOT NULL,
  sha256         text        NOT NULL, -- C2: of the bytes as they came
  blob_id        uuid        NOT NULL,
  added_by       uuid        NOT NULL,
  added_at       timestamptz NOT NULL,
  removed_by     uuid,
  removed_at     timestamptz,
  reason         text        NOT NULL DEFAULT '', -- C2: why it was taken off
  CONSTRAINT arrangement_writing_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT arrangement_writing_arrangement_fkey FOREIGN KEY (firm_id, arrangement_id) REFERENCES arrangement (firm_id, id),
  CONSTRAINT arrangement_writing_blob_fkey FOREIGN KEY (firm_id, blob_id) REFERENCES blob (firm_id, id),
  CONSTRAINT arrangement_writing_added_by_fkey FOREIGN KEY (added_by) REFERENCES person (id),
  CONSTRAINT arrangement_writing_removed_by_fkey FOREIGN KEY (removed_by) REFERENCES person (id),
  CONSTRAINT arrangement_writing_blob_key UNIQUE (firm_id, blob_id),
  CONSTRAINT arrangement_writing_media_known CHECK (media IN ('application/pdf', 'image/png', 'image/jpeg')),
  CONSTRAINT arrangement_writing_name_length CHECK (length(name) BETWEEN 5 AND 120),
  CONSTRAINT arrangement_writing_size_range CHECK (size BETWEEN 1 AND 10485760),
  CONSTRAINT arrangement_writing_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT arrangement_writing_removed CHECK ((removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (reason = '')),
  CONSTRAINT arrangement_writing_reason_length CHECK (length(reason) <= 300)
);
CALL isolate('arrangement_writing');
REVOKE UPDATE, DELETE ON arrangement_writing FROM docketry_api, docketry_worker;
REVOKE INSERT ON arrangement_writing FROM docketry_worker;
GRANT UPDATE (removed_by, removed_at, reason) ON arrangement_writing TO docketry_api;
CREATE UNIQUE INDEX arrangement_writing_one ON arrangement_writing (firm_id, arrangement_id) WHERE removed_at IS NULL;
COMMENT ON TABLE arrangement_writing IS 'class C2: the writing that a client signed, and what is known of its file';

-- Money that came in on a matter. What it says is in its versions.
CREATE TABLE recovery (
  firm_id   uuid    NOT NULL,
  id        uuid    NOT NULL,
  matter_id uuid    NOT NULL,
  number    integer NOT NULL, -- 1, 2, .. of the matter
  currency  text    NOT NULL,
  CONSTRAINT recovery_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT recovery_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT recovery_number_key UNIQUE (firm_id, matter_id, number),
  CONSTRAINT recovery_number_range CHECK (number BETWEEN 1 AND 9999)
);
CALL isolate('recovery');
REVOKE UPDATE, DELETE ON recovery FROM docketry_api, docketry_worker;
REVOKE INSERT ON recovery FROM docketry_worker;
COMMENT ON TABLE recovery IS 'class C1: that money came in on a matter';

-- What was recorded of it. A correction is a version of its own; the latest holds once somebody else confirmed it.
CREATE TABLE recovery_version (
  firm_id          uuid        NOT NULL,
  recovery_id      uuid        NOT NULL,
  version          integer     NOT NULL,
  stage            text        NOT NULL, -- C2
  amount_minor     bigint      NOT NULL, -- C2: gross, before costs
  received_on      date        NOT NULL, -- C2
  source           text        NOT NULL, -- C2: from whom, and how
  reason           text        NOT NULL DEFAULT '', -- C2: why it was corrected
  recorded_by      uuid        NOT NULL,
  recorded_at      timestamptz NOT NULL,
  confirmed_by     uuid,
  confirmed_at     timestamptz,
  withdrawn_by     uuid,
  withdrawn_at     timestamptz, -- as if nothing had come in
  withdrawn_reason text        NOT NULL DEFAULT '', -- C2
  CONSTRAINT recovery_version_pkey PRIMARY KEY (firm_id, recovery_id, version),
  CONSTRAINT recovery_version_recovery_fkey FOREIGN KEY (firm_id, recovery_id) REFERENCES recovery (firm_id, id),
  CONSTRAINT recovery_version_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES person (id),
  CONSTRAINT recovery_version_confirmed_by_fkey FOREIGN KEY (confirmed_by) REFERENCES person (id),
  CONSTRAINT recovery_version_withdrawn_by_fkey FOREIGN KEY (withdrawn_by) REFERENCES person (id),
  CONSTRAINT recovery_version_stage_known CHECK (stage IN ('settlement', 'trial', 'appeal')),
  CONSTRAINT recovery_version_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
  CONSTRAINT recovery_version_four_eyes CHECK (confirmed_by <> recorded_by),
  CONSTRAINT recovery_version_confirmed_whole CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
  CONSTRAINT recovery_version_withdrawn_whole CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_reason = '')),
  CONSTRAINT recovery_version_reason_given CHECK ((version = 1) = (reason = '')),
  CONSTRAINT recovery_version_texts_length CHECK (length(source) BETWEEN 3 AND 200 AND length(reason) <= 300 AND length(withdrawn_reason) <= 300)
);
CALL isolate('recovery_version');
REVOKE UPDATE, DELETE ON recovery_version FROM docketry_api, docketry_worker;
REVOKE INSERT ON recovery_version FROM docketry_worker;
GRANT UPDATE (confirmed_by, confirmed_at, withdrawn_by, withdrawn_at, withdrawn_reason) ON recovery_version TO docketry_api;
COMMENT ON TABLE recovery_version IS 'class C2: what was recorded of money that came in, by whom, and who confirmed it';

-- A bill has a recovery as it has a price that somebody puts on it. It is on one live bill at most:
-- one that was cancelled, or whose invoices were all credited, gives it back (I01).
ALTER TABLE prebill_price ADD COLUMN recovery_id uuid;
ALTER TABLE prebill_price ADD COLUMN live boolean NOT NULL DEFAULT true;
ALTER TABLE prebill_price ADD CONSTRAINT prebill_price_recovery_fkey FOREIGN KEY (firm_id, recovery_id) REFERENCES recovery (firm_id, id);
ALTER TABLE prebill_price ADD CONSTRAINT prebill_price_recovery_code CHECK (recovery_id IS NULL OR code LIKE 'RECOVERY-%' AND quantity_e4 = 0);
GRANT UPDATE (live) ON prebill_price TO docketry_api, docketry_worker;
CREATE UNIQUE INDEX prebill_price_recovery_once ON prebill_price (firm_id, recovery_id) WHERE live AND recovery_id IS NOT NULL; -- I01: its share is billed once
CREATE UNIQUE INDEX prebill_price_one_recovery ON prebill_price (firm_id, prebill_id) WHERE recovery_id IS NOT NULL; -- a bill has one closing statement

-- The closing statement of a bill. It is worked out anew with every change until the approval.
CREATE TABLE prebill_closing (
  firm_id      uuid    NOT NULL,
  prebill_id   uuid    NOT NULL,
  recovery_id  uuid    NOT NULL,
  version      integer NOT NULL,
  gross_minor  bigint  NOT NULL, -- C2
  costs_minor  bigint  NOT NULL, -- C2
  fee_minor    bigint  NOT NULL, -- C2
  client_minor bigint  NOT NULL, -- C2: below zero where costs and fee are more than came in
  statement    jsonb   NOT NULL, -- C2: with the list behind the costs
  CONSTRAINT prebill_closing_pkey PRIMARY KEY (firm_id, prebill_id),
  CONSTRAINT prebill_closing_prebill_fkey FOREIGN KEY (firm_id, prebill_id) REFERENCES prebill (firm_id, id),
  CONSTRAINT prebill_closing_version_fkey FOREIGN KEY (firm_id, recovery_id, version) REFERENCES recovery_version (firm_id, recovery_id, version),
  CONSTRAINT prebill_closing_adds CHECK (gross_minor = fee_minor + costs_minor + client_minor),
  CONSTRAINT prebill_closing_signs CHECK (gross_minor > 0 AND costs_minor >= 0 AND fee_minor >= 0)
);
CALL isolate('prebill_closing');
REVOKE UPDATE ON prebill_closing FROM docketry_api, docketry_worker;
CREATE TRIGGER prebill_closing_freeze BEFORE INSERT OR DELETE ON prebill_closing FOR EACH ROW EXECUTE FUNCTION prebill_beside_stands();
COMMENT ON TABLE prebill_closing IS 'class C2: what a client gets of a recovery, and what the firm takes';

-- Whether a bill that is approved or invoiced has a recovery.
-- +goose StatementBegin
CREATE FUNCTION recovery_billed(firm uuid, of uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM prebill_price x JOIN prebill p ON p.firm_id = x.firm_id AND p.id = x.prebill_id
    WHERE x.firm_id = firm AND x.recovery_id = of AND x.live AND p.status IN ('approved', 'taken'))
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION recovery_billed(uuid, uuid) TO docketry_api, docketry_worker;

-- Versions follow one another, only the latest is confirmed or withdrawn, each once, and none while a bill
-- has the recovery that is approved or invoiced. Who changes one and who approves a bill wait for each other.
-- +goose StatementBegin
CREATE FUNCTION recovery_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('recovery ' || NEW.recovery_id::text, 0));
  SELECT max(v.version) INTO last FROM recovery_version v WHERE v.firm_id = NEW.firm_id AND v.recovery_id = NEW.recovery_id;
  IF recovery_billed(NEW.firm_id, NEW.recovery_id) THEN
    RAISE EXCEPTION 'a recovery that is billed does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'recovery_billed', TABLE = 'recovery_version';
  END IF;
  IF EXISTS (SELECT FROM recovery_version v WHERE v.firm_id = NEW.firm_id AND v.recovery_id = NEW.recovery_id AND v.withdrawn_at IS NOT NULL)
      OR TG_OP = 'INSERT' AND (NEW.version <> coalesce(last, 0) + 1 OR NEW.confirmed_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL)
      OR TG_OP = 'UPDATE' AND (NEW.version <> last OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at) THEN
    RAISE EXCEPTION 'only the latest version of a recovery is followed, confirmed or withdrawn' USING ERRCODE = 'check_violation', CONSTRAINT = 'recovery_version_order', TABLE = 'recovery_version';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER recovery_version_guard BEFORE INSERT OR UPDATE ON recovery_version FOR EACH ROW EXECUTE FUNCTION recovery_version_guard();

-- A writing stays while a bill goes by it, and what was taken off stays off.
-- +goose StatementBegin
CREATE FUNCTION arrangement_writing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('writing ' || NEW.arrangement_id::text, 0));
  IF TG_OP = 'UPDATE' AND OLD.removed_at IS NOT NULL THEN
    RAISE EXCEPTION 'a writing that was taken off stays off' USING ERRCODE = 'check_violation', CONSTRAINT = 'arrangement_writing_stays_off', TABLE = 'arrangement_writing';
  END IF;
  IF TG_OP = 'UPDATE' AND EXISTS (SELECT FROM prebill_charge c JOIN prebill p ON p.firm_id = c.firm_id AND p.id = c.prebill_id
      WHERE c.firm_id = NEW.firm_id AND c.arrangement_id = NEW.arrangement_id AND c.what = 'contingent fee' AND p.status IN ('approved', 'taken') AND NOT bill_taken_back(p.firm_id, p.id)) THEN
    RAISE EXCEPTION 'a bill goes by this writing' USING ERRCODE = 'check_violation', CONSTRAINT = 'arrangement_writing_used', TABLE = 'arrangement_writing';
  END IF;
  IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT FROM arrangement a WHERE a.firm_id = NEW.firm_id AND a.id = NEW.arrangement_id AND a.terms->>'kind' = 'contingency') THEN
    RAISE EXCEPTION 'only a contingent fee has a signed writing' USING ERRCODE = 'check_violation', CONSTRAINT = 'arrangement_writing_of_contingency', TABLE = 'arrangement_writing';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER arrangement_writing_guard BEFORE INSERT OR UPDATE ON arrangement_writing FOR EACH ROW EXECUTE FUNCTION arrangement_writing_guard();

-- A bill takes a recovery of its own matter, in its own currency; what it gave back it does not take again.
-- +goose StatementBegin
CREATE FUNCTION prebill_price_recovery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.live THEN
      RAISE EXCEPTION 'what a bill gave back it does not take again' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_price_given_back', TABLE = 'prebill_price';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT EXISTS (SELECT FROM recovery r JOIN prebill p ON p.firm_id = r.firm_id AND p.matter_id = r.matter_id AND p.currency = r.currency
      WHERE r.firm_id = NEW.firm_id AND r.id = NEW.recovery_id AND p.id = NEW.prebill_id AND NEW.code = 'RECOVERY-' || r.number) THEN
    RAISE EXCEPTION 'a bill takes a recovery of its own matter' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_price_own_recovery', TABLE = 'prebill_price';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_price_recovery BEFORE INSERT ON prebill_price FOR EACH ROW WHEN (NEW.recovery_id IS NOT NULL) EXECUTE FUNCTION prebill_price_recovery();
CREATE TRIGGER prebill_price_gives_back BEFORE UPDATE ON prebill_price FOR EACH ROW EXECUTE FUNCTION prebill_price_recovery();

-- A bill that is cancelled, and one of which the last invoice is credited, gives its recovery back.
-- +goose StatementBegin
CREATE FUNCTION prebill_gives_recovery_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bill uuid;
BEGIN
  IF TG_TABLE_NAME = 'prebill' THEN
    bill := (to_jsonb(NEW)->>'id')::uuid;
  ELSE
    bill := (to_jsonb(NEW)->>'prebill_id')::uuid;
    IF NOT bill_taken_back(NEW.firm_id, bill) THEN
      RETURN NULL;
    END IF;
  END IF;
  UPDATE prebill_price SET live = false WHERE firm_id = NEW.firm_id AND prebill_id = bill AND recovery_id IS NOT NULL AND live;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_gives_recovery_back AFTER UPDATE OF status ON prebill FOR EACH ROW WHEN (NEW.status = 'cancelled' AND OLD.status <> 'cancelled') EXECUTE FUNCTION prebill_gives_recovery_back();
CREATE TRIGGER invoice_gives_recovery_back AFTER UPDATE OF status ON invoice FOR EACH ROW WHEN (NEW.status = 'credited' AND OLD.status <> 'credited') EXECUTE FUNCTION prebill_gives_recovery_back();

-- What is approved is a recovery as it stands and was confirmed, with its statement, under a writing that is there.
-- +goose StatementBegin
CREATE FUNCTION prebill_recovery_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE x record;
BEGIN
  FOR x IN SELECT c.arrangement_id FROM prebill_charge c WHERE c.firm_id = NEW.firm_id AND c.prebill_id = NEW.id AND c.what = 'contingent fee' LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('writing ' || x.arrangement_id::text, 0));
    IF NOT EXISTS (SELECT FROM arrangement_writing w WHERE w.firm_id = NEW.firm_id AND w.arrangement_id = x.arrangement_id AND w.removed_at IS NULL) THEN
      RAISE EXCEPTION 'a contingent fee needs a signed writing before it is billed' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_contingency_signed', TABLE = 'prebill';
    END IF;
    IF NOT EXISTS (SELECT FROM prebill_closing k WHERE k.firm_id = NEW.firm_id AND k.prebill_id = NEW.id) THEN
      RAISE EXCEPTION 'a contingent fee has a closing statement' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_contingency_closed', TABLE = 'prebill';
    END IF;
  END LOOP;
  FOR x IN SELECT k.recovery_id, k.version FROM prebill_closing k WHERE k.firm_id = NEW.firm_id AND k.prebill_id = NEW.id LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('recovery ' || x.recovery_id::text, 0));
    IF NOT EXISTS (SELECT FROM recovery_version v WHERE v.firm_id = NEW.firm_id AND v.recovery_id = x.recovery_id AND v.version = x.version AND v.confirmed_at IS NOT NULL AND v.withdrawn_at IS NULL
        AND NOT EXISTS (SELECT FROM recovery_version l WHERE l.firm_id = v.firm_id AND l.recovery_id = v.recovery_id AND l.version > v.version))
      OR NOT EXISTS (SELECT FROM prebill_price p WHERE p.firm_id = NEW.firm_id AND p.prebill_id = NEW.id AND p.recovery_id = x.recovery_id AND p.live) THEN
      RAISE EXCEPTION 'the recovery is another than the one that the bill was worked out by' USING ERRCODE = 'check_violation', CONSTRAINT = 'prebill_recovery_stands', TABLE = 'prebill';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER prebill_recovery_stands BEFORE UPDATE OF status ON prebill FOR EACH ROW WHEN (NEW.status = 'approved' AND OLD.status <> 'approved') EXECUTE FUNCTION prebill_recovery_stands();

ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'task', 'collar', 'contingent fee', 'success fee', 'volume discount', 'discount', 'holdback', 'holdback release'));
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_sign;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_sign CHECK (CASE
  WHEN what IN ('volume discount', 'discount', 'holdback') THEN amount_minor < 0
  WHEN what = 'collar' THEN amount_minor <> 0
  WHEN what = 'contingent fee' THEN amount_minor >= 0 -- nothing where costs ate up what came in: the statement says so
  ELSE amount_minor > 0 END);
-- A pre-bill has the share of its one recovery once.
CREATE UNIQUE INDEX prebill_charge_contingent_once ON prebill_charge (firm_id, prebill_id) WHERE what = 'contingent fee';

ALTER TABLE invoice_document DROP CONSTRAINT invoice_document_format_known;
ALTER TABLE invoice_document ADD CONSTRAINT invoice_document_format_known CHECK (format IN ('pdf', 'closing', 'ledes_1998b', 'ledes_98bi_v2', 'ledes_xml_21', 'ledes_xml_22'));

-- +goose Down
-- What was recorded, signed and stated cannot be kept without its tables: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM recovery) OR EXISTS (SELECT FROM arrangement_writing) THEN
    RAISE EXCEPTION 'recoveries or signed writings are recorded; this step cannot be taken back without losing them';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE invoice_document DROP CONSTRAINT invoice_document_format_known;
ALTER TABLE invoice_document ADD CONSTRAINT invoice_document_format_known CHECK (format IN ('pdf', 'ledes_1998b', 'ledes_98bi_v2', 'ledes_xml_21', 'ledes_xml_22'));
DROP INDEX prebill_charge_contingent_once;
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_sign;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_sign CHECK (CASE
  WHEN what IN ('volume discount', 'discount', 'holdback') THEN amount_minor < 0
  WHEN what = 'collar' THEN amount_minor <> 0
  ELSE amount_minor > 0 END);
ALTER TABLE prebill_charge DROP CONSTRAINT prebill_charge_what_known;
ALTER TABLE prebill_charge ADD CONSTRAINT prebill_charge_what_known CHECK (what IN ('fixed', 'availability', 'subscription', 'task', 'collar', 'success fee', 'volume discount', 'discount', 'holdback', 'holdback release'));
DROP TRIGGER prebill_recovery_stands ON prebill;
DROP FUNCTION prebill_recovery_stands();
DROP TRIGGER invoice_gives_recovery_back ON invoice;
DROP TRIGGER prebill_gives_recovery_back ON prebill;
DROP FUNCTION prebill_gives_recovery_back();
DROP TRIGGER prebill_price_gives_back ON prebill_price;
DROP TRIGGER prebill_price_recovery ON prebill_price;
DROP FUNCTION prebill_price_recovery();
DROP TABLE prebill_closing;
DROP INDEX prebill_price_one_recovery;
DROP INDEX prebill_price_recovery_once;
REVOKE UPDATE (live) ON prebill_price FROM docketry_api, docketry_worker;
ALTER TABLE prebill_price DROP CONSTRAINT prebill_price_recovery_code, DROP CONSTRAINT prebill_price_recovery_fkey, DROP COLUMN live, DROP COLUMN recovery_id;
DROP TABLE recovery_version;
DROP FUNCTION recovery_version_guard();
DROP TABLE arrangement_writing;
DROP FUNCTION arrangement_writing_guard();
DROP FUNCTION recovery_billed(uuid, uuid);
DROP TABLE recovery;
