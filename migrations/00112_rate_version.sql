-- 00112_rate_version.sql: which rate, of which state of the register, an entry was priced by (LEGAL-BILLING 8).
-- +goose Up
-- The register's version goes up by one with each transaction that changes what a rate is resolved by.
CREATE TABLE rate_register (
  firm_id uuid   NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT rate_register_pkey PRIMARY KEY (firm_id),
  CONSTRAINT rate_register_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT rate_register_version_positive CHECK (version > 0)
);
CALL isolate('rate_register');
REVOKE DELETE ON rate_register FROM docketry_api, docketry_worker;
INSERT INTO rate_register (firm_id, version) SELECT DISTINCT firm_id, 1 FROM rate;

-- +goose StatementBegin
CREATE FUNCTION rate_register_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.firm_id <> OLD.firm_id OR NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'the version of a rate register only goes up, by one' USING ERRCODE = 'check_violation', CONSTRAINT = 'rate_register_grows', TABLE = 'rate_register';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION rate_register_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  firm uuid := coalesce(NEW.firm_id, OLD.firm_id);
BEGIN
  IF coalesce(current_setting('docketry.rates_moved', true), '') = firm::text THEN
    RETURN NULL; -- by this transaction, already
  END IF;
  INSERT INTO rate_register AS r (firm_id, version) VALUES (firm, 1) ON CONFLICT (firm_id) DO UPDATE SET version = r.version + 1;
  PERFORM set_config('docketry.rates_moved', firm::text, true);
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER rate_register_grows BEFORE UPDATE ON rate_register FOR EACH ROW EXECUTE FUNCTION rate_register_stands();
CREATE TRIGGER rate_moves AFTER INSERT OR UPDATE OR DELETE ON rate FOR EACH ROW EXECUTE FUNCTION rate_register_moves();
CREATE TRIGGER client_group_member_moves AFTER INSERT OR UPDATE OR DELETE ON client_group_member FOR EACH ROW EXECUTE FUNCTION rate_register_moves();
CREATE TRIGGER timekeeper_moves AFTER UPDATE OF class, office ON timekeeper FOR EACH ROW
  WHEN (OLD.class IS DISTINCT FROM NEW.class OR OLD.office IS DISTINCT FROM NEW.office) EXECUTE FUNCTION rate_register_moves();
CREATE TRIGGER matter_rates_move AFTER UPDATE OF client_id, practice_group ON matter FOR EACH ROW
  WHEN (OLD.client_id IS DISTINCT FROM NEW.client_id OR OLD.practice_group IS DISTINCT FROM NEW.practice_group) EXECUTE FUNCTION rate_register_moves();

-- NULL on a cost, and on what was priced before versions were kept.
ALTER TABLE entry
  ADD COLUMN rate_id      uuid,     -- NULL too where the file gave the rate
  ADD COLUMN rate_level   smallint, -- of LEGAL-BILLING 8
  ADD COLUMN card_version bigint,   -- of the register when it was priced; 0 while it was empty
  ADD CONSTRAINT entry_rate_fkey FOREIGN KEY (firm_id, rate_id) REFERENCES rate (firm_id, id),
  ADD CONSTRAINT entry_rate_level_range CHECK (rate_level BETWEEN 1 AND 11),
  ADD CONSTRAINT entry_rate_kept CHECK (CASE WHEN rate_level IS NULL THEN rate_id IS NULL AND card_version IS NULL
    ELSE kind = 'time' AND card_version >= 0 AND (rate_level = 1) = (rate_id IS NULL) END);
CREATE INDEX entry_rate ON entry (firm_id, rate_id) WHERE rate_id IS NOT NULL; -- what a rate priced

-- +goose Down
DROP INDEX entry_rate;
ALTER TABLE entry
  DROP CONSTRAINT entry_rate_kept,
  DROP CONSTRAINT entry_rate_level_range,
  DROP CONSTRAINT entry_rate_fkey,
  DROP COLUMN rate_id,
  DROP COLUMN rate_level,
  DROP COLUMN card_version;
DROP TRIGGER matter_rates_move ON matter;
DROP TRIGGER timekeeper_moves ON timekeeper;
DROP TRIGGER client_group_member_moves ON client_group_member;
DROP TRIGGER rate_moves ON rate;
DROP FUNCTION rate_register_moves();
DROP TABLE rate_register;
DROP FUNCTION rate_register_stands();
