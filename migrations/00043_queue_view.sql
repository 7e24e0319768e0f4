-- 00043_queue_view.sql: a person's own views of the queue. They are the bureau's, so they stand in its
-- own domain (firm_id is the bureau's), and nobody but the person reads them.
-- +goose Up
CREATE TABLE queue_view (
  firm_id    uuid        NOT NULL,
  person_id  uuid        NOT NULL,
  id         uuid        NOT NULL,
  name       text        NOT NULL,
  tab        text        NOT NULL, -- '', 'mine', 'today', 'over', 'waiting'
  work_type  text        NOT NULL, -- '' is every
  served_id  uuid,                 -- the firm it is narrowed to; NULL is every one
  search     text        NOT NULL, -- what was typed
  is_default boolean     NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  CONSTRAINT queue_view_pkey PRIMARY KEY (firm_id, person_id, id),
  CONSTRAINT queue_view_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT queue_view_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT queue_view_name_key UNIQUE (firm_id, person_id, name),
  CONSTRAINT queue_view_tab_known CHECK (tab IN ('', 'mine', 'today', 'over', 'waiting')),
  CONSTRAINT queue_view_texts_length CHECK (length(name) BETWEEN 1 AND 40 AND length(work_type) <= 40 AND length(search) <= 200)
);
CALL isolate('queue_view');
CREATE UNIQUE INDEX queue_view_default ON queue_view (firm_id, person_id) WHERE is_default; -- one at most

-- +goose Down
DROP TABLE queue_view;
