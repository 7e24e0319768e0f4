-- 00065_webhook.sql: programs of a firm that are told of what happened (SECURITY 7, T20).
-- +goose Up
CREATE TABLE webhook (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  url           text        NOT NULL,
  events        text[]      NOT NULL, -- actions of the audit log
  secret        bytea       NOT NULL, -- signs what is sent; sealed with the firm's key
  status        text        NOT NULL DEFAULT 'on',
  told_seq      bigint      NOT NULL, -- the place in the firm's tree up to which it was told
  failing_since timestamptz,          -- of the first failure since the last success
  created_by    uuid        NOT NULL,
  created_at    timestamptz NOT NULL,
  ended_at      timestamptz,
  CONSTRAINT webhook_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT webhook_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT webhook_created_by_fkey FOREIGN KEY (created_by) REFERENCES person (id),
  CONSTRAINT webhook_url_length CHECK (length(url) BETWEEN 9 AND 500),
  CONSTRAINT webhook_events_some CHECK (cardinality(events) BETWEEN 1 AND 30),
  CONSTRAINT webhook_status_known CHECK (status IN ('on', 'off', 'closed')),
  CONSTRAINT webhook_ended CHECK ((status = 'on') = (ended_at IS NULL))
);
CALL isolate('webhook');
REVOKE UPDATE, DELETE ON webhook FROM docketry_api, docketry_worker;
REVOKE INSERT ON webhook FROM docketry_worker;
GRANT UPDATE (secret, status, told_seq, failing_since, ended_at) ON webhook TO docketry_api;
GRANT UPDATE (status, told_seq, failing_since, ended_at) ON webhook TO docketry_worker;
CREATE INDEX webhook_on ON webhook (firm_id) WHERE status = 'on';

-- One event that one of them is told of. Without a leaf it is a try that a person asked for.
CREATE TABLE webhook_delivery (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  webhook_id uuid        NOT NULL,
  leaf_id    uuid,
  event      text        NOT NULL,
  object     text        NOT NULL,
  object_id  text        NOT NULL,
  at         timestamptz NOT NULL,
  state      text        NOT NULL DEFAULT 'queued',
  attempts   integer     NOT NULL DEFAULT 0,
  answer     integer,              -- the last status that came back
  problem    text        NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  ended_at   timestamptz,
  CONSTRAINT webhook_delivery_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT webhook_delivery_webhook_fkey FOREIGN KEY (firm_id, webhook_id) REFERENCES webhook (firm_id, id),
  CONSTRAINT webhook_delivery_leaf_key UNIQUE (firm_id, webhook_id, leaf_id),
  CONSTRAINT webhook_delivery_state_known CHECK (state IN ('queued', 'sent', 'failed')),
  CONSTRAINT webhook_delivery_ended CHECK ((state = 'queued') = (ended_at IS NULL)),
  CONSTRAINT webhook_delivery_problem_length CHECK (length(problem) <= 60)
);
CALL isolate('webhook_delivery');
REVOKE UPDATE, DELETE ON webhook_delivery FROM docketry_api, docketry_worker;
GRANT UPDATE (state, attempts, answer, problem, ended_at) ON webhook_delivery TO docketry_worker;
GRANT DELETE ON webhook_delivery TO docketry_worker; -- after 90 days
CREATE INDEX webhook_delivery_recent ON webhook_delivery (firm_id, webhook_id, created_at DESC);
-- +goose Down
DROP TABLE webhook_delivery;
DROP TABLE webhook;
