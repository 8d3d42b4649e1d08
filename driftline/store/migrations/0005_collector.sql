-- What the collector's taps, spool and descriptors add.

-- Coverage by tap: how the traffic was seen.
ALTER TABLE coverage ADD COLUMN IF NOT EXISTS tap LowCardinality(String) DEFAULT 'splice'
COMMENT 'splice, cloudevents, ext_proc or client' AFTER instance;

ALTER TABLE inference_events MODIFY COLUMN IF EXISTS status LowCardinality(String)
COMMENT 'ok, error, no_response (the answer never came) or no_request (only the answer came)';

-- Raw values of the fields whose contract asks for them, after redaction.
CREATE TABLE IF NOT EXISTS payloads (
    model LowCardinality(String),
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id String,
    field LowCardinality(String),
    datatype LowCardinality(String) COMMENT 'V2 name: FP32, INT64, BYTES',
    shape Array(UInt32),
    body String CODEC(ZSTD(3)) COMMENT 'text as it is, numbers as JSON in row-major order',
    received_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = MergeTree
PARTITION BY toMonday(ts)
ORDER BY (model, field, ts)
TTL toDateTime(ts) + INTERVAL {event_ttl_days} DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- What descriptors compare with (vocabulary, centroid), learned from the first rows of a version. The
-- first row committed for (model, version, field) wins, as with contracts.
CREATE TABLE IF NOT EXISTS descriptor_references (
    model LowCardinality(String),
    version LowCardinality(String),
    field String,
    kind LowCardinality(String) COMMENT 'vocabulary or centroid',
    body String CODEC(ZSTD(3)) COMMENT 'JSON',
    rows UInt64 COMMENT 'rows it was learned from',
    written_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = MergeTree ORDER BY (model, version, field, written_at)
SETTINGS enable_block_number_column = 1;
