-- Quality: labels of several kinds, their join with events, metrics by segment, class and basis.

-- A label may be the truth or a business figure of its own name, and may say how probable it was that just
-- this event would be labelled. The newest row of (model, event_id, name) counts, history stays.
ALTER TABLE labels
    ADD COLUMN IF NOT EXISTS name LowCardinality(String) DEFAULT '' COMMENT 'empty: the truth; else the name of a business figure',
    ADD COLUMN IF NOT EXISTS propensity Float64 DEFAULT 1 COMMENT 'probability that this event would be labelled, 0..1',
    ADD COLUMN IF NOT EXISTS source LowCardinality(String) DEFAULT '' COMMENT 'file, query or client that delivered it',
    ADD INDEX IF NOT EXISTS received_minmax received_at TYPE minmax GRANULARITY 1;

-- A label joined with its event, once: all that metrics need, in narrow columns. Which columns of the event
-- were taken is the recipe; another recipe (a changed contract) writes rows of its own.
CREATE TABLE IF NOT EXISTS labelled_events (
    model LowCardinality(String),
    recipe UInt64 COMMENT 'hash of the quality section and of the slots it takes',
    name LowCardinality(String) COMMENT 'as in labels',
    version LowCardinality(String),
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'time of the event',
    event_key UInt64 COMMENT 'cityHash64(event_id)',
    weight Float64 CODEC(ZSTD(1)) COMMENT '1 / (inclusion probability x labelling propensity)',
    truth LowCardinality(String) COMMENT 'classification: the true class',
    prediction LowCardinality(String) COMMENT 'classification: the predicted class',
    truth_value Float64 CODEC(ZSTD(1)) COMMENT 'regression, verification (1 same, 0 different), figures; else NaN',
    predicted_value Float64 CODEC(ZSTD(1)) COMMENT 'regression: the prediction; verification: the similarity; else NaN',
    scores Array(Float64) CODEC(ZSTD(1)) COMMENT 'classification: probability of each class, or of the predicted one',
    truth_text String CODEC(ZSTD(1)) COMMENT 'transcription: reference; ranking: JSON of relevant items',
    prediction_text String CODEC(ZSTD(1)) COMMENT 'transcription: hypothesis; ranking: JSON array of items, best first',
    segments Array(LowCardinality(String)) COMMENT 'values of the segment columns, in the order of the contract',
    labelled_at DateTime64(3, 'UTC') CODEC(ZSTD(1)) COMMENT 'when the truth was found',
    label_received_at DateTime64(6, 'UTC') CODEC(ZSTD(1)) COMMENT 'when the label came; the newest counts'
) ENGINE = ReplacingMergeTree(label_received_at)
PARTITION BY toMonday(ts)
ORDER BY (model, recipe, name, version, ts, event_key)
TTL toDateTime(ts) + INTERVAL 400 DAY;

-- Figures of a window by segment, class and where they come from.
ALTER TABLE performance
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) COMMENT 'field=value; empty: all rows',
    ADD COLUMN IF NOT EXISTS basis LowCardinality(String) COMMENT 'empty: realised; else the estimator: cbpe, pape, dle, atc, bbse, mlls',
    ADD COLUMN IF NOT EXISTS class_name LowCardinality(String) COMMENT 'of metrics of one class',
    MODIFY ORDER BY (model, version, metric, window_start, segment, basis, class_name);
ALTER TABLE performance
    ADD COLUMN IF NOT EXISTS baseline_lower Float64 DEFAULT nan,
    ADD COLUMN IF NOT EXISTS baseline_upper Float64 DEFAULT nan,
    ADD COLUMN IF NOT EXISTS risk_lower Float64 DEFAULT nan COMMENT 'lower confidence sequence of the current risk',
    ADD COLUMN IF NOT EXISTS risk_limit Float64 DEFAULT nan COMMENT 'upper bound of the reference risk plus tolerance',
    ADD COLUMN IF NOT EXISTS holds_since DateTime64(3, 'UTC') COMMENT 'windows from this one on show that the risk is within the limit; 1970: not shown',
    ADD COLUMN IF NOT EXISTS log_bets Array(Float64) COMMENT 'sums of ln(1 + lambda w (loss - limit)) of the window, one a bet',
    ADD COLUMN IF NOT EXISTS details String COMMENT 'JSON: confusion matrix, calibration bins, what an estimate is blind to';

-- Quality of a reference, computed when the baseline is made: what windows are compared with.
CREATE TABLE IF NOT EXISTS baseline_quality_figures (
    model LowCardinality(String),
    baseline_id String,
    metric LowCardinality(String),
    segment LowCardinality(String),
    class_name LowCardinality(String),
    value Float64,
    lower Float64,
    upper Float64,
    labelled UInt64,
    effective_labelled Float64,
    details String COMMENT 'JSON; of the primary metric also mean, spread and clip of its loss',
    created_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (model, baseline_id, metric, segment, class_name);

-- Labelled rows that estimators of quality are fitted on: a bounded sample, packed.
CREATE TABLE IF NOT EXISTS estimator_references (
    model LowCardinality(String),
    baseline_id String,
    rows UInt32,
    body String CODEC(ZSTD(3)) COMMENT 'truth, prediction, scores and columns of the sampled rows, packed by detectors/performance/estimates',
    created_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (model, baseline_id);

-- Inference in several stages: which models one request runs through, and in which order.
CREATE TABLE IF NOT EXISTS stage_graphs (
    name String,
    body String COMMENT 'stages and what each comes after, as JSON',
    written_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(written_at)
ORDER BY name;
