-- Effect and strength of a model's fields over time, the strongest fields first.
-- Parameters: model String; field String: always among them; since_ms, until_ms Int64 Unix milliseconds
--   of the window's start, half open; most UInt32 fields.
-- Columns: one row a field; points, oldest first: window start, version, rows, effect (standard units),
--   strength (|evidence| / threshold), minimum detectable effect (standard units).
-- Reads findings by the prefix (model) of its key (model, version, window_start, field, segment, change); the main finding of a field, over all rows.
SELECT
    field,
    arraySort(p -> (p.1, p.3), groupArray((
        window_start,
        toString(version),
        rows,
        effect,
        abs(evidence) / nullIf(threshold, 0),
        minimum_detectable_effect
    ))) AS points,
    count() OVER () AS fields
FROM findings FINAL
WHERE model = {model:String} AND segment = '' AND change IN ('', 'distribution')
  AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
  AND window_start < fromUnixTimestamp64Milli({until_ms:Int64})
GROUP BY field
ORDER BY
    field = {field:String} DESC,
    maxIf(abs(evidence) / threshold, isFinite(evidence / threshold)) DESC,
    field
LIMIT {most:UInt32}
