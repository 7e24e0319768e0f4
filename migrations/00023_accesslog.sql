-- 00023_accesslog.sql: looks by person, and what the last check of a firm's tree found.
-- +goose Up
-- What somebody did shortly before a look tells what the look was for.
CREATE INDEX audit_leaf_actor ON audit_leaf (firm_id, actor, at DESC);

CREATE TABLE audit_check (
  firm_id     uuid        NOT NULL,
  at          timestamptz NOT NULL,
  took_ms     bigint      NOT NULL,
  leaves      bigint      NOT NULL,
  checkpoints bigint      NOT NULL,
  invoices    bigint      NOT NULL,
  ok          boolean     NOT NULL,
  failed      text[]      NOT NULL DEFAULT '{}', -- which of the checks: signatures, leaves, consistency, gaps
  problems    text[]      NOT NULL DEFAULT '{}', -- at most 20, in words
  CONSTRAINT audit_check_pkey PRIMARY KEY (firm_id, at),
  CONSTRAINT audit_check_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT audit_check_ok_means_none CHECK (ok = (cardinality(problems) = 0)),
  CONSTRAINT audit_check_few CHECK (cardinality(problems) <= 20 AND cardinality(failed) <= 4)
);
CALL isolate('audit_check');
REVOKE UPDATE, DELETE ON audit_check FROM docketry_api, docketry_worker;

-- +goose Down
DROP TABLE audit_check;
DROP INDEX audit_leaf_actor;
