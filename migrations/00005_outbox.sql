-- 00005_outbox.sql: work that a committed change asks for. PostgreSQL is the record, Redis the courier (PLATFORM 4).
-- +goose Up
CREATE TABLE outbox (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  actor_id     uuid,                          -- for whom; NULL for machinery
  kind         text        NOT NULL,          -- 'prebill.invoice_wanted': stored, never renamed
  task_key     text        NOT NULL,          -- unique per firm and kind: asking twice is asking once
  args         jsonb       NOT NULL DEFAULT '{}', -- ids only, never client text
  queue        text        NOT NULL DEFAULT 'default',
  state        text        NOT NULL DEFAULT 'pending',
  run_at       timestamptz NOT NULL,
  sent_at      timestamptz,                   -- handed to Redis for the present attempt
  attempt      integer     NOT NULL DEFAULT 0, -- grows with each sending; a delivery of an older one is void
  tries        integer     NOT NULL DEFAULT 0, -- starts since it was asked for, or retried by hand; counted here, not in Redis
  fence        bigint      NOT NULL DEFAULT 0, -- grows with each start; an older one may not write
  lease_until  timestamptz,
  error        text        NOT NULL DEFAULT '', -- a code and a plain sentence; no client text
  result       jsonb,
  created_at   timestamptz NOT NULL,
  started_at   timestamptz,
  done_at      timestamptz,
  CONSTRAINT outbox_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT outbox_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT outbox_actor_fkey FOREIGN KEY (actor_id) REFERENCES person (id),
  CONSTRAINT outbox_task_key UNIQUE (firm_id, kind, task_key),
  CONSTRAINT outbox_state_known CHECK (state IN ('pending', 'running', 'done', 'parked')),
  CONSTRAINT outbox_queue_known CHECK (queue IN ('default', 'invoice', 'mail', 'export', 'sla')),
  CONSTRAINT outbox_running_leased CHECK (state <> 'running' OR lease_until IS NOT NULL),
  CONSTRAINT outbox_done_at_set CHECK ((state = 'done') = (done_at IS NOT NULL)),
  CONSTRAINT outbox_texts_length CHECK (length(kind) <= 80 AND length(task_key) <= 120 AND length(error) <= 1000)
);
CALL isolate('outbox');
REVOKE DELETE ON outbox FROM docketry_api;
-- The relay, the reconciler and the operators' page look across firms; no arguments, no text.
GRANT SELECT (firm_id, id, kind, queue, state, run_at, sent_at, attempt, tries, lease_until, created_at, done_at) ON outbox TO docketry_bureau;
CREATE INDEX outbox_unsent ON outbox (firm_id, run_at) WHERE state = 'pending' AND sent_at IS NULL; -- the relay
CREATE INDEX outbox_sent ON outbox (firm_id, sent_at) WHERE state IN ('pending', 'running') AND sent_at IS NOT NULL; -- the reconciler, and what a firm has in flight
CREATE INDEX outbox_parked ON outbox (firm_id, created_at) WHERE state = 'parked';                   -- the page of parked jobs
CREATE INDEX outbox_recent ON outbox (firm_id, created_at DESC, id DESC);                            -- the page of all
CREATE INDEX outbox_id ON outbox (id);                                                               -- auth.job_firm

-- A worker is handed a job's id alone; this tells it which firm to enter.
CREATE POLICY auth ON outbox FOR SELECT TO docketry_auth USING (true);
GRANT SELECT (firm_id, id) ON outbox TO docketry_auth;
-- +goose StatementBegin
CREATE FUNCTION auth.job_firm(job uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT o.firm_id FROM public.outbox o WHERE o.id = job LIMIT 1
$$;
-- +goose StatementEnd
ALTER FUNCTION auth.job_firm(uuid) OWNER TO docketry_auth;
GRANT EXECUTE ON FUNCTION auth.job_firm(uuid) TO docketry_worker, docketry_bureau;

-- +goose Down
DROP FUNCTION auth.job_firm(uuid);
DROP TABLE outbox;
