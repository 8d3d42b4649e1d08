-- As tally_of_pairs.sql, for versions that answered the same requests under different event ids: found by trace or
-- by the key of the labels. The truth that came for the champion's answer counts for the challenger's too.
-- Parameters: those of tally_of_pairs.sql; way String, `trace` or `key`; key_slot UInt16, position from 1 of the
--   category that is the key; category_slot, number_slot UInt16 of the prediction, 0 for none; score_slots
--   Array(UInt16).
-- Columns: those of tally_of_pairs.sql.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key, inference_events by its key.
SELECT
    segment,
    toUInt16(floor(256 * (challenger_loss - champion_loss + 1) AS position)) AS value_level,
    toInt16(floor(2 * log2(weight))) AS weight_level,
    count() AS rows,
    sum(weight * champion_loss) AS champion_losses,
    sum(weight * challenger_loss) AS challenger_losses,
    sum(weight) AS weights,
    sum(position - value_level) AS value_parts,
    sum((weight / pow(2., weight_level / 2) - 1) / (sqrt(2.) - 1) AS weight_part) AS weight_parts,
    sum((position - value_level) * weight_part) AS both_parts
FROM (
    SELECT segment, champion_loss, greatest(champion_weight, challenger_weight) AS weight,
        greatest(0., least(1., (LOSS_OF_EVENT AS loss) / {loss_bound:Float64})) AS challenger_loss
    FROM (
        SELECT a.segment AS segment, a.champion_loss AS champion_loss, a.weight AS champion_weight,
            b.weight AS challenger_weight, a.truth AS truth, a.truth_value AS truth_value,
            b.prediction AS prediction, b.predicted_value AS predicted_value, b.scores AS scores
        FROM (
            SELECT m.pair AS pair, l.segment AS segment, l.weight AS weight, l.scaled AS champion_loss,
                l.truth AS truth, l.truth_value AS truth_value
            FROM (
                SELECT event_key, weight, truth, truth_value,
                    if({by_slot:UInt16} = 0, '', toString(segments[greatest({by_slot:UInt16}, 1)])) AS segment,
                    greatest(0., least(1., (LOSS_OF_EVENT AS loss) / {loss_bound:Float64})) AS scaled
                FROM labelled_events FINAL
                WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
                    AND version = {champion:String}
                    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                    AND ({segment_slot:UInt16} = 0 OR segments[greatest({segment_slot:UInt16}, 1)] = {segment_value:String})
                    AND ({by_slot:UInt16} = 0 OR segments[greatest({by_slot:UInt16}, 1)] IN {by_values:Array(String)})
                    AND weight > 0 AND EVENT_COUNTS AND NOT isNaN(loss)
            ) AS l
            INNER JOIN (
                SELECT cityHash64(event_id) AS event_key,
                    if({way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair
                FROM inference_events
                WHERE model = {model:String} AND version = {champion:String} AND status = 'ok'
                    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                    AND if({way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
                    AND pair % {parts:UInt32} = {part:UInt32}
                ORDER BY pair, ts
                LIMIT 1 BY pair
            ) AS m ON l.event_key = m.event_key
        ) AS a
        INNER JOIN (
            SELECT weight,
                if({way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair,
                if({category_slot:UInt16} = 0, '', replaceAll(toString(categorical[greatest({category_slot:UInt16}, 1)]), '\0', '')) AS prediction,
                if({number_slot:UInt16} = 0, nan, if(length(numeric) >= {number_slot:UInt16}, numeric[greatest({number_slot:UInt16}, 1)], nan)) AS predicted_value,
                if(empty({score_slots:Array(UInt16)}), CAST([], 'Array(Float64)'), arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {score_slots:Array(UInt16)})) AS scores
            FROM inference_events
            WHERE model = {model:String} AND version = {challenger:String} AND status = 'ok'
                AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                AND if({way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
                AND pair % {parts:UInt32} = {part:UInt32}
            ORDER BY pair, ts
            LIMIT 1 BY pair
        ) AS b ON a.pair = b.pair
    )
    WHERE NOT isNaN(loss)
)
GROUP BY segment, value_level, weight_level
ORDER BY segment, value_level, weight_level
SETTINGS do_not_merge_across_partitions_select_final = 1
