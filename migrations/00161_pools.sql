-- 00161_pools.sql: pools beyond the one that there is without configuration, who claims through which, who is away,
-- and what types of work weigh in the hands of who holds them (SLA.md 9). All of it is the bureau's: it stands in the
-- bureau's own domain (firm_id is the bureau's), and no firm reads it.
-- +goose Up
ALTER TABLE pool
  ADD COLUMN is_default  boolean  NOT NULL DEFAULT false,
  ADD COLUMN lead_id     uuid,
  ADD COLUMN every_firm  boolean  NOT NULL DEFAULT true,
  ADD COLUMN served      uuid[]   NOT NULL DEFAULT '{}',
  ADD COLUMN every_type  boolean  NOT NULL DEFAULT true,
  ADD COLUMN work_types  text[]   NOT NULL DEFAULT '{}',
  ADD COLUMN wip_limit   smallint NOT NULL DEFAULT 3,
  ADD COLUMN version     integer  NOT NULL DEFAULT 1,
  ADD COLUMN ended_by    uuid,
  ADD COLUMN ended_at    timestamptz;
UPDATE pool SET is_default = true;
ALTER TABLE pool
  DROP CONSTRAINT pool_name_key,
  ADD CONSTRAINT pool_lead_fkey FOREIGN KEY (lead_id) REFERENCES person (id),
  ADD CONSTRAINT pool_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person (id),
  ADD CONSTRAINT pool_served_whole CHECK (every_firm = (cardinality(served) = 0)),
  ADD CONSTRAINT pool_types_whole CHECK (every_type = (cardinality(work_types) = 0)),
  ADD CONSTRAINT pool_limit_range CHECK (wip_limit BETWEEN 1 AND 20),
  ADD CONSTRAINT pool_ended_whole CHECK ((ended_by IS NULL) = (ended_at IS NULL) AND NOT (is_default AND ended_at IS NOT NULL));
-- One name among those that are open, and one pool for whoever is in no other.
CREATE UNIQUE INDEX pool_named ON pool (firm_id, lower(name)) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX pool_default ON pool (firm_id) WHERE is_default;
GRANT SELECT (is_default, every_firm, served, every_type, work_types, wip_limit, ended_at) ON pool TO docketry_bureau;
COMMENT ON COLUMN pool.is_default IS 'whoever is in no other pool claims through it; it never ends';
COMMENT ON COLUMN pool.lead_id IS 'who answers for it; NULL while nobody was named';
COMMENT ON COLUMN pool.served IS 'the firms whose work it takes; empty where it takes that of every firm';
COMMENT ON COLUMN pool.work_types IS 'the types of work it takes; empty where it takes every type';
COMMENT ON COLUMN pool.wip_limit IS 'the weight of what one of its people may hold at once, where they have no limit of their own';

-- Where a person claims, how much they may hold, and whether they are away. Without a row: the pool of everybody, its
-- limit, on duty.
CREATE TABLE pool_seat (
  firm_id    uuid        NOT NULL,
  person_id  uuid        NOT NULL,
  pool_id    uuid,                 -- NULL is the pool of everybody
  wip_limit  smallint,             -- NULL is the pool's
  away_at    timestamptz,          -- since when they are away
  away_until timestamptz,          -- until when, NULL until they come back
  away_as    text,                 -- who said so
  CONSTRAINT pool_seat_pkey PRIMARY KEY (firm_id, person_id),
  CONSTRAINT pool_seat_person_fkey FOREIGN KEY (person_id) REFERENCES person (id),
  CONSTRAINT pool_seat_pool_fkey FOREIGN KEY (firm_id, pool_id) REFERENCES pool (firm_id, id),
  CONSTRAINT pool_seat_limit_range CHECK (wip_limit BETWEEN 1 AND 20),
  CONSTRAINT pool_seat_away_whole CHECK ((away_at IS NULL) = (away_as IS NULL) AND (away_until IS NULL OR away_until > away_at)),
  CONSTRAINT pool_seat_away_as_known CHECK (away_as IN ('self', 'lead', 'lapsed'))
);
CALL isolate('pool_seat');
REVOKE DELETE ON pool_seat FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, person_id, pool_id, wip_limit, away_at, away_until) ON pool_seat TO docketry_bureau;
CREATE INDEX pool_seat_pool ON pool_seat (firm_id, pool_id);
CREATE INDEX pool_seat_away ON pool_seat (firm_id) WHERE away_at IS NOT NULL; -- every claim asks who is away
COMMENT ON TABLE pool_seat IS 'class C1: where one of the bureau''s people claims, how much they may hold, and whether they are away';
COMMENT ON COLUMN pool_seat.away_as IS 'self: their own word; lead: a lead''s; lapsed: three offers in a row that nobody answered';

-- What one item of a type counts in the hands of who holds it. Without a row: one.
CREATE TABLE work_weight (
  firm_id   uuid        NOT NULL,
  work_type text        NOT NULL,
  weight    smallint    NOT NULL,
  set_by    uuid        NOT NULL,
  set_at    timestamptz NOT NULL,
  CONSTRAINT work_weight_pkey PRIMARY KEY (firm_id, work_type),
  CONSTRAINT work_weight_firm_fkey FOREIGN KEY (firm_id) REFERENCES firm (firm_id),
  CONSTRAINT work_weight_set_by_fkey FOREIGN KEY (set_by) REFERENCES person (id),
  CONSTRAINT work_weight_type_form CHECK (work_type ~ '^[a-z][a-z_]{1,39}$'),
  CONSTRAINT work_weight_range CHECK (weight BETWEEN 1 AND 20)
);
CALL isolate('work_weight');
REVOKE DELETE ON work_weight FROM docketry_api, docketry_worker;
GRANT SELECT (firm_id, work_type, weight) ON work_weight TO docketry_bureau;
COMMENT ON TABLE work_weight IS 'class C1: what one item of a type of work counts towards the limit of what a person holds';

-- A lead may give somebody more than they may hold, with a reason.
ALTER TABLE work_item ADD COLUMN reserved_over boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN work_item.reserved_over IS 'the lead who gave it said that it may be taken over the limit of what a person holds';

-- +goose Down
ALTER TABLE work_item DROP COLUMN reserved_over;
DROP TABLE work_weight;
DROP TABLE pool_seat;
DROP INDEX pool_default;
DROP INDEX pool_named;
-- What was made beside the one goes; its counters start again when there are pools again.
DELETE FROM pool_firm v USING pool p WHERE p.firm_id = v.firm_id AND p.id = v.pool_id AND NOT p.is_default;
DELETE FROM pool WHERE NOT is_default;
UPDATE pool SET name = 'Bureau';
ALTER TABLE pool
  DROP COLUMN is_default, DROP COLUMN lead_id, DROP COLUMN every_firm, DROP COLUMN served, DROP COLUMN every_type, DROP COLUMN work_types, DROP COLUMN wip_limit, DROP COLUMN version, DROP COLUMN ended_by, DROP COLUMN ended_at,
  ADD CONSTRAINT pool_name_key UNIQUE (firm_id, name);
