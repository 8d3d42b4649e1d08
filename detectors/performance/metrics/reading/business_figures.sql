-- Sums behind the mean and the sum of a business figure.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows.
-- Columns: version; window, number since `since`; segment, value; left_out, events whose figure is not finite;
--   n, w, w2 events, sums of weights and of their squares; wx, w2x, w2x2 of the figure; wx2 sum of w x^2.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    countIf(NOT isFinite(truth_value)) AS left_out,
    countIf(isFinite(truth_value)) AS n,
    sumIf(weight, isFinite(truth_value)) AS w,
    sumIf(weight * weight, isFinite(truth_value)) AS w2,
    sumIf(weight * truth_value, isFinite(truth_value)) AS x_wx,
    sumIf(weight * weight * truth_value, isFinite(truth_value)) AS x_w2x,
    sumIf(weight * weight * truth_value * truth_value, isFinite(truth_value)) AS x_w2x2,
    sumIf(weight * truth_value * truth_value, isFinite(truth_value)) AS wx2
FROM (
    SELECT
        if({merged:UInt8} = 1, '', toString(e.version)) AS version,
        intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
        if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
        weight,
        truth_value
    FROM labelled_events AS e FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
        AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
)
GROUP BY version, window, segment
ORDER BY version, window, segment
