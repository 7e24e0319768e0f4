-- 00060_breakglass.sql: emergency access of the bureau to one firm (SECURITY T34).
-- +goose Up
ALTER TABLE access_request
  DROP CONSTRAINT access_request_kind_known,
  ADD CONSTRAINT access_request_kind_known CHECK (kind IN ('ask', 'second', 'emergency')),
  ADD CONSTRAINT access_request_emergency CHECK ((kind = 'emergency') = (role = 'break_glass') AND (kind <> 'emergency' OR asked_by = person_id));
ALTER TABLE access_grant
  DROP CONSTRAINT access_grant_role_known,
  ADD CONSTRAINT access_grant_role_known CHECK (role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee', 'break_glass',
    'firm_admin', 'partner', 'timekeeper')),
  -- An hour at most, no sealed matter, and a second person: nobody grants to themselves (access_grant_no_self).
  ADD CONSTRAINT access_grant_break_glass CHECK (role <> 'break_glass' OR (scope_kind = 'all' AND label <= 2 AND granted_by IS NOT NULL
    AND until_at IS NOT NULL AND until_at <= from_at + interval '60 minutes'));

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION access_grant_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bureau_role boolean := NEW.role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee', 'break_glass');
BEGIN
  IF bureau_role <> (SELECT p.staff FROM person p WHERE p.id = NEW.person_id)
     OR (NEW.role = 'bureau_admin' AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'bureau')
     OR ((NOT bureau_role OR NEW.role = 'break_glass') AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'firm') THEN
    RAISE EXCEPTION 'role % is not for this person or this firm', NEW.role
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'access_grant_fits';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose Down
DELETE FROM access_request WHERE kind = 'emergency';
DELETE FROM access_grant WHERE role = 'break_glass';
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION access_grant_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bureau_role boolean := NEW.role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee');
BEGIN
  IF bureau_role <> (SELECT p.staff FROM person p WHERE p.id = NEW.person_id)
     OR (NEW.role = 'bureau_admin' AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'bureau')
     OR (NOT bureau_role AND (SELECT f.kind FROM firm f WHERE f.firm_id = NEW.firm_id) <> 'firm') THEN
    RAISE EXCEPTION 'role % is not for this person or this firm', NEW.role
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'access_grant_fits';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
ALTER TABLE access_grant
  DROP CONSTRAINT access_grant_break_glass,
  DROP CONSTRAINT access_grant_role_known,
  ADD CONSTRAINT access_grant_role_known CHECK (role IN ('bureau_admin', 'team_lead', 'specialist', 'quality_auditor', 'trainee',
    'firm_admin', 'partner', 'timekeeper'));
ALTER TABLE access_request
  DROP CONSTRAINT access_request_emergency,
  DROP CONSTRAINT access_request_kind_known,
  ADD CONSTRAINT access_request_kind_known CHECK (kind IN ('ask', 'second'));
