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

-- What people said: approvals, denials, acknowledgements, resets of a breaker, overrides of a gate.
CREATE TABLE IF NOT EXISTS interventions (
    kind LowCardinality(String) COMMENT 'approve, deny, acknowledge or reset_breaker',
    subject String COMMENT 'id of the action or episode; of a breaker, model and kind of action',
    model LowCardinality(String),
    author String,
    reason String,
    at DateTime64(6, 'UTC')
) ENGINE = MergeTree
ORDER BY (subject, kind, at);

-- Times in which nobody is told of some episodes and nothing is started for them. The highest revision counts.
CREATE TABLE IF NOT EXISTS silences (
    silence_id String,
    models Array(String) COMMENT 'patterns, any of which matches',
    teams Array(String),
    kinds Array(String) COMMENT 'kinds of episodes; empty: all',
    author String,
    reason String,
    since DateTime64(3, 'UTC'),
    until DateTime64(3, 'UTC'),
    revision UInt32
) ENGINE = ReplacingMergeTree(revision)
ORDER BY silence_id;
