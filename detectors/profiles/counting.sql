-- Counts every column of a model in each window of a time range: one pass over the events.
-- Parameters: model String; versions Array(String), empty for all; apart UInt8, 1 to count each version on
--   its own and 0 to count them together, as version ''; since, until
--   DateTime64(3), the half-open range; window_seconds UInt32; width UInt16, numeric slots of the
--   contract; texts UInt16, its categorical slots; slots Array(UInt32) = 0..32*width-1; edges
--   Array(Float64), 32 cells a slot (cell 0 unused, then ascending edges padded with +inf); centres
--   Array(Float64), one a slot.
-- Columns: version; window_start; rows; weight_sum; weight_squares; numeric_counts, an array of 33
--   weighted counts a slot (32 bins, then missing); centred_sum and centred_squares, weighted, one a slot
--   over finite values in the field's unit; minima, maxima, one a slot, NaN where all is missing and the
--   largest finite number where a value is infinite; categorical_counts, a tuple with an
--   array of weighted counts a categorical column.
-- Rows of which only one half came (status no_response, no_request) are left out: what is missing in them
-- says nothing about the model.
-- Infinite values fall into the outermost bins. Arrays shorter than the contract read as missing.
-- Reads inference_events by its key (model, ts).
WITH
    arrayResize(numeric, {width:UInt16}, nan) AS padded,
    arrayMap(x -> if(isInfinite(x), if(x > 0, 1.7976931348623157e308, -1.7976931348623157e308), x), padded) AS v,
    arrayMap(s -> toUInt32(s * 32), range({width:UInt16})) AS c0,
    arrayMap((x, c) -> toUInt32(c + 16 * (x >= transform(c + 16, {slots:Array(UInt32)}, {edges:Array(Float64)}, inf))), v, c0) AS c1,
    arrayMap((x, c) -> toUInt32(c + 8 * (x >= transform(c + 8, {slots:Array(UInt32)}, {edges:Array(Float64)}, inf))), v, c1) AS c2,
    arrayMap((x, c) -> toUInt32(c + 4 * (x >= transform(c + 4, {slots:Array(UInt32)}, {edges:Array(Float64)}, inf))), v, c2) AS c3,
    arrayMap((x, c) -> toUInt32(c + 2 * (x >= transform(c + 2, {slots:Array(UInt32)}, {edges:Array(Float64)}, inf))), v, c3) AS c4,
    arrayMap((x, c, base) -> toUInt8(if(isNaN(x), 32, c - base + (x >= transform(c + 1, {slots:Array(UInt32)}, {edges:Array(Float64)}, inf)))), v, c4, c0) AS bins,
    arrayMap((x, c) -> if(isFinite(x), x - c, 0.), padded, {centres:Array(Float64)}) AS centred,
    arrayResize(categorical, {texts:UInt16}, toLowCardinality(char(0))) AS cells
SELECT
    if({apart:UInt8} = 1, toString(e.version), '') AS version,
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    count() AS rows,
    sum(weight) AS weight_sum,
    sum(weight * weight) AS weight_squares,
    sumResampleForEach(0, 33, 1)(arrayMap(x -> weight, v), bins) AS numeric_counts,
    sumForEach(arrayMap(x -> x * weight, centred)) AS centred_sum,
    sumForEach(arrayMap(x -> x * x * weight, centred)) AS centred_squares,
    minForEach(v) AS minima,
    maxForEach(v) AS maxima,
    /*CATEGORICAL*/ tuple(0) AS categorical_counts
FROM inference_events AS e
WHERE e.model = {model:String} AND e.status IN ('ok', 'error')
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
GROUP BY version, window_start
