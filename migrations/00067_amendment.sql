-- 00067_amendment.sql: what is settled on an entry under review, before it is on a
-- bill. The entry keeps what was recorded; a pre-bill takes these over as edits.
-- +goose Up
CREATE TABLE amendment (
  firm_id      uuid        NOT NULL,
  id           uuid        NOT NULL,
  entry_id     uuid        NOT NULL,
  seq          integer     NOT NULL, -- order on the entry
  side         text        NOT NULL, -- the billing team or the firm
  before       jsonb       NOT NULL, -- C3
  after        jsonb       NOT NULL, -- C3
  before_minor bigint      NOT NULL, -- what the entry is worth, in minor units
  after_minor  bigint      NOT NULL,
  reason       text        NOT NULL,
  note         text        NOT NULL DEFAULT '',
  amended_by   uuid        NOT NULL,
  amended_at   timestamptz NOT NULL,
  undone_by    uuid,
  undone_at    timestamptz,
  CONSTRAINT amendment_pkey PRIMARY KEY (firm_id, id),
  CONSTRAINT amendment_entry_fkey FOREIGN KEY (firm_id, entry_id) REFERENCES entry (firm_id, id),
  CONSTRAINT amendment_amended_by_fkey FOREIGN KEY (amended_by) REFERENCES person (id),
  CONSTRAINT amendment_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES person (id),
  CONSTRAINT amendment_seq_key UNIQUE (firm_id, entry_id, seq),
  CONSTRAINT amendment_side_known CHECK (side IN ('bureau', 'firm')),
  CONSTRAINT amendment_reason_known CHECK (reason IN ('WORDING', 'CODING', 'RATE', 'DISCOUNT', 'COURTESY', 'CAP', 'FIXED', 'GUIDELINE',
    'QUALITY', 'TRAVEL', 'DUPLICATE', 'STALE', 'OTHER')),
  CONSTRAINT amendment_note_given CHECK (reason <> 'OTHER' OR length(note) >= 3),
  CONSTRAINT amendment_note_length CHECK (length(note) <= 500),
  CONSTRAINT amendment_undone_set CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);
CALL isolate('amendment');
REVOKE UPDATE, DELETE ON amendment FROM docketry_api, docketry_worker;
GRANT UPDATE (undone_by, undone_at) ON amendment TO docketry_api, docketry_worker;

-- +goose Down
DROP TABLE amendment;
