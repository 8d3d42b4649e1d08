-- Windows in which labels were joined since a moment.
-- Parameters: model String; recipe UInt64; joined_since DateTime64(6); window_seconds UInt32.
-- Columns: version; window_start; rows, as they were written: a correction counts again.
-- Reads labelled_events by the prefix (model, recipe) of its key and the smallest and largest joined_at of a granule.
SELECT
    toString(version) AS version,
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    count() AS rows
FROM labelled_events
WHERE model = {model:String} AND recipe = {recipe:UInt64} AND joined_at >= {joined_since:DateTime64(6, 'UTC')}
GROUP BY version, window_start
ORDER BY window_start, version
