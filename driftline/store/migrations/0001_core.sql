-- What models take and give, what they were asked, and what turned out to be true.

-- Contracts: one row a revision; the first row committed for a revision wins, so that collectors
-- that infer a contract at the same time agree on one. Block numbers are given out at commit; written_at is
-- taken before, so a writer could still find its own row first and lose to an earlier time afterwards.
CREATE TABLE IF NOT EXISTS contracts (
    model String,
    revision UInt32,
    source LowCardinality(String),
    body String COMMENT 'the contract as JSON',
    written_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = MergeTree ORDER BY (model, revision, written_at)
SETTINGS enable_block_number_column = 1;

-- One sampled inference. Arrays are in the contract's slot order; a missing number is NaN, a missing
-- category the single character U+0000. weight = 1 / inclusion probability.
CREATE TABLE IF NOT EXISTS inference_events (
    model LowCardinality(String),
    version LowCardinality(String),
    instance LowCardinality(String),
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT 'ok or error',
    latency_ms Float32,
    weight Float64 CODEC(ZSTD(1)),
    numeric Array(Float64) CODEC(ZSTD(1)),
    categorical Array(LowCardinality(String)),
    received_at DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 4
) ENGINE = MergeTree
PARTITION BY toMonday(ts)
ORDER BY (model, ts)
TTL toDateTime(ts) + INTERVAL {event_ttl_days} DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- Ground truth that came later. Append-only: the newest row of (model, event_id) counts, history stays.
CREATE TABLE IF NOT EXISTS labels (
    model LowCardinality(String),
    event_id String,
    label String,
    labelled_at DateTime64(3, 'UTC'),
    received_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = MergeTree ORDER BY (model, event_id, received_at);

-- Named references. One row a column of the model; the rows of a baseline are written in one block.
CREATE TABLE IF NOT EXISTS baselines (
    baseline_id String,
    model LowCardinality(String),
    version LowCardinality(String) COMMENT 'empty: any version',
    name String,
    source String COMMENT 'file name or window it was made from',
    created_at DateTime64(6, 'UTC'),
    field String,
    kind LowCardinality(String),
    edges Array(Float64) COMMENT 'ascending bin edges, bins are [edge, next edge)',
    categories Array(String) COMMENT 'known categories, most frequent first',
    top UInt16 COMMENT 'how many of the categories have a bin of their own',
    complete UInt8 COMMENT '1 when categories lists every value of the baseline',
    counts Array(Float64) COMMENT 'weighted counts: bins, then (categorical) other and unseen, then missing',
    rows UInt64,
    weight_sum Float64,
    effective_rows Float64,
    mean Float64,
    std Float64,
    minimum Float64,
    maximum Float64,
    labelled Float64 COMMENT 'labelled rows of the reference, the same on every row of a baseline',
    correct Float64 COMMENT 'of them predicted right'
) ENGINE = MergeTree ORDER BY (model, created_at, baseline_id, field);
