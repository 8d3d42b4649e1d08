-- Which of some raw payloads are stored, and how often, to send only the others again.
-- Parameters: models, event_ids Array(String); since, until Int64, Unix milliseconds, both included.
-- Columns: model, ts_ms (Unix milliseconds), event_id, field, body_bytes, rows.
-- The key is (model, field, ts); the fields of a model are few.
SELECT
    model,
    toUnixTimestamp64Milli(ts) AS ts_ms,
    event_id,
    field,
    length(body) AS body_bytes,
    count() AS rows
FROM payloads
WHERE model IN {models:Array(String)}
    AND ts >= fromUnixTimestamp64Milli({since:Int64})
    AND ts <= fromUnixTimestamp64Milli({until:Int64})
    AND event_id IN {event_ids:Array(String)}
GROUP BY model, ts, event_id, field, body_bytes
