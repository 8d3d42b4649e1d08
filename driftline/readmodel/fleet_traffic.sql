-- What the collectors saw lately, by version.
-- Parameters: model String, empty for all; since_ms Int64 Unix milliseconds.
-- Columns: one row a model and version; seen, kept, dropped in predictions; last_ts: newest interval
--   with a prediction.
-- Reads coverage by its key (model, ts).
SELECT
    toString(model) AS model,
    toString(version) AS version,
    sum(seen) AS predictions,
    sum(kept) AS sampled,
    sum(arraySum(mapValues(dropped))) AS lost,
    max(ts) AS last_ts
FROM coverage
WHERE ({model:String} = '' OR model = {model:String})
  AND ts >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND seen > 0
GROUP BY model, version
