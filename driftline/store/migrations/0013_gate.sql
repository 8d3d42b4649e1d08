-- The gate before a deploy: what candidates answered to stored events, and what was found about them.

-- Answers of a candidate that its pipeline handed in; the newest of an event counts.
CREATE TABLE IF NOT EXISTS gate_answers (
    model LowCardinality(String),
    version LowCardinality(String) COMMENT 'the candidate',
    event_id String COMMENT 'of the event that the champion answered',
    prediction String COMMENT 'classification: the class',
    predicted_value Float64 COMMENT 'regression: the number; verification: the similarity; else NaN',
    scores Array(Float64) COMMENT 'classification: in the order of the contract',
    prediction_text String CODEC(ZSTD(1)) COMMENT 'transcription: the text; ranking: JSON array of items, best first',
    received_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(received_at)
ORDER BY (model, version, event_id)
TTL toDateTime(received_at) + INTERVAL 400 DAY;

-- Reports of the gate, each once it said something new; history stays.
CREATE TABLE IF NOT EXISTS gate_reports (
    model LowCardinality(String),
    version LowCardinality(String) COMMENT 'the candidate',
    champion LowCardinality(String),
    verdict LowCardinality(String) COMMENT 'pass, fail, undecided or no_evidence',
    signature UInt64 COMMENT 'hash of the evidence and the criteria behind it',
    made_at DateTime64(6, 'UTC'),
    body String CODEC(ZSTD(3)) COMMENT 'the report as JSON'
) ENGINE = MergeTree
ORDER BY (model, version, made_at);

-- Evaluation rows that were given out: the rows of lowest hash of a stretch of time, up to highest_key.
CREATE TABLE IF NOT EXISTS gate_handouts (
    model LowCardinality(String),
    champion LowCardinality(String),
    handed_at DateTime64(6, 'UTC') COMMENT 'one hand-out has a row a stretch',
    since DateTime64(3, 'UTC'),
    until DateTime64(3, 'UTC'),
    highest_key UInt64 COMMENT 'cityHash64 of the event ids up to which rows were given out',
    rows UInt32
) ENGINE = MergeTree
ORDER BY (model, champion, handed_at)
TTL toDateTime(handed_at) + INTERVAL 400 DAY;
