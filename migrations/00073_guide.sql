-- 00073_guide.sql: what a payor, matter, client or the firm itself lays down for bills
-- (LEGAL-BILLING 7, engine rules 3 and 8): versions that the firm signs.
-- +goose Up
CREATE TABLE guide (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  client_id  uuid, -- at most one of the three; none is the firm's own
  matter_id  uuid,
  payor_id   uuid,
  number     integer     NOT NULL, -- version 1, 2, .. of the same place
  from_on    date        NOT NULL, -- first day it is in force, in the firm's zone
  body       jsonb       NOT NULL, -- name, parameters, clauses, own rules, clauses for a person
  hash       text        NOT NULL, -- SHA-256 of place, number, day and body
  status     text        NOT NULL DEFAULT 'draft',
  created_by uuid        NOT NULL,
  created_at timestamptz NOT NULL,
  signed_by  uuid,
  signed_at  timestamptz,
  ended_by   uuid,
  ended_at   timestamptz,
  CONSTRAINT guide_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT guide_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT guide_client_fkey FOREIGN KEY (firm_id, client_id) REFERENCES client (firm_id, id),
  CONSTRAINT guide_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT guide_payor_fkey FOREIGN KEY (firm_id, payor_id) REFERENCES payor (firm_id, id),
  CONSTRAINT guide_created_by_fkey FOREIGN KEY (created_by) REFERENCES person (id),
  CONSTRAINT guide_signed_by_fkey FOREIGN KEY (signed_by) REFERENCES person (id),
  CONSTRAINT guide_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  CONSTRAINT guide_one_place CHECK (num_nonnulls(client_id, matter_id, payor_id) <= 1),
  CONSTRAINT guide_number_positive CHECK (number >= 1),
  CONSTRAINT guide_status_known CHECK (status IN ('draft', 'signed', 'ended')),
  CONSTRAINT guide_signed_whole CHECK ((signed_by IS NULL) = (signed_at IS NULL) AND (status = 'draft') = (signed_at IS NULL)),
  CONSTRAINT guide_ended_whole CHECK ((ended_by IS NULL) = (ended_at IS NULL) AND (status = 'ended') = (ended_at IS NOT NULL)),
  CONSTRAINT guide_hash_form CHECK (hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT guide_body_size CHECK (length(body::text) <= 1048576)
);
CALL isolate('guide');
REVOKE UPDATE ON guide FROM docketry_api, docketry_worker;
GRANT UPDATE (status, signed_by, signed_at, ended_by, ended_at) ON guide TO docketry_api, docketry_worker;
CREATE UNIQUE INDEX guide_version ON guide (firm_id, coalesce(payor_id, matter_id, client_id, firm_id), number);
CREATE UNIQUE INDEX guide_draft ON guide (firm_id, coalesce(payor_id, matter_id, client_id, firm_id)) WHERE status = 'draft';
CREATE INDEX guide_signed ON guide (firm_id, from_on) WHERE status = 'signed';

-- What was signed stays: a draft may go, a signed version may only end.
-- +goose StatementBegin
CREATE FUNCTION guide_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'draft' AND (TG_OP = 'DELETE' OR OLD.status = 'ended' OR NEW.status <> 'ended' OR NEW.signed_at <> OLD.signed_at OR NEW.signed_by <> OLD.signed_by) THEN
    RAISE EXCEPTION 'a signed version of guidelines may only end' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'guide_stays';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER guide_stays BEFORE UPDATE OR DELETE ON guide FOR EACH ROW EXECUTE FUNCTION guide_stays();

-- +goose Down
DROP TABLE guide;
DROP FUNCTION guide_stays();
