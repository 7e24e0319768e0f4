-- 00004_audit.sql: one leaf for each change and each look at C3 data, and the tree they are hashed into (SECURITY 10).
-- +goose Up
CREATE TABLE audit_leaf (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  at           timestamptz NOT NULL,
  actor        text        NOT NULL, -- a person's id, 'machine:<task>' or 'contact:<id>'
  on_behalf_of text        NOT NULL DEFAULT '',
  session_id   text        NOT NULL DEFAULT '',
  action       text        NOT NULL, -- 'prebill.approved'
  object       text        NOT NULL, -- 'prebill'
  object_id    text        NOT NULL,
  matter_id    text        NOT NULL DEFAULT '',
  class        smallint    NOT NULL,
  permission   text        NOT NULL DEFAULT '',
  before_hash  text        NOT NULL DEFAULT '',
  after_hash   text        NOT NULL DEFAULT '',
  detail       text        NOT NULL DEFAULT '{}', -- canonical JSON; C3 text never, only its salted hash
  request_id   text        NOT NULL DEFAULT '',
  result       text        NOT NULL DEFAULT 'done',
  seq          bigint,               -- place in the firm's tree; given once by the sequencer
  written_at   timestamptz NOT NULL DEFAULT clock_timestamp(), -- order of writing, also within one transaction; not part of the leaf
  CONSTRAINT audit_leaf_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT audit_leaf_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT audit_leaf_seq_key UNIQUE (firm_id, seq),
  CONSTRAINT audit_leaf_class_range CHECK (class BETWEEN 1 AND 4),
  CONSTRAINT audit_leaf_result_known CHECK (result IN ('done', 'denied', 'failed')),
  CONSTRAINT audit_leaf_texts_length CHECK (length(action) <= 80 AND length(object) <= 40 AND length(object_id) <= 80 AND length(detail) <= 8192)
);
CALL isolate('audit_leaf');
REVOKE INSERT, UPDATE, DELETE ON audit_leaf FROM docketry_api, docketry_worker;
GRANT UPDATE (seq) ON audit_leaf TO docketry_worker; -- the sequencer; the trigger below lets it set a place once
ALTER POLICY firm ON audit_leaf TO docketry_api, docketry_worker, docketry_audit;
GRANT INSERT ON audit_leaf TO docketry_audit;
GRANT SELECT (firm_id, seq) ON audit_leaf TO docketry_bureau; -- which firms have leaves to sequence
CREATE INDEX audit_leaf_waiting ON audit_leaf (firm_id, written_at, id) WHERE seq IS NULL; -- the sequencer's queue
CREATE INDEX audit_leaf_object ON audit_leaf (firm_id, object, object_id);
CREATE INDEX audit_leaf_time ON audit_leaf (firm_id, at DESC, id DESC);

-- +goose StatementBegin
CREATE FUNCTION audit_leaf_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
     AND to_jsonb(NEW) - 'seq' = to_jsonb(OLD) - 'seq' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an audit leaf is never changed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_leaf_stays';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_leaf_stays BEFORE UPDATE OR DELETE ON audit_leaf FOR EACH ROW EXECUTE FUNCTION audit_leaf_stays();

-- The hashes of the tree at tlog's storage positions.
CREATE TABLE audit_hash (
  firm_id  uuid   NOT NULL,
  position bigint NOT NULL,
  hash     bytea  NOT NULL,
  CONSTRAINT audit_hash_pkey PRIMARY KEY (firm_id, position),
  CONSTRAINT audit_hash_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT audit_hash_length CHECK (length(hash) = 32)
);
CALL isolate('audit_hash');
REVOKE UPDATE, DELETE ON audit_hash FROM docketry_api, docketry_worker;
REVOKE INSERT ON audit_hash FROM docketry_api;

CREATE TABLE audit_checkpoint (
  firm_id uuid        NOT NULL,
  size    bigint      NOT NULL,
  note    text        NOT NULL, -- signed: origin, size, root, time
  at      timestamptz NOT NULL,
  CONSTRAINT audit_checkpoint_pkey PRIMARY KEY (firm_id, size, at), -- sealed again each day, grown or not
  CONSTRAINT audit_checkpoint_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id)
);
CALL isolate('audit_checkpoint');
REVOKE UPDATE, DELETE ON audit_checkpoint FROM docketry_api, docketry_worker;
REVOKE INSERT ON audit_checkpoint FROM docketry_api;
GRANT SELECT (firm_id, size) ON audit_checkpoint TO docketry_bureau;

-- The only way to write a leaf. It runs as docketry_audit, under the sealed firm of the caller's transaction.
-- +goose StatementBegin
CREATE FUNCTION auth.append_leaf(firm uuid, leaf uuid, at timestamptz, actor text, on_behalf_of text, session_id text, action text, object text,
  object_id text, matter_id text, class smallint, permission text, before_hash text, after_hash text, detail text, request_id text, result text)
  RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.audit_leaf (firm_id, id, at, actor, on_behalf_of, session_id, action, object, object_id, matter_id, class, permission, before_hash, after_hash, detail, request_id, result)
  VALUES (firm, leaf, at, actor, on_behalf_of, session_id, action, object, object_id, matter_id, class, permission, before_hash, after_hash, detail, request_id, result)
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.append_leaf(uuid, uuid, timestamptz, text, text, text, text, text, text, text, smallint, text, text, text, text, text, text) OWNER TO docketry_audit;
GRANT EXECUTE ON FUNCTION auth.append_leaf(uuid, uuid, timestamptz, text, text, text, text, text, text, text, smallint, text, text, text, text, text, text)
  TO docketry_api, docketry_worker;

-- +goose Down
DROP FUNCTION auth.append_leaf(uuid, uuid, timestamptz, text, text, text, text, text, text, text, smallint, text, text, text, text, text, text);
DROP TABLE audit_checkpoint;
DROP TABLE audit_hash;
DROP TABLE audit_leaf;
DROP FUNCTION audit_leaf_stays();
