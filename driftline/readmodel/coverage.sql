-- What the collectors saw of a model, by version, and what they kept.
-- Parameters: model String; since_ms, until_ms Int64 Unix milliseconds, half open.
-- Columns: one row a version. seen = kept + unsampled + dropped, in predictions (rows of requests);
--   dropped is by reason, by_tap seen by the tap that saw it; last_ts: end of the last interval with a prediction.
-- Reads coverage by its key (model, ts).
SELECT
    toString(version) AS version,
    sum(seen) AS seen,
    sum(kept) AS kept,
    sum(unsampled) AS unsampled,
    sumMap(dropped) AS dropped,
    sumMap(map(toString(tap), coverage.seen)) AS by_tap,
    uniqExact(instance) AS instances,
    maxOrNullIf(ts, coverage.seen > 0) AS last_ts
FROM coverage
WHERE model = {model:String}
  AND ts >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND ts < fromUnixTimestamp64Milli({until_ms:Int64})
GROUP BY version
ORDER BY version
