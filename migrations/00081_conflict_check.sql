-- 00081_conflict_check.sql: what a conflict check found between two firms of one of the
-- bureau's people: two counts. No name, no hash of one, and no matter of either firm.
-- +goose Up
CREATE TABLE conflict_check (
  firm_id       uuid        NOT NULL, -- the bureau's own domain
  id            uuid        NOT NULL,
  person_id     uuid        NOT NULL,
  for_firm      uuid        NOT NULL, -- of the two firms only the ids are kept; a key to a row of another domain would tell what is there
  other_firm    uuid        NOT NULL,
  opposite      integer     NOT NULL,
  shared        integer     NOT NULL,
  state         text        NOT NULL,
  checked_by    uuid,                 -- NULL: looked at again by itself
  checked_at    timestamptz NOT NULL,
  decided_by    uuid,
  decided_at    timestamptz,
  reason        text        NOT NULL DEFAULT '',
  superseded_at timestamptz, -- a later check of the same person and firms stands instead
  CONSTRAINT conflict_check_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT conflict_check_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT conflict_check_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT conflict_check_checked_by_fkey FOREIGN KEY (checked_by) REFERENCES person (id),
  CONSTRAINT conflict_check_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT conflict_check_two_firms CHECK (for_firm <> other_firm AND for_firm <> firm_id AND other_firm <> firm_id),
  CONSTRAINT conflict_check_counts CHECK (opposite >= 0 AND shared >= 0),
  CONSTRAINT conflict_check_state_known CHECK (state IN ('clear', 'open', 'cleared')),
  CONSTRAINT conflict_check_clear_is_none CHECK ((state = 'clear') = (opposite = 0)),
  CONSTRAINT conflict_check_decided CHECK ((state = 'cleared') = (decided_by IS NOT NULL) AND (state = 'cleared') = (decided_at IS NOT NULL) AND (state = 'cleared') = (reason <> '')),
  CONSTRAINT conflict_check_decided_no_self CHECK (decided_by IS DISTINCT FROM person_id OR decided_by IS NULL),
  CONSTRAINT conflict_check_reason_length CHECK (length(reason) <= 500)
);
CALL isolate('conflict_check');
REVOKE UPDATE, DELETE ON conflict_check FROM docketry_api;
REVOKE UPDATE, DELETE ON conflict_check FROM docketry_worker;
GRANT UPDATE (state, decided_by, decided_at, reason, superseded_at) ON conflict_check TO docketry_api;
GRANT UPDATE (superseded_at) ON conflict_check TO docketry_worker;
CREATE UNIQUE INDEX conflict_check_standing_key ON conflict_check (firm_id, person_id, for_firm, other_firm) WHERE superseded_at IS NULL; -- one stands
CREATE INDEX conflict_check_list ON conflict_check (firm_id, checked_at DESC, id DESC) WHERE superseded_at IS NULL; -- the page, the newest first

-- The firms where a person works or worked since an instant, by id. Emergency access is
-- no work, and the bureau's own domain has no clients.
-- +goose StatementBegin
CREATE FUNCTION auth.person_firms_since(who uuid, since timestamptz) RETURNS TABLE (firm_id uuid) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT g.firm_id FROM public.access_grant g JOIN public.firm f USING (firm_id)
  WHERE g.person_id = who AND f.kind = 'firm' AND g.role <> 'break_glass' AND (g.ended_at IS NULL OR g.ended_at > since) AND (g.until_at IS NULL OR g.until_at > since)
  ORDER BY g.firm_id
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.person_firms_since(uuid, timestamptz) OWNER TO docketry_auth;
REVOKE EXECUTE ON FUNCTION auth.person_firms_since(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.person_firms_since(uuid, timestamptz) TO docketry_migrate, docketry_api, docketry_worker;
CREATE INDEX access_grant_firms_since ON access_grant (person_id, firm_id); -- auth.person_firms_since, ended grants too

-- +goose Down
DROP INDEX access_grant_firms_since;
DROP FUNCTION auth.person_firms_since(uuid, timestamptz);
DROP TABLE conflict_check;
