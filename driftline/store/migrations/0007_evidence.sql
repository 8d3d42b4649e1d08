-- What drift detection needs beyond counts: segments, kinds of change, noise models, score series.

ALTER TABLE profiles
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) COMMENT 'empty: all rows; else field=value',
    MODIFY ORDER BY (model, version, baseline_id, field, window_start, segment);

-- What the evidence scan reads: the directed scores of all fields of a model in one window, packed into one
-- row, so that the last week of a whole fleet can be read in seconds (docs/decisions/0012). Derived from
-- profiles. The newest computed_at of a window counts.
CREATE TABLE IF NOT EXISTS window_scores (
    model LowCardinality(String),
    version LowCardinality(String),
    baseline_id String,
    segment LowCardinality(String) COMMENT 'empty: all rows; else field=value',
    window_start DateTime64(3, 'UTC'),
    shape UInt64 COMMENT 'which fields in which order and how many numbers each: a hash; rows of another shape are for other scores',
    scores String COMMENT 'little-endian Float32, field after field: effective rows, then the mean of every score less its baseline mean',
    computed_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toMonday(window_start)
ORDER BY (model, version, baseline_id, segment, window_start)
TTL toDateTime(window_start) + INTERVAL 400 DAY
SETTINGS index_granularity = 512;

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) COMMENT 'empty: all rows; else field=value',
    ADD COLUMN IF NOT EXISTS change LowCardinality(String) COMMENT 'distribution, missing, unseen, schema, multivariate or correlation',
    MODIFY ORDER BY (model, version, window_start, field, segment, change);

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS change_start Nullable(DateTime64(3, 'UTC')) COMMENT 'most likely first window of the change',
    ADD COLUMN IF NOT EXISTS change_earliest Nullable(DateTime64(3, 'UTC')) COMMENT 'first window of its plausible set',
    ADD COLUMN IF NOT EXISTS change_latest Nullable(DateTime64(3, 'UTC')) COMMENT 'last window of its plausible set',
    ADD COLUMN IF NOT EXISTS open_direction String COMMENT 'of an open change: direction of its largest alarm, which decides when it has gone',
    ADD COLUMN IF NOT EXISTS open_effect Float64 DEFAULT nan COMMENT 'of an open change: effect of that alarm in standard units',
    ADD COLUMN IF NOT EXISTS budget Float64 DEFAULT nan COMMENT 'nominal false episodes a year allotted to this field and change',
    ADD COLUMN IF NOT EXISTS carriers Map(String, Float64) COMMENT 'of several fields at once: which fields and segments carry the change, shares of 1';

ALTER TABLE baselines
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) COMMENT 'empty: all rows; else field=value',
    MODIFY ORDER BY (model, created_at, baseline_id, field, segment);

ALTER TABLE baselines
    ADD COLUMN IF NOT EXISTS recipe String COMMENT 'JSON: how it is made and kept: file, window, first_hours, rolling or seasonal',
    ADD COLUMN IF NOT EXISTS history_since DateTime64(3, 'UTC') COMMENT '1970: no order in time is known (a file)',
    ADD COLUMN IF NOT EXISTS history_until DateTime64(3, 'UTC'),
    ADD COLUMN IF NOT EXISTS window_seconds UInt32 COMMENT 'length of the windows its noise was learned from; 0: none',
    ADD COLUMN IF NOT EXISTS noise String COMMENT 'what windows of unchanged data look like, packed by detectors.evidence',
    ADD COLUMN IF NOT EXISTS quality String COMMENT 'JSON: the baseline''s quality report';

-- Late events are found by when they came.
ALTER TABLE inference_events ADD INDEX IF NOT EXISTS received_at_range received_at TYPE minmax GRANULARITY 1;
