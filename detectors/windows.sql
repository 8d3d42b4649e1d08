-- Windows that have events, with what was last evaluated of them.
-- Parameters: models Array(String), empty for all; since, until DateTime64(3), half-open and on window
--   borders; window_seconds UInt32.
-- Columns: model; version; window_start; rows; evaluated_rows (-1: never); baseline_id of that evaluation.
-- Reads inference_events by its key (model, ts), of all models by its partitions (weeks) and ts, and windows
-- by its key (model, version, window_start).
SELECT
    toString(e.model) AS model,
    toString(e.version) AS version,
    fromUnixTimestamp64Milli(e.number * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    e.rows AS rows,
    if(w.known = 1, toInt64(w.rows), -1) AS evaluated_rows,
    w.baseline_id AS baseline_id
FROM (
    SELECT
        i.model AS model,
        i.version AS version,
        intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) AS number,
        count() AS rows
    FROM inference_events AS i
    WHERE status IN ('ok', 'error')
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({models:Array(String)}) OR i.model IN {models:Array(String)})
    GROUP BY i.model, i.version, number
) AS e
LEFT JOIN (
    SELECT
        k.model AS model,
        k.version AS version,
        intDiv(toUnixTimestamp64Milli(window_start), 1000 * {window_seconds:UInt32}) AS number,
        rows,
        baseline_id,
        1 AS known
    FROM windows AS k FINAL
    WHERE window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
        AND (empty({models:Array(String)}) OR k.model IN {models:Array(String)})
) AS w ON e.model = w.model AND e.version = w.version AND e.number = w.number
ORDER BY window_start, model, version
