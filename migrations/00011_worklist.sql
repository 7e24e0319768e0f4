-- 00011_worklist.sql: work items, who holds them, and the thread with the firm (SLA.md 9).
-- +goose Up
CREATE TABLE work_item (
  firm_id        uuid        NOT NULL,
  id             uuid        NOT NULL,
  type           text        NOT NULL, -- 'time_import', 'prebill', 'invoice_issue', 'query', ...
  priority       smallint    NOT NULL,
  status         text        NOT NULL DEFAULT 'ready',
  matter_id      uuid,                 -- NULL for work over several matters
  subject_kind   text        NOT NULL, -- 'import', 'prebill', ...
  subject_id     uuid        NOT NULL,
  label          smallint    NOT NULL DEFAULT 0, -- of work without a matter; with one the matter's own label rules
  estimate_min   integer     NOT NULL DEFAULT 15,
  received_at    timestamptz NOT NULL, -- when the firm handed it over
  created_at     timestamptz NOT NULL,
  due_at         timestamptz,          -- earliest running clock, NULL when none runs
  hot_at         timestamptz NOT NULL, -- from then on a quarter, or an hour, is left
  deadline_at    timestamptz NOT NULL, -- what lists and the order go by: due_at, else the due instant if resumed, else five business days
  leased_by      uuid,
  leased_at      timestamptz,
  lease_until    timestamptz,
  lease_token    bigint      NOT NULL DEFAULT 0, -- grows with each lease; an older one may not write
  reserved_for   uuid,                 -- who asked the firm, for a while after its answer
  reserved_until timestamptz,
  parked_by      uuid,
  parked_at      timestamptz,
  parked_reason  text,
  pinned_at      timestamptz,          -- a lead wants it next
  triage_at      timestamptz,          -- three people have skipped it: a lead decides
  finished_by    uuid,
  finished_at    timestamptz,
  version        integer     NOT NULL DEFAULT 1,
  CONSTRAINT work_item_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT work_item_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT work_item_matter_fkey FOREIGN KEY (firm_id, matter_id) REFERENCES matter (firm_id, id),
  CONSTRAINT work_item_leased_by_fkey FOREIGN KEY (leased_by) REFERENCES person (id),
  CONSTRAINT work_item_parked_by_fkey FOREIGN KEY (parked_by) REFERENCES person (id),
  CONSTRAINT work_item_reserved_for_fkey FOREIGN KEY (reserved_for) REFERENCES person (id),
  CONSTRAINT work_item_finished_by_fkey FOREIGN KEY (finished_by) REFERENCES person (id),
  CONSTRAINT work_item_type_form CHECK (type ~ '^[a-z][a-z_]{1,39}$'),
  CONSTRAINT work_item_subject_kind_form CHECK (subject_kind ~ '^[a-z][a-z_]{1,39}$'),
  CONSTRAINT work_item_priority_range CHECK (priority BETWEEN 1 AND 4),
  CONSTRAINT work_item_label_range CHECK (label BETWEEN 0 AND 3),
  CONSTRAINT work_item_estimate_range CHECK (estimate_min BETWEEN 1 AND 6000),
  CONSTRAINT work_item_status_known CHECK (status IN ('ready', 'leased', 'parked', 'done', 'cancelled')),
  CONSTRAINT work_item_lease_whole CHECK (CASE WHEN status = 'leased' THEN leased_by IS NOT NULL AND leased_at IS NOT NULL AND lease_until IS NOT NULL
    ELSE leased_by IS NULL AND leased_at IS NULL AND lease_until IS NULL END),
  CONSTRAINT work_item_reservation_whole CHECK ((reserved_for IS NULL) = (reserved_until IS NULL)),
  CONSTRAINT work_item_parking_whole CHECK ((status = 'parked') = (parked_at IS NOT NULL) AND (parked_at IS NULL) = (parked_reason IS NULL)),
  CONSTRAINT work_item_parked_reason_known CHECK (parked_reason IN ('waiting_firm', 'waiting_third_party', 'firm_hold', 'force_majeure', 'waiting_internal')),
  CONSTRAINT work_item_finished_at_set CHECK ((status IN ('done', 'cancelled')) = (finished_at IS NOT NULL))
);
CALL isolate('work_item');
REVOKE DELETE ON work_item FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, type, priority, status, matter_id, subject_kind, subject_id, label, estimate_min, received_at, created_at, due_at, hot_at, deadline_at,
  leased_by, leased_at, lease_until, reserved_for, reserved_until, parked_by, parked_at, parked_reason, pinned_at, triage_at, version) ON work_item TO docketry_bureau;
