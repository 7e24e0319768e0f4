-- 00049_invitee.sql: the name under which a firm invited somebody, until they first come. Whether, and as
-- whom, an address is known at another firm is no firm's to learn (SECURITY T24).
-- +goose Up
CREATE TABLE invitee (
  firm_id    uuid        NOT NULL,
  person_id  uuid        NOT NULL,
  name       text        NOT NULL, -- as the firm typed it
  created_at timestamptz NOT NULL,
  CONSTRAINT invitee_pkey PRIMARY KEY (firm_id, person_id),
  CONSTRAINT invitee_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT invitee_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT invitee_name_length CHECK (length(name) BETWEEN 1 AND 120)
);
CALL isolate('invitee');
REVOKE UPDATE ON invitee FROM docketry_api, docketry_worker;

-- A person as the firm of the scope knows them: what they are called and whether they sign in elsewhere
-- shows once they have used what the firm gave them.
CREATE VIEW acquaintance WITH (security_invoker = true) AS
  SELECT p.id, p.email, coalesce(i.name, p.name) AS name, p.staff,
    CASE WHEN i.person_id IS NOT NULL AND p.status = 'active' THEN 'invited' ELSE p.status END AS status
  FROM person p LEFT JOIN invitee i ON i.firm_id = (SELECT auth.firm()) AND i.person_id = p.id;
GRANT SELECT ON acquaintance TO docketry_api, docketry_worker;

-- +goose Down
DROP VIEW acquaintance;
DROP TABLE invitee;
