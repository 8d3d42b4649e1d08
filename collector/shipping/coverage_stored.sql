-- Which of some rows of coverage are stored, and how often, to send only the others again.
-- Parameters: models, instances Array(String); since, until Int64, Unix milliseconds, both included.
-- Columns: model, version, instance, tap, ts_ms (Unix milliseconds), seen, kept, unsampled, rows.
-- Reads coverage by its key (model, ts).
SELECT
    model,
    version,
    instance,
    tap,
    toUnixTimestamp64Milli(ts) AS ts_ms,
    seen,
    kept,
    unsampled,
    count() AS rows
FROM coverage
WHERE model IN {models:Array(String)}
    AND ts >= fromUnixTimestamp64Milli({since:Int64})
    AND ts <= fromUnixTimestamp64Milli({until:Int64})
    AND instance IN {instances:Array(String)}
GROUP BY model, version, instance, tap, ts, seen, kept, unsampled
