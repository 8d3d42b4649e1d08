-- The newest recent inference of models that no collector reports on and no window shows.
-- Parameters: models Array(String); since_ms Int64 Unix milliseconds.
-- Columns: one row a model that has events; last_ts and the version that served it.
-- Reads inference_events by its key (model, ts).
SELECT toString(model) AS model, max(ts) AS last_ts, toString(argMax(version, ts)) AS version
FROM inference_events
WHERE model IN {models:Array(String)}
  AND ts >= fromUnixTimestamp64Milli({since_ms:Int64})
GROUP BY model
