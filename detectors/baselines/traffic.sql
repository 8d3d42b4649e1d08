-- Windows of traffic of each version, oldest first.
-- Parameters: models Array(String); versions Array(String), empty for all; since, until DateTime64(3), half
--   open; window_seconds UInt32; most UInt32, windows to list a version.
-- Columns: model; version; numbers, of the windows since 1970, ascending; rows in each.
-- Reads inference_events by its key (model, ts).
SELECT toString(model) AS model, toString(version) AS version, groupArray(number) AS numbers, groupArray(rows) AS rows
FROM (
    SELECT model, version, intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) AS number, count() AS rows
    FROM inference_events
    WHERE model IN {models:Array(String)} AND status IN ('ok', 'error')
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    GROUP BY model, version, number
    ORDER BY model, version, number
    LIMIT {most:UInt32} BY model, version
)
GROUP BY model, version
ORDER BY model, version
