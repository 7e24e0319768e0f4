-- 00086_selfcheck.sql: what each nightly self-check of a firm's stored sums found (I24). Nothing is ever repaired by it.
-- +goose Up
CREATE TABLE self_check (
  firm_id  uuid        NOT NULL,
  id       uuid        NOT NULL,
  at       timestamptz NOT NULL,
  took_ms  bigint      NOT NULL,
  compared bigint      NOT NULL, -- invoices, credit notes, payments and journals that were recomputed
  ok       boolean     NOT NULL,
  found    bigint      NOT NULL, -- all; the first of them are in findings
  findings jsonb       NOT NULL DEFAULT '[]', -- [{invariant, object, id, says}], amounts among them: C2
  CONSTRAINT self_check_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT self_check_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT self_check_ok_means_none CHECK (ok = (found = 0) AND ok = (findings = '[]'::jsonb)),
  CONSTRAINT self_check_counts CHECK (took_ms >= 0 AND compared >= 0 AND found >= jsonb_array_length(findings))
);
CALL isolate('self_check');
REVOKE UPDATE, DELETE ON self_check FROM docketry_api, docketry_worker;
REVOKE INSERT ON self_check FROM docketry_api;
CREATE INDEX self_check_time ON self_check (firm_id, at DESC); -- the newest, for the operators

-- +goose Down
DROP TABLE self_check;
