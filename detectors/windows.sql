-- Windows of a model that have events, with what was last evaluated of them.
-- Parameters: model String; since, until DateTime64(3), half-open and on window borders;
--   window_seconds UInt32.
-- Columns: version; window_start; rows; evaluated_rows (-1: never); baseline_id of that evaluation.
-- Reads inference_events by its key (model, ts) and windows by its key (model, version, window_start).
SELECT
    e.version AS version,
    e.window_start AS window_start,
    e.rows AS rows,
    if(w.known = 1, toInt64(w.rows), -1) AS evaluated_rows,
    w.baseline_id AS baseline_id
FROM (
    SELECT
        toString(version) AS version,
        fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
        count() AS rows
    FROM inference_events
    WHERE model = {model:String} AND status IN ('ok', 'error')
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    GROUP BY version, window_start
) AS e
LEFT JOIN (
    SELECT toString(version) AS version, window_start, rows, baseline_id, 1 AS known
    FROM windows FINAL
    WHERE model = {model:String}
        AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
) AS w ON e.version = w.version AND e.window_start = w.window_start
ORDER BY window_start, version
