-- The loop from an episode to an outcome: one sender at a time, why actions wait, and the run each started.

-- One row a term of office. A term is won by being the first row of its fence number: the inserts of all who
-- want it carry one deduplication token, and all but the first are dropped.
CREATE TABLE IF NOT EXISTS leases (
    name LowCardinality(String),
    fence UInt64 COMMENT 'number of the term, one more than the last',
    holder String,
    until DateTime64(3, 'UTC') COMMENT 'by the clock of the database'
) ENGINE = MergeTree
ORDER BY (name, fence)
TTL toDateTime(until) + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000;

ALTER TABLE actions
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String) COMMENT 'why it is held or suppressed; empty: it is not',
    ADD COLUMN IF NOT EXISTS reason_text String COMMENT 'the same in words, with figures',
    ADD COLUMN IF NOT EXISTS run_id String COMMENT 'what the target calls the run that it started',
    ADD COLUMN IF NOT EXISTS run_url String;
