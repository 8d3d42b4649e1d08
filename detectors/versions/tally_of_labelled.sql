-- Losses of the labelled events of two versions, as counts by loss and weight.
-- Parameters: model, name, champion, challenger String; recipe UInt64; since, until DateTime64(3), half-open;
--   loss_bound Float64, loss that counts as 1, and those of the loss; segment_slot UInt16, position from 1 of the
--   segment that is filtered, 0 for none, and segment_value String; by_slot UInt16, position of the segment that
--   is told apart, 0 for none, and by_values Array(String), its values that are told apart.
-- LOSS_OF_EVENT, EVENT_COUNTS and EVENT_FACTOR (on the weight) stand for the expressions of detectors/performance/decay/loss.py.
-- Columns: version; segment; value_level 0..512, loss in 512ths, rounded down; weight_level, 2 log2(weight),
--   rounded down; rows; value_parts, weight_parts, both_parts: sums over rows of how far they lie towards the next
--   level (0..1) in loss, in weight, and their product.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key.
SELECT
    version,
    segment,
    toUInt16(floor(position)) AS value_level,
    toInt16(floor(2 * log2(weight))) AS weight_level,
    count() AS rows,
    sum(position - value_level) AS value_parts,
    sum((weight / pow(2., weight_level / 2) - 1) / (sqrt(2.) - 1) AS weight_part) AS weight_parts,
    sum((position - value_level) * weight_part) AS both_parts
FROM (
    SELECT
        toString(version) AS version,
        if({by_slot:UInt16} = 0, '', toString(segments[greatest({by_slot:UInt16}, 1)])) AS segment,
        weight * EVENT_FACTOR AS weight,
        512 * greatest(0., least(1., (LOSS_OF_EVENT AS loss) / {loss_bound:Float64})) AS position
    FROM labelled_events FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
        AND version IN ({champion:String}, {challenger:String})
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND ({segment_slot:UInt16} = 0 OR segments[greatest({segment_slot:UInt16}, 1)] = {segment_value:String})
        AND ({by_slot:UInt16} = 0 OR segments[greatest({by_slot:UInt16}, 1)] IN {by_values:Array(String)})
        AND weight > 0 AND EVENT_COUNTS AND NOT isNaN(loss)
)
GROUP BY version, segment, value_level, weight_level
ORDER BY version, segment, value_level, weight_level
SETTINGS do_not_merge_across_partitions_select_final = 1
