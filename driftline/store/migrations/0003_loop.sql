-- What was done about it. Both tables are append-only versions: the last one by rank counts.

CREATE TABLE IF NOT EXISTS episodes (
    episode_id String,
    model LowCardinality(String),
    kind LowCardinality(String) COMMENT 'drift, decay or harmful_drift',
    opened_kind LowCardinality(String) COMMENT 'what it was when it opened',
    state LowCardinality(String) COMMENT 'open or resolved',
    opened_at DateTime64(3, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    first_window DateTime64(3, 'UTC'),
    last_window DateTime64(3, 'UTC'),
    version LowCardinality(String) COMMENT 'model version it began with',
    fields Array(String),
    summary String,
    evidence String COMMENT 'JSON: the figures behind the summary',
    revision UInt32
) ENGINE = ReplacingMergeTree(revision) ORDER BY (model, episode_id);

-- The outbox and its log: a row is written before anything is sent. rank orders states, so a late
-- note of "sent" can never hide an outcome that arrived first.
CREATE TABLE IF NOT EXISTS actions (
    action_id String,
    episode_id String,
    model LowCardinality(String),
    kind LowCardinality(String) COMMENT 'notify or retrain',
    event LowCardinality(String) COMMENT 'what it is about: opened, worsened, resolved, retrain',
    target String COMMENT 'where it goes, without credentials',
    state LowCardinality(String) COMMENT 'pending, retrying, sent, running, succeeded, failed, dead',
    rank UInt8,
    attempt UInt16,
    at DateTime64(6, 'UTC'),
    next_attempt_at DateTime64(3, 'UTC'),
    payload String COMMENT 'JSON body that is sent, the same at every attempt',
    error_reason LowCardinality(String),
    error String,
    outcome String COMMENT 'JSON the pipeline reported'
) ENGINE = MergeTree ORDER BY (model, action_id, at);
