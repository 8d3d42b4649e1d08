-- How many requests each version answered, window by window.
-- Parameters: model String; since, until DateTime64(3), half open and on window borders; window_seconds UInt32.
-- Columns: version; window_start; rows. Reads inference_events by its key (model, ts).
SELECT
    toString(version) AS version,
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    count() AS rows
FROM inference_events
WHERE model = {model:String} AND status = 'ok'
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
GROUP BY version, window_start
