-- 00047_sso.sql: signing in through a firm's own provider (OIDC). Issuer and subject are
-- who somebody is there; an address never is.
-- +goose Up
CREATE TABLE firm_sso (
  firm_id   uuid        NOT NULL,
  issuer    text        NOT NULL, -- of the operator's list; another one there has to be proven anew
  proven_at timestamptz NOT NULL, -- an administrator has come back from it
  proven_by uuid        NOT NULL,
  on_at     timestamptz,          -- the firm's people may sign in through it
  alone     boolean     NOT NULL DEFAULT false, -- and no other way, but for its administrators
  version   integer     NOT NULL DEFAULT 1,
  CONSTRAINT firm_sso_pkey PRIMARY KEY (firm_id),
  CONSTRAINT firm_sso_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT firm_sso_proven_by_fkey FOREIGN KEY (proven_by) REFERENCES person (id),
  CONSTRAINT firm_sso_issuer_length CHECK (length(issuer) BETWEEN 1 AND 500),
  CONSTRAINT firm_sso_alone_on CHECK (NOT alone OR on_at IS NOT NULL)
);
CALL isolate('firm_sso');
REVOKE DELETE ON firm_sso FROM docketry_api, docketry_worker;

-- One subject is one person of the firm, and says nothing of them in another.
CREATE TABLE sso_link (
  firm_id   uuid        NOT NULL,
  issuer    text        NOT NULL,
  subject   text        NOT NULL,
  person_id uuid        NOT NULL,
  linked_at timestamptz NOT NULL,
  used_at   timestamptz,
  CONSTRAINT sso_link_pkey PRIMARY KEY (firm_id, issuer, subject),
  CONSTRAINT sso_link_person_key UNIQUE (firm_id, issuer, person_id),
  CONSTRAINT sso_link_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT sso_link_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT sso_link_texts_length CHECK (length(issuer) BETWEEN 1 AND 500 AND length(subject) BETWEEN 1 AND 255)
);
CALL isolate('sso_link');

-- Somebody is on their way to the provider and back.
CREATE TABLE sso_attempt (
  firm_id    uuid        NOT NULL,
  hash       text        NOT NULL, -- SHA-256 of the state; the row goes with its first answer (T12)
  purpose    text        NOT NULL,
  person_id  uuid,                 -- who is signed in, or invited; NULL for signing in
  holder     text        NOT NULL, -- the browser's session that began it
  issuer     text        NOT NULL,
  nonce      text        NOT NULL,
  verifier   text        NOT NULL, -- of PKCE
  invite     text        NOT NULL DEFAULT '', -- the hash of the invitation that is answered
  expires_at timestamptz NOT NULL,
  CONSTRAINT sso_attempt_pkey PRIMARY KEY (firm_id, hash),
  CONSTRAINT sso_attempt_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT sso_attempt_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT sso_attempt_purpose_known CHECK (purpose IN ('enter', 'prove', 'link', 'invited')),
  CONSTRAINT sso_attempt_person_known CHECK ((purpose = 'enter') = (person_id IS NULL)),
  CONSTRAINT sso_attempt_texts_length CHECK (length(hash) = 64 AND length(holder) = 64 AND length(issuer) <= 500 AND length(nonce) <= 100 AND length(verifier) <= 200 AND length(invite) <= 64)
);
CALL isolate('sso_attempt');
REVOKE UPDATE ON sso_attempt FROM docketry_api, docketry_worker;
CREATE INDEX sso_attempt_age ON sso_attempt (firm_id, expires_at); -- the sweep

-- The firm through whose provider a session began: it opens that firm and no other.
ALTER TABLE session ADD COLUMN via_firm_id uuid;

-- Whoever signs in types the firm's code. Only the id leaves.
-- +goose StatementBegin
CREATE FUNCTION auth.firm_of_code(wanted text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.firm_id FROM public.firm f WHERE f.code = wanted AND f.kind = 'firm' AND f.status = 'active'
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.firm_of_code(text) OWNER TO docketry_auth;
GRANT EXECUTE ON FUNCTION auth.firm_of_code(text) TO docketry_api;

-- +goose Down
DROP FUNCTION auth.firm_of_code(text);
ALTER TABLE session DROP COLUMN via_firm_id;
DROP TABLE sso_attempt;
DROP TABLE sso_link;
DROP TABLE firm_sso;
