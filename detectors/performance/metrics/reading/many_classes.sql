-- A classifier of any number of classes, with the probability of every one, of the predicted one, or of none.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   bins UInt16; classes Array(String), those with a probability, in order ([''] = that of the predicted class,
--   [] = none); by_bin UInt8: 0 = cells are truth and prediction, 1 = cells are bins and whether the prediction was
--   right (truth '1' or '0'); curves UInt8, 1 = bring the scores; modulus UInt64, one of so many events brings them.
-- Columns: version; window, number since `since`; segment, value; then arrays with a value a cell: truth;
--   prediction; bin, 65535 = unusable scores, 65534 = no score of the predicted class, 0 unless by_bin; n events;
--   w, w2 sums of weights and their squares; of the log loss, the Brier score and the predicted class' probability
--   c: wx, w2x, w2x2; scores (event by event, all classes) and weights, float64 after a varint of their number.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    groupArray(cell_truth) AS truth,
    groupArray(cell_prediction) AS prediction,
    groupArray(cell_bin) AS bin,
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
    groupArray(cell_scores) AS scores,
    groupArray(cell_weights) AS weights
FROM (
    SELECT
        version,
        window,
        segment,
        if({by_bin:UInt8} = 1, if(truth = prediction, '1', '0'), toString(truth)) AS cell_truth,
        if({by_bin:UInt8} = 1, '', toString(prediction)) AS cell_prediction,
        if({by_bin:UInt8} = 1, bin, if(usable, 0, 65535)) AS cell_bin,
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
        formatRow('RowBinary', groupArrayArrayIf(scores, drawn)) AS cell_scores,
        formatRow('RowBinary', groupArrayIf(weight, drawn)) AS cell_weights
    FROM (
        SELECT
            if({merged:UInt8} = 1, '', toString(e.version)) AS version,
            intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
            if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
            truth,
            prediction,
            weight,
            scores,
            {classes:Array(String)} = [''] AS of_predicted,
            notEmpty({classes:Array(String)}) AND length(scores) = length({classes:Array(String)}) AS told,
            told AND arrayAll(score -> score >= 0 AND score <= 1, scores)
                AND (of_predicted OR abs(arraySum(scores) - 1) <= 0.01) AS usable,
            if(of_predicted, 1, indexOf({classes:Array(String)}, toString(prediction))) AS predicted_slot,
            scores[predicted_slot] AS c,
            scores[indexOf({classes:Array(String)}, toString(truth))] AS of_truth,
            -log(least(greatest(of_truth, 2.220446049250313e-16), 1 - 2.220446049250313e-16)) AS log_loss,
            arraySum(score -> score * score, scores) - 2 * of_truth + 1 AS brier,
            multiIf(
                NOT usable, 65535,
                predicted_slot = 0, 65534,
                least(toUInt16(c * {bins:UInt16}), {bins:UInt16} - 1)
            ) AS bin,
            {curves:UInt8} = 1 AND told AND arrayAll(score -> isFinite(score), scores)
                AND ({modulus:UInt64} = 1 OR event_key % {modulus:UInt64} = 0) AS drawn
        FROM labelled_events AS e FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
            AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
    )
    GROUP BY version, window, segment, cell_truth, cell_prediction, cell_bin
)
GROUP BY version, window, segment
ORDER BY version, window, segment
