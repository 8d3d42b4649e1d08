-- Sums behind the metrics of predicted numbers; squares of the truth are taken about each window's mean.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   quantile Float64, of the quantile loss.
-- Columns: version; window, number since `since`; segment, value; left_out, events without finite values;
--   n, w, w2 events, sums of weights and of their squares; relative_n, relative_w, relative_w2 those with a truth other
--   than 0; wx, w2x, w2x2 of absolute, squared, signed, quantile and relative error and of the squared deviation
--   (spread) from the mean truth; w2_cross, of squared error times spread.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    countIf(NOT usable) AS left_out,
    countIf(usable) AS n,
    sumIf(weight, usable) AS w,
    sumIf(weight * weight, usable) AS w2,
    countIf(usable AND truth_value != 0) AS relative_n,
    sumIf(weight, usable AND truth_value != 0) AS relative_w,
    sumIf(weight * weight, usable AND truth_value != 0) AS relative_w2,
    sumIf(weight * absolute, usable) AS absolute_wx,
    sumIf(weight * weight * absolute, usable) AS absolute_w2x,
    sumIf(weight * weight * absolute * absolute, usable) AS absolute_w2x2,
    sumIf(weight * squared, usable) AS squared_wx,
    sumIf(weight * weight * squared, usable) AS squared_w2x,
    sumIf(weight * weight * squared * squared, usable) AS squared_w2x2,
    sumIf(weight * error, usable) AS signed_wx,
    sumIf(weight * weight * error, usable) AS signed_w2x,
    sumIf(weight * weight * error * error, usable) AS signed_w2x2,
    sumIf(weight * pinball, usable) AS quantile_wx,
    sumIf(weight * weight * pinball, usable) AS quantile_w2x,
    sumIf(weight * weight * pinball * pinball, usable) AS quantile_w2x2,
    sumIf(weight * relative, usable AND truth_value != 0) AS relative_wx,
    sumIf(weight * weight * relative, usable AND truth_value != 0) AS relative_w2x,
    sumIf(weight * weight * relative * relative, usable AND truth_value != 0) AS relative_w2x2,
    sumIf(weight * spread, usable) AS spread_wx,
    sumIf(weight * weight * spread, usable) AS spread_w2x,
    sumIf(weight * weight * spread * spread, usable) AS spread_w2x2,
    sumIf(weight * weight * squared * spread, usable) AS w2_cross
FROM (
    SELECT
        version,
        window,
        segment,
        weight,
        truth_value,
        usable,
        predicted_value - truth_value AS error,
        abs(error) AS absolute,
        error * error AS squared,
        greatest(-{quantile:Float64} * error, (1 - {quantile:Float64}) * error) AS pinball,
        absolute / abs(truth_value) AS relative,
        (truth_value - mean) * (truth_value - mean) AS spread
    FROM (
        SELECT
            if({merged:UInt8} = 1, '', toString(e.version)) AS version,
            intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
            if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
            weight,
            truth_value,
            predicted_value,
            isFinite(truth_value) AND isFinite(predicted_value) AS usable
        FROM labelled_events AS e FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
            AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
    ) AS events
    INNER JOIN (
        SELECT
            if({merged:UInt8} = 1, '', toString(e.version)) AS version,
            intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
            if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
            sumIf(weight * truth_value, isFinite(truth_value) AND isFinite(predicted_value))
                / sumIf(weight, isFinite(truth_value) AND isFinite(predicted_value)) AS mean
        FROM labelled_events AS e FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
            AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
        GROUP BY version, window, segment
    ) AS means USING (version, window, segment)
)
GROUP BY version, window, segment
ORDER BY version, window, segment
