-- Ranking: sums of the gains of single answers, defined by gains_of_answer in ranking.py.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   k UInt16, how many items from the top count.
-- Columns: version; window, number since `since`; segment, value; left_out, answers whose items or truth are
--   no JSON; without, answers without a relevant item; n, w, w2 of those with one: events, sums of weights and of
--   their squares; all_n, all_w, all_w2 the same of both; wx, w2x, w2x2 of every gain.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    countIf(NOT readable) AS left_out,
    countIf(readable AND relevant = 0) AS without,
    countIf(ranked) AS n,
    sumIf(weight, ranked) AS w,
    sumIf(weight * weight, ranked) AS w2,
    countIf(readable) AS all_n,
    sumIf(weight, readable) AS all_w,
    sumIf(weight * weight, readable) AS all_w2,
    sumIf(weight * ndcg, ranked) AS ndcg_wx,
    sumIf(weight * weight * ndcg, ranked) AS ndcg_w2x,
    sumIf(weight * weight * ndcg * ndcg, ranked) AS ndcg_w2x2,
    sumIf(weight * average_precision, ranked) AS average_precision_wx,
    sumIf(weight * weight * average_precision, ranked) AS average_precision_w2x,
    sumIf(weight * weight * average_precision * average_precision, ranked) AS average_precision_w2x2,
    sumIf(weight * reciprocal_rank, ranked) AS reciprocal_rank_wx,
    sumIf(weight * weight * reciprocal_rank, ranked) AS reciprocal_rank_w2x,
    sumIf(weight * weight * reciprocal_rank * reciprocal_rank, ranked) AS reciprocal_rank_w2x2,
    sumIf(weight * recall, ranked) AS recall_wx,
    sumIf(weight * weight * recall, ranked) AS recall_w2x,
    sumIf(weight * weight * recall * recall, ranked) AS recall_w2x2,
    sumIf(weight * ctr, readable) AS ctr_wx,
    sumIf(weight * weight * ctr, readable) AS ctr_w2x,
    sumIf(weight * weight * ctr * ctr, readable) AS ctr_w2x2
FROM (
    SELECT
        version,
        window,
        segment,
        weight,
        readable,
        readable AND relevant > 0 AS ranked,
        arrayCount(gain -> gain > 0, gains) AS relevant,
        arraySlice(items, 1, {k:UInt16}) AS top,
        arrayMap((item, time) -> if(time = 1, gains[indexOf(keys, item)], 0), top, arrayEnumerateUniq(top)) AS gained,
        arrayMap(gain -> toUInt8(gain > 0), gained) AS hits,
        arrayMap((gain, place) -> gain / log2(place + 1), gained, arrayEnumerate(gained)) AS discounted,
        arraySlice(arrayReverseSort(gains), 1, {k:UInt16}) AS best,
        arraySum(discounted) / arraySum(arrayMap((gain, place) -> gain / log2(place + 1), best, arrayEnumerate(best))) AS ndcg,
        arraySum(arrayMap((hit, found, place) -> hit * found / place, hits, arrayCumSum(hits), arrayEnumerate(hits))) / relevant AS average_precision,
        if(has(hits, 1), 1 / indexOf(hits, 1), 0) AS reciprocal_rank,
        arraySum(hits) / relevant AS recall,
        toFloat64(has(hits, 1)) AS ctr
    FROM (
        SELECT
            if({merged:UInt8} = 1, '', toString(e.version)) AS version,
            intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
            if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
            weight,
            JSONType(prediction_text) AS answer,
            JSONType(truth_text) AS truths,
            isValidJSON(prediction_text) AND isValidJSON(truth_text) AND answer = 'Array' AND truths IN ('Array', 'Object') AS readable,
            arrayMap(item -> if(startsWith(item, '"'), JSONExtractString(item), item), JSONExtractArrayRaw(prediction_text)) AS items,
            arrayDistinct(arrayMap(item -> if(startsWith(item, '"'), JSONExtractString(item), item), JSONExtractArrayRaw(truth_text))) AS listed,
            JSONExtractKeysAndValues(truth_text, 'Float64') AS weighted,
            if(truths = 'Array', listed, arrayMap(pair -> pair.1, weighted)) AS keys,
            if(truths = 'Array', arrayMap(item -> 1., listed), arrayMap(pair -> greatest(pair.2, 0), weighted)) AS gains
        FROM labelled_events AS e FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
            AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
    )
)
GROUP BY version, window, segment
ORDER BY version, window, segment
