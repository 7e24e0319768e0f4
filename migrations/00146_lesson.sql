-- 00146_lesson.sql: what receivers' answers say about the rules that were to say it first (LEGAL-BILLING 7, engine rule 9): a receiver's
-- reasons with the rule that each is, and of each answer what came of that rule. The receivers' words stay with their answers (C3).

-- +goose Up
CREATE TABLE receiver_reason (
  firm_id    uuid        NOT NULL,
  id         uuid        NOT NULL,
  portal_id  uuid        NOT NULL,
  code       text        NOT NULL, -- of the published list, or the receiver's own; '' where it names none
  words      text        NOT NULL DEFAULT '', -- hash of the words where the code says nothing by itself
  status     text        NOT NULL,
  like_code  text        NOT NULL DEFAULT '', -- the published reason that a person named
  rule       text        NOT NULL DEFAULT '', -- what a person said: a rule,
  file_check text        NOT NULL DEFAULT '', -- or a check of the file
  note       text        NOT NULL DEFAULT '', -- C2: why no rule can catch it
  decided_by uuid,
  decided_at timestamptz,
  first_at   timestamptz NOT NULL,
  version    integer     NOT NULL DEFAULT 1,
  CONSTRAINT receiver_reason_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT receiver_reason_portal_fkey FOREIGN KEY (firm_id, portal_id) REFERENCES portal (firm_id, id),
  CONSTRAINT receiver_reason_once UNIQUE (firm_id, portal_id, code, words),
  CONSTRAINT receiver_reason_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT receiver_reason_status_known CHECK (status IN ('published', 'open', 'mapped', 'no_rule')),
  CONSTRAINT receiver_reason_decided CHECK ((decided_at IS NULL) = (decided_by IS NULL) AND (status IN ('mapped', 'no_rule')) = (decided_at IS NOT NULL)),
  CONSTRAINT receiver_reason_target CHECK ((status = 'mapped') = (rule <> '' OR file_check <> '') AND (rule = '' OR file_check = '')),
  CONSTRAINT receiver_reason_note CHECK ((status = 'no_rule') = (note <> '')),
  CONSTRAINT receiver_reason_texts_length CHECK (length(code) <= 20 AND length(words) <= 64 AND length(like_code) <= 20 AND length(rule) <= 20 AND length(file_check) <= 20 AND length(note) <= 500)
);
CALL isolate('receiver_reason');
REVOKE INSERT, UPDATE, DELETE ON receiver_reason FROM docketry_worker;
REVOKE UPDATE, DELETE ON receiver_reason FROM docketry_api;
GRANT UPDATE (status, like_code, rule, file_check, note, decided_by, decided_at, version) ON receiver_reason TO docketry_api;
COMMENT ON TABLE receiver_reason IS 'class C2: which rule a receiver means by a reason';

CREATE TABLE lesson (
  firm_id       uuid        NOT NULL,
  id            uuid        NOT NULL,
  submission_id uuid        NOT NULL,
  reduction_id  uuid,                 -- NULL of a refusal
  line_no       integer     NOT NULL, -- 0 is the whole invoice
  reason_id     uuid        NOT NULL,
  rule          text        NOT NULL DEFAULT '',
  file_check    text        NOT NULL DEFAULT '',
  source        text        NOT NULL DEFAULT '', -- who knew the rule
  state         text        NOT NULL,
  how           text        NOT NULL DEFAULT '',
  finding_id    uuid,                 -- what the rule had found
  override_id   uuid,                 -- and by what it was let pass
  parameter     text        NOT NULL DEFAULT '', -- of the setting that follows
  value         text        NOT NULL DEFAULT '', -- C2
  now_is        text        NOT NULL DEFAULT '', -- C2: the value when it was learned
  guide_id      uuid,                 -- the version of guidelines that has it
  note          text        NOT NULL DEFAULT '', -- C2: why it was declined
  decided_by    uuid,
  decided_at    timestamptz,
  learned_at    timestamptz NOT NULL,
  version       integer     NOT NULL DEFAULT 1,
  CONSTRAINT lesson_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT lesson_submission_fkey FOREIGN KEY (firm_id, submission_id) REFERENCES submission (firm_id, id),
  CONSTRAINT lesson_reduction_fkey FOREIGN KEY (firm_id, reduction_id) REFERENCES reduction (firm_id, id),
  CONSTRAINT lesson_reason_fkey FOREIGN KEY (firm_id, reason_id) REFERENCES receiver_reason (firm_id, id),
  CONSTRAINT lesson_finding_fkey FOREIGN KEY (firm_id, finding_id) REFERENCES finding (firm_id, id),
  CONSTRAINT lesson_override_fkey FOREIGN KEY (firm_id, override_id) REFERENCES finding_override (firm_id, id),
  CONSTRAINT lesson_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES person (id),
  CONSTRAINT lesson_state_known CHECK (state IN ('open', 'overridden', 'proposed', 'accepted', 'declined', 'missed', 'no_rule')),
  CONSTRAINT lesson_source_known CHECK (source IN ('', 'published', 'person')),
  CONSTRAINT lesson_target CHECK ((state IN ('open', 'no_rule')) = (rule = '' AND file_check = '') AND (rule = '' OR file_check = '')),
  CONSTRAINT lesson_found CHECK ((state = 'overridden') = (finding_id IS NOT NULL) AND (override_id IS NULL OR finding_id IS NOT NULL)),
  CONSTRAINT lesson_decided CHECK ((decided_at IS NULL) = (decided_by IS NULL) AND (state IN ('accepted', 'declined')) = (decided_at IS NOT NULL)),
  CONSTRAINT lesson_accepted CHECK ((state = 'accepted') = (guide_id IS NOT NULL)),
  CONSTRAINT lesson_declined CHECK ((state = 'declined') = (note <> '')),
  CONSTRAINT lesson_texts_length CHECK (length(rule) <= 20 AND length(file_check) <= 20 AND length(how) <= 20 AND length(parameter) <= 40 AND length(value) <= 4000 AND length(now_is) <= 4000 AND length(note) <= 500)
);
CALL isolate('lesson');
REVOKE INSERT, UPDATE, DELETE ON lesson FROM docketry_worker;
REVOKE UPDATE, DELETE ON lesson FROM docketry_api;
GRANT UPDATE (rule, file_check, source, state, how, finding_id, override_id, parameter, value, now_is, guide_id, note, decided_by, decided_at, version) ON lesson TO docketry_api;
CREATE UNIQUE INDEX lesson_once ON lesson (firm_id, submission_id, coalesce(reduction_id, submission_id)); -- an answer is learned from once
CREATE INDEX lesson_reason ON lesson (firm_id, reason_id);
CREATE INDEX lesson_newest ON lesson (firm_id, learned_at DESC, id DESC);
COMMENT ON TABLE lesson IS 'class C2: what receivers'' answers say about our rules';

-- +goose Down
-- What people decided would be lost: a step back is refused while there is any.
-- +goose StatementBegin
DO $$ BEGIN
  IF EXISTS (SELECT FROM receiver_reason WHERE decided_at IS NOT NULL) OR EXISTS (SELECT FROM lesson WHERE decided_at IS NOT NULL) THEN
    RAISE EXCEPTION 'people decided about lessons; this step cannot be taken back without losing that';
  END IF;
END $$;
-- +goose StatementEnd
DROP TABLE lesson;
DROP TABLE receiver_reason;
