-- 00090_undertaking.sql: the undertakings of confidentiality that the bureau and firms ask of the bureau's
-- people, and who gave them (ABA 08-451). A text and a word that was given never change.
-- +goose Up
-- The bureau's own text, the same in every firm. Version 1 is shipped; the next are the bureau's.
CREATE TABLE bureau_undertaking (
  version      integer     NOT NULL,
  body         text        NOT NULL,
  sha256       text        NOT NULL,
  published_by uuid,                 -- NULL: shipped
  published_at timestamptz NOT NULL,
  former_until timestamptz,          -- until when the versions before it still count; NULL for the first
  CONSTRAINT bureau_undertaking_pkey PRIMARY KEY (version),
  CONSTRAINT bureau_undertaking_published_by_fkey FOREIGN KEY (published_by) REFERENCES person (id),
  CONSTRAINT bureau_undertaking_body_length CHECK (length(body) BETWEEN 1 AND 20000),
  CONSTRAINT bureau_undertaking_sum CHECK (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
  CONSTRAINT bureau_undertaking_former CHECK ((version = 1) = (former_until IS NULL) AND version > 0)
);
CREATE TABLE bureau_undertaking_given (
  person_id  uuid        NOT NULL,
  version    integer     NOT NULL,
  sha256     text        NOT NULL, -- of the text that was read
  given_at   timestamptz NOT NULL,
  session_id uuid        NOT NULL,
  factor_at  timestamptz NOT NULL, -- when the factor was last shown in that session
  CONSTRAINT bureau_undertaking_given_pkey PRIMARY KEY (person_id, version),
  CONSTRAINT bureau_undertaking_given_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT bureau_undertaking_given_text_fkey FOREIGN KEY (version) REFERENCES bureau_undertaking (version)
);
GRANT SELECT, INSERT ON bureau_undertaking, bureau_undertaking_given TO docketry_api;
GRANT SELECT ON bureau_undertaking, bureau_undertaking_given TO docketry_worker;

-- What a firm asks for in addition.
CREATE TABLE firm_undertaking (
  firm_id      uuid        NOT NULL,
  version      integer     NOT NULL,
  body         text        NOT NULL,
  sha256       text        NOT NULL,
  published_by uuid        NOT NULL,
  published_at timestamptz NOT NULL,
  former_until timestamptz,
  CONSTRAINT firm_undertaking_pkey PRIMARY KEY (firm_id, version),
  CONSTRAINT firm_undertaking_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT firm_undertaking_published_by_fkey FOREIGN KEY (published_by) REFERENCES person (id),
  CONSTRAINT firm_undertaking_body_length CHECK (length(body) BETWEEN 1 AND 20000),
  CONSTRAINT firm_undertaking_sum CHECK (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
  CONSTRAINT firm_undertaking_former CHECK ((version = 1) = (former_until IS NULL) AND version > 0)
);
CREATE TABLE firm_undertaking_given (
  firm_id    uuid        NOT NULL,
  person_id  uuid        NOT NULL,
  version    integer     NOT NULL,
  sha256     text        NOT NULL,
  given_at   timestamptz NOT NULL,
  session_id uuid        NOT NULL,
  factor_at  timestamptz NOT NULL,
  CONSTRAINT firm_undertaking_given_pkey PRIMARY KEY (firm_id, person_id, version),
  CONSTRAINT firm_undertaking_given_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT firm_undertaking_given_text_fkey FOREIGN KEY (firm_id, version) REFERENCES firm_undertaking (firm_id, version)
);
CALL isolate('firm_undertaking');
CALL isolate('firm_undertaking_given');
REVOKE UPDATE, DELETE ON firm_undertaking, firm_undertaking_given FROM docketry_api;
REVOKE INSERT, UPDATE, DELETE ON firm_undertaking, firm_undertaking_given FROM docketry_worker;

-- Whether the bureau's people look at the firm only after they gave what is asked. Off until the firm turns
-- it on: work that is under way does not stop of itself.
ALTER TABLE firm ADD COLUMN undertaking_required boolean NOT NULL DEFAULT false;
-- From when a grant gives nothing because an undertaking is missing, NULL for never. It stands in the grant
-- so that whatever reads grants reads it, under the lock that holds the grant.
ALTER TABLE access_grant ADD COLUMN waits_from timestamptz;
GRANT SELECT (waits_from) ON access_grant TO docketry_auth, docketry_bureau;

-- From when one of the bureau's people waits at a firm: at once where a text was never given, else on the
-- day on which the version that they gave stops counting.
-- +goose StatementBegin
CREATE FUNCTION undertaking_waits(firm uuid, who uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT least(
    (SELECT CASE WHEN g.version IS NULL THEN to_timestamp(0) ELSE (SELECT min(t.former_until) FROM bureau_undertaking t WHERE t.version > g.version) END
      FROM (SELECT max(x.version) AS version FROM bureau_undertaking_given x WHERE x.person_id = who) g),
    (SELECT CASE WHEN g.version IS NULL THEN to_timestamp(0) ELSE (SELECT min(t.former_until) FROM firm_undertaking t WHERE t.firm_id = firm AND t.version > g.version) END
      FROM (SELECT max(x.version) AS version FROM firm_undertaking_given x WHERE x.firm_id = firm AND x.person_id = who) g
      WHERE EXISTS (SELECT FROM firm_undertaking t WHERE t.firm_id = firm)))
  WHERE EXISTS (SELECT FROM firm f WHERE f.firm_id = firm AND f.kind = 'firm' AND f.undertaking_required)
    AND EXISTS (SELECT FROM person p WHERE p.id = who AND p.staff)
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION undertaking_waits(uuid, uuid) TO docketry_api, docketry_worker;
-- A new grant begins with what stands. The lock is shared with other grants and kept from whoever publishes,
-- gives or requires an undertaking meanwhile (package undertaking), so that none of them misses the row.
-- +goose StatementBegin
CREATE FUNCTION access_grant_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT p.staff FROM person p WHERE p.id = NEW.person_id) THEN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('undertakings', 0));
    NEW.waits_from := undertaking_waits(NEW.firm_id, NEW.person_id);
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER access_grant_waits BEFORE INSERT ON access_grant FOR EACH ROW EXECUTE FUNCTION access_grant_waits();
DROP TRIGGER access_grant_bump ON access_grant;
CREATE TRIGGER access_grant_bump AFTER INSERT OR UPDATE OF role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, ended_at, waits_from
  ON access_grant FOR EACH ROW EXECUTE FUNCTION bump_authz_version();

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[], own text[], label smallint) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role),
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM public.access_grant h JOIN public.custom_role r ON r.firm_id = h.firm_id AND r.id = h.role_id
      WHERE h.firm_id = g.firm_id AND h.person_id = who AND h.ended_at IS NULL AND h.from_at <= at AND (h.until_at IS NULL OR h.until_at > at) AND (h.waits_from IS NULL OR h.waits_from > at)),
    max(g.label)::smallint
  FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND (g.waits_from IS NULL OR g.waits_from > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
-- The firms where a person holds a grant that an undertaking keeps or will keep from giving anything, and whether its window has begun.
-- +goose StatementBegin
CREATE FUNCTION auth.person_waiting(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, waits_from timestamptz, begun boolean) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, min(g.waits_from), bool_or(g.from_at <= at) FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND (g.until_at IS NULL OR g.until_at > at) AND g.waits_from IS NOT NULL AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.person_waiting(uuid, timestamptz) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.person_waiting(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.person_waiting(uuid, timestamptz) TO docketry_migrate, docketry_api, docketry_worker;

INSERT INTO bureau_undertaking (version, body, sha256, published_at)
SELECT 1, t.body, encode(sha256(convert_to(t.body, 'UTF8')), 'hex'), now() FROM (SELECT
'I work for the billing bureau. In this work I come to know what clients of law firms have told their lawyers. That is theirs, and a lawyer''s duty of confidence covers it also in my hands. I undertake towards the bureau, and towards each firm that gives me access:

1. I look only at what a piece of work that I was given needs, in the firms that gave me access, for as long as they give it.

2. I tell nobody outside the firm what I read there: no client, no matter, no name, no amount. Inside the bureau I speak of it only with who has the same firm''s access and needs it for the same work. I carry nothing from one firm to another.

3. I copy nothing out: no files, no photographs, no notes of contents. Where a firm''s work needs a file, I make it with the export that the firm approved, and delete it when the work is done.

4. I keep my password and my second factor to myself, work where nobody can read along, and lock my screen when I leave it.

5. If I know a client, an opposing party or somebody close to a matter, I say so to my team lead before I look, and I stop until I am told to go on.

6. If I see something that I should not see, if something is lost, or if somebody asks me for what I know, I tell my team lead the same day.

7. I know that every look is recorded with my name and can be shown to the firm.

8. All this goes on after a firm''s access ends, and after I leave the bureau.' AS body) t;

-- +goose Down
DROP FUNCTION auth.person_waiting(uuid, timestamptz);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION auth.person_firms(who uuid, at timestamptz) RETURNS TABLE (firm_id uuid, roles text[], own text[], label smallint) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.firm_id, array_agg(DISTINCT g.role ORDER BY g.role),
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM public.access_grant h JOIN public.custom_role r ON r.firm_id = h.firm_id AND r.id = h.role_id
      WHERE h.firm_id = g.firm_id AND h.person_id = who AND h.ended_at IS NULL AND h.from_at <= at AND (h.until_at IS NULL OR h.until_at > at)),
    max(g.label)::smallint
  FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND g.ended_at IS NULL AND g.from_at <= at AND (g.until_at IS NULL OR g.until_at > at) AND f.status = 'active'
  GROUP BY g.firm_id ORDER BY g.firm_id
$$;
-- +goose StatementEnd
DROP TRIGGER access_grant_bump ON access_grant;
CREATE TRIGGER access_grant_bump AFTER INSERT OR UPDATE OF role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, ended_at
  ON access_grant FOR EACH ROW EXECUTE FUNCTION bump_authz_version();
DROP TRIGGER access_grant_waits ON access_grant;
DROP FUNCTION access_grant_waits();
DROP FUNCTION undertaking_waits(uuid, uuid);
ALTER TABLE access_grant DROP COLUMN waits_from;
ALTER TABLE firm DROP COLUMN undertaking_required;
DROP TABLE firm_undertaking_given;
DROP TABLE firm_undertaking;
DROP TABLE bureau_undertaking_given;
DROP TABLE bureau_undertaking;
