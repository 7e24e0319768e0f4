-- 00100_reset_link.sql: links for a new password. A newer one does not end one that is still good, so
-- that whoever asks in somebody's name cannot keep spoiling theirs (SECURITY T10).
-- +goose Up
CREATE TABLE reset_link (
  secret_hash text        NOT NULL,
  person_id   uuid        NOT NULL,
  issuer      uuid,                 -- the firm, or the bureau, whose administrator sent it; NULL when asked for at sign-in
  asked_at    timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  CONSTRAINT reset_link_pkey PRIMARY KEY (secret_hash),
  CONSTRAINT reset_link_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT reset_link_ends CHECK (expires_at > asked_at AND expires_at <= asked_at + interval '15 minutes')
);
CREATE INDEX reset_link_person ON reset_link (person_id, asked_at); -- how many within the hour; ending them all
GRANT SELECT, INSERT, DELETE ON reset_link TO docketry_api;
GRANT SELECT, DELETE ON reset_link TO docketry_worker; -- the sweep
GRANT SELECT (person_id, secret_hash, expires_at) ON reset_link TO docketry_auth;
-- What asking for links had locked for good.
DELETE FROM sign_in_failure WHERE subject LIKE 'account:reset:%';
-- A link made just before opens no more; asking again makes another.
DELETE FROM credential WHERE kind = 'reset';
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.link_until(who uuid, link_kind text, link_hash text) RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.expires_at FROM public.credential c
  WHERE c.person_id = who AND c.kind = link_kind AND c.kind = 'invite' AND c.secret_hash = link_hash
  UNION ALL
  SELECT r.expires_at FROM public.reset_link r
  WHERE r.person_id = who AND link_kind = 'reset' AND r.secret_hash = link_hash
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.link_until(who uuid, link_kind text, link_hash text) RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.expires_at FROM public.credential c
  WHERE c.person_id = who AND c.kind = link_kind AND c.kind IN ('invite', 'reset') AND c.secret_hash = link_hash
$$;
-- +goose StatementEnd
DROP TABLE reset_link;
