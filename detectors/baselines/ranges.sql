-- Range, spread and equal-mass quantiles of every numeric slot of a reference.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3);
--   width UInt16, numeric slots; keep_one_in UInt32: quantiles come from this share of the rows, chosen
--   by a hash of the event id, so that they are bounded in memory and the same every time;
--   window_seconds UInt32 and excluded Array(Int64), numbers since 1970 of windows that are left out.
-- Columns: rows; minima, maxima, means, stds, finite_rows, infinite_rows (one a slot, unweighted, the
--   first four over finite values in the field's unit); quantiles, an array of 25 a slot (NaN where a
--   slot has no finite value).
-- Reads inference_events by its key (model, ts).
WITH
    arrayResize(numeric, {width:UInt16}, nan) AS padded,
    arrayMap(x -> toUInt8(isFinite(x)), padded) AS finite,
    arrayMap(x -> if(isFinite(x), x, nan), padded) AS cleaned,
    cityHash64(event_id) % {keep_one_in:UInt32} = 0 AS sampled
SELECT
    count() AS rows,
    minForEach(arrayMap(x -> if(isFinite(x), x, inf), padded)) AS minima,
    maxForEach(arrayMap(x -> if(isFinite(x), x, -inf), padded)) AS maxima,
    sumForEach(finite) AS finite_rows,
    sumForEach(arrayMap(x -> toUInt8(isInfinite(x)), padded)) AS infinite_rows,
    avgIfForEach(padded, finite) AS means,
    stddevPopStableIfForEach(padded, finite) AS stds,
    quantilesExactForEachIf(1/26, 2/26, 3/26, 4/26, 5/26, 6/26, 7/26, 8/26, 9/26, 10/26, 11/26, 12/26, 13/26,
        14/26, 15/26, 16/26, 17/26, 18/26, 19/26, 20/26, 21/26, 22/26, 23/26, 24/26, 25/26)(cleaned, sampled) AS quantiles
FROM inference_events
WHERE model = {model:String} AND status IN ('ok', 'error')
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
    AND (empty({excluded:Array(Int64)})
        OR intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) NOT IN {excluded:Array(Int64)})
