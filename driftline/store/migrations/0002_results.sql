-- What the detectors made of it.

-- One column of a model in one window, counted against one baseline. By month, so that merging a month reads
-- little else (docs/decisions/0012).
CREATE TABLE IF NOT EXISTS profiles (
    model LowCardinality(String),
    version LowCardinality(String),
    baseline_id String,
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    field String,
    kind LowCardinality(String),
    counts Array(Float64),
    rows UInt64,
    weight_sum Float64,
    effective_rows Float64,
    mean Float64,
    std Float64,
    minimum Float64,
    maximum Float64,
    computed_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toYYYYMM(window_start)
ORDER BY (model, version, baseline_id, field, window_start);

-- One statistic of one field in one window, with the decision it led to.
CREATE TABLE IF NOT EXISTS findings (
    finding_id String,
    model LowCardinality(String),
    version LowCardinality(String),
    baseline_id String,
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    field String,
    kind LowCardinality(String),
    role LowCardinality(String),
    status LowCardinality(String) COMMENT 'ok, watch, drifted, insufficient_data, failed',
    reason String,
    effect Float64 COMMENT 'largest directed effect in standard units',
    direction String COMMENT 'which directed score carries it',
    evidence Float64 COMMENT 'standardised deviation of the strongest scan',
    threshold Float64 COMMENT 'evidence needed under the false-alarm budget',
    scale UInt16 COMMENT 'windows pooled by the strongest scan',
    minimum_detectable_effect Float64,
    rows Float64,
    effective_rows Float64,
    statistics Map(String, Float64),
    top_bins String COMMENT 'JSON: bins that moved most, with shares',
    floor DateTime64(3, 'UTC') COMMENT 'evidence is collected from this window on',
    computed_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (model, version, window_start, field);

-- Commit marker of a window: written after its profiles and findings.
CREATE TABLE IF NOT EXISTS windows (
    model LowCardinality(String),
    version LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    baseline_id String,
    status LowCardinality(String) COMMENT 'ok, watch, drifted, insufficient_data, no_baseline',
    reason String,
    rows UInt64,
    weight_sum Float64,
    effective_rows Float64,
    drifted_fields Array(String),
    computed_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (model, version, window_start);

-- Realised quality of a window; revised while labels arrive.
CREATE TABLE IF NOT EXISTS performance (
    model LowCardinality(String),
    version LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    metric LowCardinality(String),
    value Float64,
    lower Float64,
    upper Float64,
    baseline_value Float64,
    labelled UInt64,
    labelled_weight Float64,
    correct_weight Float64,
    effective_labelled Float64,
    rows UInt64,
    evidence Float64,
    threshold Float64,
    status LowCardinality(String) COMMENT 'ok, watch, decayed, insufficient_data, no_baseline',
    reason String,
    computed_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (model, version, metric, window_start);