-- One open item of a type for one subject: opening it twice is opening it once.
CREATE UNIQUE INDEX work_item_open_once ON work_item (firm_id, type, subject_kind, subject_id) WHERE status IN ('ready', 'leased', 'parked');
CREATE INDEX work_item_subject ON work_item (firm_id, subject_kind, subject_id);
CREATE INDEX work_item_ready ON work_item (firm_id, deadline_at, priority, created_at, id) WHERE status = 'ready';           -- get-next
CREATE INDEX work_item_hot ON work_item (firm_id, hot_at) WHERE status = 'ready';                                            -- get-next, what burns
CREATE INDEX work_item_open ON work_item (firm_id, deadline_at, id) WHERE status IN ('ready', 'leased', 'parked');           -- the queue page
CREATE INDEX work_item_parked ON work_item (firm_id, deadline_at, id) WHERE status = 'parked';                               -- what waits
CREATE INDEX work_item_leases ON work_item (firm_id, lease_until) WHERE status = 'leased';                                   -- expiry, and what a person holds
CREATE INDEX work_item_pinned ON work_item (firm_id, pinned_at) WHERE status = 'ready' AND pinned_at IS NOT NULL;              -- get-next, band 0
CREATE INDEX work_item_matter ON work_item (firm_id, matter_id);

ALTER TABLE clock ADD CONSTRAINT clock_item_fkey FOREIGN KEY (firm_id, item_id) REFERENCES work_item (firm_id, id);

-- Who passed an item over, and why. It is not offered to them again for half an hour.
CREATE TABLE work_skip (
  firm_id   uuid        NOT NULL,
  id        uuid        NOT NULL,
  item_id   uuid        NOT NULL,
  person_id uuid        NOT NULL,
  reason    text        NOT NULL,
  at        timestamptz NOT NULL,
  settled   boolean     NOT NULL DEFAULT false, -- a lead has sent the item back since; it counts no more towards triage
  CONSTRAINT work_skip_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT work_skip_item_fkey FOREIGN KEY (firm_id, item_id) REFERENCES work_item (firm_id, id),
  CONSTRAINT work_skip_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT work_skip_reason_known CHECK (reason IN ('missing_information', 'not_my_skill', 'conflict', 'too_long'))
);
CALL isolate('work_skip');
REVOKE DELETE, UPDATE ON work_skip FROM docketry_api, docketry_worker;
GRANT UPDATE (settled) ON work_skip TO docketry_api, docketry_worker;
GRANT SELECT (firm_id, item_id, person_id, at) ON work_skip TO docketry_bureau;
CREATE INDEX work_skip_item ON work_skip (firm_id, item_id, at);

