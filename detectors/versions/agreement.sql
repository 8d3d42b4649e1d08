-- How far the answers of two versions to the same requests agree, as counts by distance and weight.
-- Parameters: model, champion, challenger String; since, until DateTime64(3), half-open; way String: `event`,
--   `trace` or `key`; key_slot, category_slot UInt16, positions from 1; score_slots Array(UInt16), empty for none;
--   parts, part UInt32: only pairs whose hash leaves `part` when divided by `parts`.
-- Columns: what, `prediction` (0 same, 1 another) or `scores` (half the sum of absolute differences of the scores,
--   all of it when there is one); value_level 0..512, in 512ths, rounded down; weight_level, 2 log2(weight), rounded
--   down, of the heavier of the two; rows; value_parts, weight_parts, both_parts: sums over pairs of how far they lie
--   towards the next level (0..1) in distance, in weight, and their product. Pairs without a score have no distance.
-- Reads inference_events by its key (model, ts).
SELECT
    what,
    toUInt16(floor(512 * least(distance, 1.) AS position)) AS value_level,
    toInt16(floor(2 * log2(weight))) AS weight_level,
    count() AS rows,
    sum(position - value_level) AS value_parts,
    sum((weight / pow(2., weight_level / 2) - 1) / (sqrt(2.) - 1) AS weight_part) AS weight_parts,
    sum((position - value_level) * weight_part) AS both_parts
FROM (
    SELECT
        greatest(a.weight, b.weight) AS weight,
        arrayJoin([
            ('prediction', toFloat64(a.prediction != b.prediction)),
            ('scores', arraySum(arrayMap((x, y) -> abs(x - y), a.scores, b.scores)) / if(length(a.scores) > 1, 2, 1))
        ]) AS compared,
        compared.1 AS what,
        compared.2 AS distance
    FROM (
        SELECT weight,
            multiIf({way:String} = 'event', cityHash64(event_id), {way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair,
            toString(categorical[{category_slot:UInt16}]) AS prediction,
            if(empty({score_slots:Array(UInt16)}), [nan], arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {score_slots:Array(UInt16)})) AS scores
        FROM inference_events
        WHERE model = {model:String} AND version = {champion:String} AND status = 'ok' AND weight > 0
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND multiIf({way:String} = 'event', event_id, {way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
            AND pair % {parts:UInt32} = {part:UInt32}
        ORDER BY pair, ts
        LIMIT 1 BY pair
    ) AS a
    INNER JOIN (
        SELECT weight,
            multiIf({way:String} = 'event', cityHash64(event_id), {way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair,
            toString(categorical[{category_slot:UInt16}]) AS prediction,
            if(empty({score_slots:Array(UInt16)}), [nan], arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {score_slots:Array(UInt16)})) AS scores
        FROM inference_events
        WHERE model = {model:String} AND version = {challenger:String} AND status = 'ok' AND weight > 0
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND multiIf({way:String} = 'event', event_id, {way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
            AND pair % {parts:UInt32} = {part:UInt32}
        ORDER BY pair, ts
        LIMIT 1 BY pair
    ) AS b ON a.pair = b.pair
)
WHERE NOT isNaN(distance)
GROUP BY what, value_level, weight_level
ORDER BY what, value_level, weight_level
