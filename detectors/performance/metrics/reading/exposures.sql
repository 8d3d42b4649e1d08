-- Ranking: how often each item was shown among the first k, reduced to what coverage and diversity need.
-- Parameters: those of plan.sql without texts; segment UInt8, position of the segment column, 0 = all rows;
--   k UInt16, how many items from the top count.
-- Columns: version; window, number since `since`; segment, value; items, different ones shown; seen, different ones in
--   whole answers and truths; unstable, sum over items of (-1)^(answers that show it + 1); e, e2, e3 sums of the
--   items' exposure (weights), its square and its cube; w2 sum of squared weights over single exposures.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts.
SELECT
    version,
    window,
    segment,
    countIf(shown > 0) AS items,
    count() AS seen,
    sumIf(if(shown % 2 = 1, 1, -1), shown > 0) AS unstable,
    sum(exposure) AS e,
    sum(exposure * exposure) AS e2,
    sum(exposure * exposure * exposure) AS e3,
    sum(squares) AS w2
FROM (
    SELECT
        version,
        window,
        segment,
        entry.1 AS item,
        sum(entry.2) AS shown,
        sum(weight * entry.2) AS exposure,
        sum(weight * weight * entry.2) AS squares
    FROM (
        SELECT
            version,
            window,
            segment,
            weight,
            arrayDistinct(arraySlice(items, 1, {k:UInt16})) AS top,
            arrayJoin(arrayConcat(
                arrayMap(item -> (item, 1), top),
                arrayMap(item -> (item, 0), arrayFilter(item -> NOT has(top, item), arrayDistinct(arrayConcat(items, keys))))
            )) AS entry
        FROM (
            SELECT
            if({merged:UInt8} = 1, '', toString(e.version)) AS version,
            intDiv(toUnixTimestamp64Milli(ts) - toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')}), {window_ms:UInt64}) AS window,
            if({segment:UInt8} = 0, '', toString(segments[greatest({segment:UInt8}, 1)])) AS segment,
                weight,
                JSONType(truth_text) AS truths,
                arrayMap(item -> if(startsWith(item, '"'), JSONExtractString(item), item), JSONExtractArrayRaw(prediction_text)) AS items,
                if(
                    truths = 'Array',
                    arrayMap(item -> if(startsWith(item, '"'), JSONExtractString(item), item), JSONExtractArrayRaw(truth_text)),
                    arrayMap(pair -> pair.1, JSONExtractKeysAndValuesRaw(truth_text))
                ) AS keys
        FROM labelled_events AS e FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND (empty({versions:Array(String)}) OR e.version IN {versions:Array(String)})
            AND (empty({excluded:Array(UInt64)}) OR intDiv(toUnixTimestamp64Milli(ts), {excluded_ms:UInt64}) NOT IN {excluded:Array(UInt64)})
                AND isValidJSON(prediction_text) AND isValidJSON(truth_text)
                AND JSONType(prediction_text) = 'Array' AND JSONType(truth_text) IN ('Array', 'Object')
        )
    )
    GROUP BY version, window, segment, item
)
GROUP BY version, window, segment
ORDER BY version, window, segment
