-- Differences of loss between two versions that answered the same events, as counts by difference and weight.
-- Parameters: model, name, champion, challenger String; recipe UInt64; since, until DateTime64(3), half-open;
--   loss_bound Float64, loss that counts as 1, and those of the loss; segment_slot UInt16, position from 1 of the
--   segment that is filtered, 0 for none, and segment_value String; by_slot UInt16, position of the segment that
--   is told apart, 0 for none, and by_values Array(String), its values that are told apart; parts, part UInt32:
--   only pairs whose hash leaves `part` when divided by `parts`, so that a join fits into memory.
-- LOSS_OF_EVENT, EVENT_COUNTS and EVENT_FACTOR (on the weight) stand for the expressions of detectors/performance/decay/loss.py.
-- Columns: segment; value_level 0..512, (difference + 1) / 2 in 512ths, rounded down; weight_level, 2 log2(weight),
--   rounded down, of the heavier of the two; rows, pairs; champion_losses, challenger_losses, weighted sums in
--   parts of loss_bound; weights, their sum; value_parts, weight_parts, both_parts: sums over pairs of how far they
--   lie towards the next level (0..1) in difference, in weight, and their product.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key.
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
    SELECT a.segment AS segment, a.scaled AS champion_loss, b.scaled AS challenger_loss,
        greatest(a.weight, b.weight) AS weight
    FROM (
        SELECT event_key, weight * EVENT_FACTOR AS weight,
            if({by_slot:UInt16} = 0, '', toString(segments[greatest({by_slot:UInt16}, 1)])) AS segment,
            greatest(0., least(1., (LOSS_OF_EVENT AS loss) / {loss_bound:Float64})) AS scaled
        FROM labelled_events FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND version = {champion:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND ({segment_slot:UInt16} = 0 OR segments[greatest({segment_slot:UInt16}, 1)] = {segment_value:String})
            AND ({by_slot:UInt16} = 0 OR segments[greatest({by_slot:UInt16}, 1)] IN {by_values:Array(String)})
            AND event_key % {parts:UInt32} = {part:UInt32}
            AND weight > 0 AND EVENT_COUNTS AND NOT isNaN(loss)
        ORDER BY event_key, ts
        LIMIT 1 BY event_key
    ) AS a
    INNER JOIN (
        SELECT event_key, weight * EVENT_FACTOR AS weight, greatest(0., least(1., (LOSS_OF_EVENT AS loss) / {loss_bound:Float64})) AS scaled
        FROM labelled_events FINAL
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
            AND version = {challenger:String}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND event_key % {parts:UInt32} = {part:UInt32}
            AND weight > 0 AND EVENT_COUNTS AND NOT isNaN(loss)
        ORDER BY event_key, ts
        LIMIT 1 BY event_key
    ) AS b ON a.event_key = b.event_key
)
GROUP BY segment, value_level, weight_level
ORDER BY segment, value_level, weight_level
SETTINGS do_not_merge_across_partitions_select_final = 1
