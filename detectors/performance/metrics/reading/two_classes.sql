-- A classifier of two classes: sums by truth, prediction and calibration bin, and all scores, one row a window.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   bins UInt16; width UInt8, probabilities an event has: 1 or 2; classes Array(String), theirs in this order;
--   slot UInt8, position of the one used; positive String, the class looked for; flip UInt8, 1 = the one used is
--   the other class'; modulus UInt64, one of so many events has its score in the curves.
-- Columns: version; window, number since `since`; segment, value; then arrays with a value a cell: truth;
--   prediction; bin, 65535 = unusable scores; n events; w, w2 sums of weights and their squares; of the log loss,
--   the Brier score and the positive class' probability c: wx, w2x, w2x2; scores, float64 in any order, and signed,
--   float64 in the same order (weight, negative for the other class), each after a varint of their number.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    groupArray(truth) AS truth,
    groupArray(prediction) AS prediction,
    groupArray(bin) AS bin,
    groupArray(n) AS n,
    groupArray(w) AS w,
    groupArray(w2) AS w2,
    groupArray(log_wx) AS log_wx,
    groupArray(log_w2x) AS log_w2x,
    groupArray(log_w2x2) AS log_w2x2,
    groupArray(brier_wx) AS brier_wx,
    groupArray(brier_w2x) AS brier_w2x,
    groupArray(brier_w2x2) AS brier_w2x2,
    groupArray(c_wx) AS c_wx,
    groupArray(c_w2x) AS c_w2x,
    groupArray(c_w2x2) AS c_w2x2,
    formatRow('RowBinary', groupArrayArray(cell_scores)) AS scores,
    formatRow('RowBinary', groupArrayArray(cell_signed)) AS signed
FROM (
    SELECT
        version,
        window,
        segment,
        truth,
        prediction,
        bin,
        count() AS n,
        sum(weight) AS w,
        sum(weight * weight) AS w2,
        sum(weight * log_loss) AS log_wx,
        sum(weight * weight * log_loss) AS log_w2x,
        sum(weight * weight * log_loss * log_loss) AS log_w2x2,
        sum(weight * brier) AS brier_wx,
        sum(weight * weight * brier) AS brier_w2x,
        sum(weight * weight * brier * brier) AS brier_w2x2,
        sum(weight * c) AS c_wx,
        sum(weight * weight * c) AS c_w2x,
        sum(weight * weight * c * c) AS c_w2x2,
        groupArrayIf(if({flip:UInt8} = 1, -score, score), drawn) AS cell_scores,
        groupArrayIf(if(truth = {positive:String}, weight, -weight), drawn) AS cell_signed
    FROM (
        SELECT
            if({merged:UInt8} = 1, '', toString(e.version)) AS version,
            intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
            if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
            truth,
            prediction,
            weight,
            scores[{slot:UInt8}] AS score,
            scores[{width:UInt8}] AS last,
            length(scores) = {width:UInt8} AND isFinite(score) AS ranked,
            ranked AND score >= 0 AND score <= 1
                AND ({width:UInt8} = 1 OR (last >= 0 AND last <= 1 AND abs(scores[1] + last - 1) <= 0.01)) AS usable,
            if({flip:UInt8} = 1, 1 - score, score) AS c,
            multiIf(
                {width:UInt8} = 2, scores[indexOf({classes:Array(String)}, toString(truth))],
                truth = {positive:String}, c,
                1 - c
            ) AS of_truth,
            -log(least(greatest(of_truth, 2.220446049250313e-16), 1 - 2.220446049250313e-16)) AS log_loss,
            if(
                {width:UInt8} = 2,
                (scores[1] * scores[1] + last * last - 2 * of_truth + 1) / 2,
                (1 - of_truth) * (1 - of_truth)
            ) AS brier,
            if(usable, least(toUInt16(c * {bins:UInt16}), {bins:UInt16} - 1), 65535) AS bin,
            ranked AND ({modulus:UInt64} = 1 OR event_key % {modulus:UInt64} = 0) AS drawn
        FROM labelled_events AS e FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
            AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
    )
    GROUP BY version, window, segment, truth, prediction, bin
)
GROUP BY version, window, segment
ORDER BY version, window, segment
