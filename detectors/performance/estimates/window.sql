-- A bounded sample of the answered events of one version in a window, as flat arrays: those with the smallest
-- hash of their id.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3), half-open;
--   most_rows UInt32; width, texts UInt16: numeric and categorical slots of the contract.
-- Columns: total, events in the window; weights, one a row; numbers, row by row, width of them each, NaN where
--   missing; texts, row by row, texts of them each, U+0000 where missing. One row of arrays.
-- Reads inference_events by its key (model, ts).
SELECT
    (
        SELECT count()
        FROM inference_events
        WHERE model = {model:String} AND status = 'ok'
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
    ) AS total,
    groupArray(weight) AS weights,
    arrayFlatten(groupArray(numbers)) AS numbers,
    arrayFlatten(groupArray(cells)) AS texts
FROM (
    SELECT
        weight,
        arrayResize(numeric, {width:UInt16}, nan) AS numbers,
        arrayResize(arrayMap(x -> toString(x), categorical), {texts:UInt16}, char(0)) AS cells
    FROM inference_events
    WHERE model = {model:String} AND status = 'ok'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
    ORDER BY cityHash64(event_id), event_id
    LIMIT {most_rows:UInt32}
)
