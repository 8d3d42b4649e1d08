-- A bounded sample of labelled events with the loss of each and the columns of the event, as flat arrays: those
-- with the smallest hash of their key.
-- Parameters: model, name String (label: '' the truth, else a figure); recipe UInt64; since, until
--   DateTime64(3), half-open; versions Array(String), empty for all; most_rows UInt32; width, texts UInt16:
--   numeric and categorical slots of the contract; loss_* as the loss says.
-- Filled in by the caller, from closed sets: @loss, loss of one event; @counted, which rows count.
-- Columns: total, labelled events there are; arrays of one item a row: losses, in the loss's unit; weights
--   (1 / probability of being kept and labelled); segments, an array each; truths, predictions, texts of
--   transcripts and rankings; numbers, row by row, width of them each, NaN where missing; cells, row by row,
--   texts of them each, U+0000 where missing.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts, inference_events by its key
-- (model, ts). Labelled events whose event is no longer stored are left out.
WITH picked AS (
    SELECT version, ts, event_key, weight, loss, segments, truth_text, prediction_text, total
    FROM (
        SELECT
            version,
            ts,
            event_key,
            weight,
            segments,
            truth_text,
            prediction_text,
            @loss AS raw,
            least(greatest(raw, 0.), {loss_bound:Float64}) AS loss,
            count() OVER () AS total
        FROM labelled_events FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR has({versions:Array(String)}, toString(version)))
            AND (@counted) AND NOT isNaN(raw)
    )
    ORDER BY cityHash64(event_key), event_key, version
    LIMIT {most_rows:UInt32}
)
SELECT
    max(p.total) AS total,
    groupArray(p.loss) AS losses,
    groupArray(p.weight) AS weights,
    groupArray(arrayMap(x -> toString(x), p.segments)) AS segments,
    groupArray(p.truth_text) AS truths,
    groupArray(p.prediction_text) AS predictions,
    arrayFlatten(groupArray(e.numbers)) AS numbers,
    arrayFlatten(groupArray(e.cells)) AS cells
FROM picked AS p
INNER JOIN (
    SELECT
        version,
        ts,
        cityHash64(event_id) AS event_key,
        arrayResize(numeric, {width:UInt16}, nan) AS numbers,
        arrayResize(arrayMap(x -> toString(x), categorical), {texts:UInt16}, char(0)) AS cells
    FROM inference_events
    WHERE model = {model:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND cityHash64(event_id) IN (SELECT event_key FROM picked)
    LIMIT 1 BY version, ts, event_key
) AS e ON e.version = p.version AND e.ts = p.ts AND e.event_key = p.event_key
