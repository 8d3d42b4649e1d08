-- Which windows got events since a moment of receipt.
-- Parameters: received_since DateTime64(3); since, until DateTime64(3), the half-open range of event times;
--   window_seconds UInt32.
-- Columns: model; version; window_start.
-- Reads inference_events by the smallest and largest received_at of every granule, and by ts.
SELECT
    toString(model) AS model,
    toString(version) AS version,
    fromUnixTimestamp64Milli(number * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start
FROM (
    SELECT i.model AS model, i.version AS version, intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) AS number
    FROM inference_events AS i
    WHERE received_at >= {received_since:DateTime64(3, 'UTC')} AND status IN ('ok', 'error')
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    GROUP BY i.model, i.version, number
)
