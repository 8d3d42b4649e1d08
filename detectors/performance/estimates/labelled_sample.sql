-- A bounded sample of a model's labelled events with all their columns, as flat arrays: those with the
-- smallest hash of their id.
-- Parameters: model String, or a stand-in; recipe UInt64; versions Array(String), empty for all; since, until
--   DateTime64(3), half-open; most_rows UInt32; width, texts UInt16: numeric and categorical slots of the
--   contract.
-- Columns: weights (with the labelling propensity), truth (class),
--   truth_value (number), one a row; numbers, row by row, width of them each, NaN where missing; texts, row by
--   row, texts of them each, U+0000 where missing. One row of arrays.
-- Reads labelled_events by the prefix (model, recipe, name) of its key, inference_events by (model, ts).
WITH chosen AS (
    SELECT version, event_key, any(weight) AS weight, any(truth) AS truth, any(truth_value) AS truth_value
    FROM labelled_events FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = ''
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
    GROUP BY version, event_key
    ORDER BY event_key, version
    LIMIT {most_rows:UInt32}
)
SELECT
    groupArray(weight) AS weights,
    groupArray(toString(truth)) AS truth,
    groupArray(truth_value) AS truth_value,
    arrayFlatten(groupArray(numbers)) AS numbers,
    arrayFlatten(groupArray(cells)) AS texts
FROM (
    SELECT c.weight AS weight, c.truth AS truth, c.truth_value AS truth_value, e.numbers AS numbers, e.cells AS cells
    FROM (
        SELECT
            version,
            cityHash64(event_id) AS event_key,
            arrayResize(numeric, {width:UInt16}, nan) AS numbers,
            arrayResize(arrayMap(x -> toString(x), categorical), {texts:UInt16}, char(0)) AS cells
        FROM inference_events
        WHERE model = {model:String} AND status = 'ok'
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND cityHash64(event_id) IN (SELECT event_key FROM chosen)
        LIMIT 1 BY version, event_key
    ) AS e
    INNER JOIN chosen AS c ON e.event_key = c.event_key AND e.version = c.version
    ORDER BY e.event_key, e.version
)
