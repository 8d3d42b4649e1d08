-- Which of some events are stored, and how often, to send only the others again.
-- Parameters: models, instances, event_ids Array(String); since, until Int64, Unix milliseconds, both
-- included. Events are of one spool, so (instance, ts, event_id, trace_id, latency) tells them apart.
-- Columns: model, version, instance, ts_ms (Unix milliseconds), event_id, trace_id, latency_bits (Float32 as
-- UInt32, so that NaN equals NaN), rows.
-- Reads inference_events by its key (model, ts).
SELECT
    model,
    version,
    instance,
    toUnixTimestamp64Milli(ts) AS ts_ms,
    event_id,
    trace_id,
    reinterpretAsUInt32(latency_ms) AS latency_bits,
    count() AS rows
FROM inference_events
WHERE model IN {models:Array(String)}
    AND ts >= fromUnixTimestamp64Milli({since:Int64})
    AND ts <= fromUnixTimestamp64Milli({until:Int64})
    AND instance IN {instances:Array(String)}
    AND event_id IN {event_ids:Array(String)}
GROUP BY model, version, instance, ts, event_id, trace_id, latency_ms
