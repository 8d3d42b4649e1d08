-- Verification: pairs by same and accepted, and sorted similarities, one row a window.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   threshold Float64, similarity from which a pair is accepted; modulus UInt64, one of so many events has its
--   similarity in the curves.
-- Columns: version; window, number since `since`; segment, value; left_out, events without finite values; n, w,
--   w2 events, sums of weights and of their squares, four each: different rejected, different accepted, same
--   rejected, same accepted; scores, similarities as float64, ascending, and signed, float64 in the same order
--   (weight, negative for different), each after a varint of their number.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    countIf(NOT usable) AS left_out,
    arrayMap(cell -> toFloat64(cell), sumForEachIf(arrayMap(cell -> toUInt64(cell = place), [1, 2, 3, 4]), usable)) AS n,
    sumForEachIf(arrayMap(cell -> if(cell = place, weight, 0), [1, 2, 3, 4]), usable) AS w,
    sumForEachIf(arrayMap(cell -> if(cell = place, weight * weight, 0), [1, 2, 3, 4]), usable) AS w2,
    formatRow('RowBinary', arraySort(groupArrayIf(predicted_value, drawn))) AS scores,
    formatRow('RowBinary', arraySort((weight, score) -> score, groupArrayIf(if(same, weight, -weight), drawn), groupArrayIf(predicted_value, drawn))) AS signed
FROM (
    SELECT
        if({merged:UInt8} = 1, '', toString(e.version)) AS version,
        intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
        if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
        weight,
        predicted_value,
        truth_value >= 0.5 AS same,
        1 + 2 * toUInt8(same) + toUInt8(predicted_value >= {threshold:Float64}) AS place,
        isFinite(truth_value) AND isFinite(predicted_value) AS usable,
        usable AND ({modulus:UInt64} = 1 OR event_key % {modulus:UInt64} = 0) AS drawn
    FROM labelled_events AS e FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
        AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
)
GROUP BY version, window, segment
ORDER BY version, window, segment
