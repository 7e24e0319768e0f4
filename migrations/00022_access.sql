-- 00022_access.sql: asking a firm for access, a second administrator's word, and letters to people.
-- +goose Up
-- A grant before it is one: the bureau asks for it ('ask'), or one administrator
-- proposes another and a second one confirms ('second', SECURITY T06).
CREATE TABLE access_request (
  firm_id         uuid        NOT NULL,
  id              uuid        NOT NULL,
  kind            text        NOT NULL,
  person_id       uuid        NOT NULL,
  role            text        NOT NULL,
  scope_kind      text        NOT NULL,
  scope_ids       uuid[]      NOT NULL DEFAULT '{}',
  practice_groups text[]      NOT NULL DEFAULT '{}',
  class           smallint    NOT NULL,
  label           smallint    NOT NULL,
  from_at         timestamptz,          -- NULL: from when it is given
  until_at        timestamptz,
  reason          text        NOT NULL,
  asked_by        uuid        NOT NULL,
  asked_at        timestamptz NOT NULL,
  ripe_at         timestamptz NOT NULL, -- before it nobody outside the firm confirms a sole administrator's proposal
  status          text        NOT NULL DEFAULT 'waiting',
  narrower        boolean     NOT NULL DEFAULT false, -- given, but less than was asked for
  decided_by      uuid,
  decided_at      timestamptz,
  answer          text        NOT NULL DEFAULT '',
  grant_id        uuid,
  CONSTRAINT access_request_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT access_request_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT access_request_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT access_request_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES person (id),
  CONSTRAINT access_request_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT access_request_grant_fkey FOREIGN KEY (firm_id, grant_id) REFERENCES access_grant (firm_id, id),
  CONSTRAINT access_request_kind_known CHECK (kind IN ('ask', 'second')),
  CONSTRAINT access_request_scope_known CHECK (scope_kind IN ('all', 'client', 'matter', 'practice')),
  CONSTRAINT access_request_class_range CHECK (class BETWEEN 1 AND 3),
  CONSTRAINT access_request_label_range CHECK (label BETWEEN 0 AND 3),
  CONSTRAINT access_request_status_known CHECK (status IN ('waiting', 'given', 'refused', 'withdrawn')),
  CONSTRAINT access_request_decided CHECK ((status = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
  CONSTRAINT access_request_given CHECK ((status = 'given') = (grant_id IS NOT NULL)),
  -- Nobody says the second word to their own proposal, and nobody answers their own
  -- request; the bureau's only administrator has nobody above and waits a day instead.
  CONSTRAINT access_request_four_eyes CHECK (status <> 'given' OR decided_by <> asked_by
    OR (role = 'bureau_admin' AND kind = 'second' AND decided_at >= asked_at + interval '24 hours')),
  CONSTRAINT access_request_texts_length CHECK (length(reason) BETWEEN 1 AND 500 AND length(answer) <= 500)
);
CALL isolate('access_request');
REVOKE UPDATE, DELETE ON access_request FROM docketry_api, docketry_worker;
GRANT UPDATE (status, narrower, decided_by, decided_at, answer, grant_id) ON access_request TO docketry_api;
CREATE INDEX access_request_waiting ON access_request (firm_id, asked_at) WHERE status = 'waiting';
CREATE INDEX access_request_asker ON access_request (firm_id, asked_by, asked_at);

-- A letter to a person about their own access or their firm's. Its words are made of
-- its kind when it is sent and name no client, matter or person.
CREATE TABLE person_letter (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  key        text        NOT NULL, -- asking twice is asking once
  person_id  uuid        NOT NULL,
  kind       text        NOT NULL,
  about      uuid,                 -- the request or grant it is about
  state      text        NOT NULL DEFAULT 'queued',
  fence      bigint      NOT NULL DEFAULT 0,  -- of the job's attempt that is sending
  message_id text        NOT NULL DEFAULT '',
  reason     text        NOT NULL DEFAULT '',
  queued_at  timestamptz NOT NULL,
  sending_at timestamptz,
  ended_at   timestamptz,
  CONSTRAINT person_letter_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT person_letter_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT person_letter_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT person_letter_key_key UNIQUE (firm_id, key),
  CONSTRAINT person_letter_state_known CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')),
  CONSTRAINT person_letter_ended_at_set CHECK ((state IN ('sent', 'failed', 'uncertain')) = (ended_at IS NOT NULL)),
  CONSTRAINT person_letter_texts_length CHECK (length(key) BETWEEN 1 AND 120 AND length(kind) BETWEEN 1 AND 40 AND length(reason) <= 40 AND length(message_id) <= 300)
);
CALL isolate('person_letter');
REVOKE UPDATE, DELETE ON person_letter FROM docketry_api, docketry_worker;
GRANT UPDATE (state, fence, message_id, reason, sending_at, ended_at) ON person_letter TO docketry_worker;

-- +goose Down
DROP TABLE person_letter;
DROP TABLE access_request;
