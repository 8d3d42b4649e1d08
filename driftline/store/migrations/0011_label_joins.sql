-- What the join of labels with events has done, and a place for labels on their way in.

-- Block numbers are given out at commit, so "newer than block n" misses nothing, however long an insert took;
-- a time of receipt is taken before.
ALTER TABLE labels MODIFY SETTING enable_block_number_column = 1;

ALTER TABLE labelled_events
    ADD COLUMN IF NOT EXISTS joined_at DateTime64(6, 'UTC') CODEC(ZSTD(1)) COMMENT 'when this row was written: windows that changed since are found by it',
    ADD INDEX IF NOT EXISTS joined_minmax joined_at TYPE minmax GRANULARITY 1;

-- How far the labels and the events of a model are joined. A pass goes from done (exclusive) to target, slice
-- by slice from the newest events down; reached is the lower end of its last slice. No pass: done = target.
CREATE TABLE IF NOT EXISTS label_joins (
    model LowCardinality(String),
    recipe UInt64 COMMENT 'as in labelled_events',
    labels_done UInt64 COMMENT 'block number in labels up to which all are joined',
    labels_target UInt64,
    labels_reached DateTime64(3, 'UTC') COMMENT 'events from here on are done by the pass',
    events_done DateTime64(3, 'UTC') COMMENT 'time of receipt up to which all events met the labels that waited',
    events_target DateTime64(3, 'UTC'),
    events_reached DateTime64(3, 'UTC'),
    written_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(written_at)
ORDER BY (model, recipe);

-- Result of a user's query for labels, until it is checked: a delivery is a partition and dropped at its end.
CREATE TABLE IF NOT EXISTS staged_labels (
    delivery String,
    event_id String,
    label String,
    labelled_at DateTime64(3, 'UTC'),
    name LowCardinality(String),
    propensity Float64,
    fault String COMMENT 'why it cannot be taken; empty: it can',
    staged_at DateTime DEFAULT now()
) ENGINE = MergeTree
PARTITION BY delivery
ORDER BY (event_id, name)
TTL staged_at + INTERVAL 1 DAY
SETTINGS ttl_only_drop_parts = 1;
