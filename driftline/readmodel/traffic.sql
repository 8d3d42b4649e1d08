-- Predictions of a model per window: how many passed the collectors and how many were kept.
-- Parameters: model String; window_seconds UInt32; since_ms, until_ms Int64 Unix milliseconds.
-- Columns: one row a window, oldest first; seen, kept, dropped in predictions.
-- Reads coverage by its key (model, ts).
SELECT
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), {window_seconds:UInt32} * 1000)
        * {window_seconds:UInt32} * 1000, 'UTC') AS window_start,
    sum(seen) AS seen,
    sum(kept) AS kept,
    sum(arraySum(mapValues(dropped))) AS dropped
FROM coverage
WHERE model = {model:String}
  AND ts >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND ts < fromUnixTimestamp64Milli({until_ms:Int64})
GROUP BY window_start
ORDER BY window_start