-- The thread of an item. What a person wrote stays as written.
CREATE TABLE work_message (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  item_id    uuid        NOT NULL,
  kind       text        NOT NULL,
  side       text        NOT NULL,
  author_id  uuid        NOT NULL,
  internal   boolean     NOT NULL DEFAULT false, -- for the bureau alone
  about_id   uuid,                               -- the entry or line it is about
  answers_id uuid,                               -- the question it answers
  body       text        NOT NULL,               -- C3
  sent_at    timestamptz NOT NULL,
  CONSTRAINT work_message_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT work_message_item_fkey FOREIGN KEY (firm_id, item_id) REFERENCES work_item (firm_id, id),
  CONSTRAINT work_message_author_fkey FOREIGN KEY (author_id) REFERENCES person (id),
  CONSTRAINT work_message_answers_fkey FOREIGN KEY (firm_id, answers_id) REFERENCES work_message (firm_id, id),
  CONSTRAINT work_message_kind_known CHECK (kind IN ('message', 'question', 'answer')),
  CONSTRAINT work_message_side_known CHECK (side IN ('bureau', 'firm')),
  CONSTRAINT work_message_internal_bureau CHECK (NOT internal OR (side = 'bureau' AND kind = 'message')),
  CONSTRAINT work_message_kind_side CHECK ((kind = 'question') <= (side = 'bureau') AND (kind = 'answer') = (answers_id IS NOT NULL)),
  CONSTRAINT work_message_body_length CHECK (length(body) BETWEEN 1 AND 4000)
);
CALL isolate('work_message');
REVOKE UPDATE, DELETE ON work_message FROM docketry_api, docketry_worker;
CREATE INDEX work_message_item ON work_message (firm_id, item_id, sent_at, id);

ALTER TABLE clock_event ADD CONSTRAINT clock_event_message_fkey FOREIGN KEY (firm_id, message_id) REFERENCES work_message (firm_id, id);

-- A pool's counters. They are the bureau's, so they stand in its own domain (firm_id is the bureau's).
CREATE TABLE pool (
  firm_id   uuid    NOT NULL,
  id        uuid    NOT NULL,
  name      text    NOT NULL,
  hot_picks integer NOT NULL DEFAULT 0, -- hot items given since the last overdue one
  CONSTRAINT pool_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT pool_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT pool_name_key UNIQUE (firm_id, name),
  CONSTRAINT pool_name_length CHECK (length(name) BETWEEN 1 AND 60),
  CONSTRAINT pool_hot_picks_not_negative CHECK (hot_picks >= 0)
);
CALL isolate('pool');
REVOKE DELETE ON pool FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, id, name, hot_picks) ON pool TO docketry_bureau;

-- The virtual time of each served firm: who has had more waits for who has had less.
CREATE TABLE pool_firm (
  firm_id      uuid    NOT NULL,
  pool_id      uuid    NOT NULL,
  served_id    uuid    NOT NULL, -- the firm that is served
  share        integer NOT NULL DEFAULT 1,
  virtual_e3   bigint  NOT NULL DEFAULT 0, -- thousandths of estimated minutes per share
  had_ready    boolean NOT NULL DEFAULT false,
  CONSTRAINT pool_firm_pkey PRIMARY KEY (firm_id, pool_id, served_id),
  CONSTRAINT pool_firm_pool_fkey FOREIGN KEY (firm_id, pool_id) REFERENCES pool (firm_id, id),
  CONSTRAINT pool_firm_share_range CHECK (share BETWEEN 1 AND 1000)
);
CALL isolate('pool_firm');
REVOKE DELETE ON pool_firm FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, pool_id, served_id, share, virtual_e3, had_ready) ON pool_firm TO docketry_bureau;

-- What decides who may know of an item, for lists across firms: the facts of a person's grants and walls, never a reason or a name.
GRANT SELECT (firm_id, id, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, ended_at) ON access_grant TO docketry_bureau;
GRANT SELECT (firm_id, person_id, client_ids, matter_ids, from_at, until_at, ended_at) ON wall TO docketry_bureau;
GRANT SELECT (status) ON person TO docketry_bureau;

-- +goose Down
REVOKE SELECT (status) ON person FROM docketry_bureau;
REVOKE SELECT (firm_id, person_id, client_ids, matter_ids, from_at, until_at, ended_at) ON wall FROM docketry_bureau;
REVOKE SELECT (firm_id, id, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, ended_at) ON access_grant FROM docketry_bureau;
DROP TABLE pool_firm;
DROP TABLE pool;
ALTER TABLE clock_event DROP CONSTRAINT clock_event_message_fkey;
DROP TABLE work_message;
DROP TABLE work_skip;
ALTER TABLE clock DROP CONSTRAINT clock_item_fkey;
DROP TABLE work_item;
