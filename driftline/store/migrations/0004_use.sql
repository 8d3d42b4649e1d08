-- How much was seen, and what it used.

-- Counts of one collector in one interval, by model: seen = kept + not sampled + dropped.
CREATE TABLE IF NOT EXISTS coverage (
    ts DateTime64(3, 'UTC'),
    model LowCardinality(String),
    version LowCardinality(String),
    instance LowCardinality(String),
    seen UInt64 COMMENT 'predictions that passed the tap (rows, not requests)',
    kept UInt64,
    unsampled UInt64,
    dropped Map(LowCardinality(String), UInt64) COMMENT 'by reason'
) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (model, ts)
SETTINGS non_replicated_deduplication_window = 10000;

-- CPU and memory of the processes that serve a model, per sample interval.
CREATE TABLE IF NOT EXISTS cpu_samples (
    ts DateTime64(3, 'UTC') COMMENT 'end of the interval',
    node LowCardinality(String),
    model LowCardinality(String),
    instance LowCardinality(String),
    processes UInt16,
    cpu_seconds Float64 COMMENT 'user and system CPU time used in the interval',
    memory_bytes UInt64 COMMENT 'resident set at its end, shared pages counted once per process',
    interval_seconds Float64,
    grade LowCardinality(String) COMMENT 'evidence grade: measured, apportioned, device-copied, unavailable'
) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (model, ts)
SETTINGS non_replicated_deduplication_window = 10000;

-- A device as a whole.
CREATE TABLE IF NOT EXISTS gpu_samples (
    ts DateTime64(3, 'UTC'),
    node LowCardinality(String),
    device String COMMENT 'UUID',
    device_name LowCardinality(String),
    utilization Float64 COMMENT '0..1',
    memory_used_bytes UInt64,
    memory_total_bytes UInt64,
    power_watts Float64,
    interval_seconds Float64,
    grade LowCardinality(String)
) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (node, device, ts)
SETTINGS non_replicated_deduplication_window = 10000;

-- Which instance had which share of which card.
CREATE TABLE IF NOT EXISTS gpu_shares (
    ts DateTime64(3, 'UTC'),
    node LowCardinality(String),
    device String,
    device_name LowCardinality(String),
    model LowCardinality(String),
    instance LowCardinality(String),
    core_share Float64 COMMENT '0..1 of the card',
    memory_share Float64 COMMENT '0..1 of the card''s memory',
    interval_seconds Float64,
    grade LowCardinality(String)
) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (model, ts)
SETTINGS non_replicated_deduplication_window = 10000;
