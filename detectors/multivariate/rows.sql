-- A bounded sample of a model's events in a time range, as flat arrays: those with the smallest hash of
-- their id, in the order of time.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3), half-open;
--   most_rows UInt32; width, texts UInt16: numeric and categorical slots of the contract.
-- Columns: weights, one a row; numbers, row by row, width of them each, NaN where missing; texts, row by
--   row, texts of them each, U+0000 where missing. One row of arrays: the driver reads those fastest.
-- Events of which only one half came (status no_response, no_request) are left out, as in profiles.
-- Reads inference_events by its key (model, ts).
SELECT
    groupArray(weight) AS weights,
    arrayFlatten(groupArray(numbers)) AS numbers,
    arrayFlatten(groupArray(cells)) AS texts
FROM (
    SELECT weight, numbers, cells
    FROM (
        SELECT
            ts,
            event_id,
            weight,
            arrayResize(numeric, {width:UInt16}, nan) AS numbers,
            arrayResize(arrayMap(x -> toString(x), categorical), {texts:UInt16}, char(0)) AS cells
        FROM inference_events
        WHERE model = {model:String} AND status IN ('ok', 'error')
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
        ORDER BY cityHash64(event_id), event_id
        LIMIT {most_rows:UInt32}
    )
    ORDER BY ts, event_id
)
