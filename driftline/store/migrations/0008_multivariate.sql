-- Drift of inputs and outputs as a whole: rows to compare with, and what earlier windows looked like.

-- A bounded sample of a baseline's rows, as slots of its layout: written once with the baseline.
CREATE TABLE IF NOT EXISTS baseline_samples (
    baseline_id String,
    model LowCardinality(String),
    columns Array(String) COMMENT 'columns of the sample, numeric ones first',
    rows UInt32 COMMENT 'rows of the sample, at most 2000',
    slots String CODEC(ZSTD(3)) COMMENT 'UInt8, column by column: the aligned slot of every row',
    weights String CODEC(ZSTD(3)) COMMENT 'little-endian Float32, one a row',
    correlations String CODEC(ZSTD(3)) COMMENT 'little-endian Float32: normal-score correlations of the numeric columns, pair by pair',
    correlation_rows Float64 COMMENT 'effective rows behind them',
    written_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(written_at) ORDER BY (model, baseline_id);

-- One group of columns in one window, as its distances from the baseline. Short-lived: only the spread of
-- the last week of windows is needed.
CREATE TABLE IF NOT EXISTS multivariate_windows (
    model LowCardinality(String),
    version LowCardinality(String),
    baseline_id String,
    origin LowCardinality(String) COMMENT 'live, or baseline for the windows the baseline was made of',
    field String COMMENT '(inputs), (outputs) or a field of kind embedding',
    window_start DateTime64(3, 'UTC'),
    effective_rows Float64,
    scores String COMMENT 'little-endian Float16: four distances, then the change of every correlation; NaN: none',
    means String COMMENT 'little-endian Float16: mean normal score of every numeric column, where there are pairs',
    drifted UInt8 COMMENT '1 when found drifted: says nothing about what unchanged windows look like',
    computed_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toMonday(window_start)
ORDER BY (model, version, baseline_id, origin, field, window_start)
TTL toDateTime(window_start) + INTERVAL 60 DAY;
