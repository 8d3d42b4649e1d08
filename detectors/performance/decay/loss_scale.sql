-- How large losses and weights of a reference are.
-- Parameters: as in loss_sums.sql, without window_seconds, weight_limit, loss_bound, limit and bets.
-- Filled in by the caller, from closed sets: @loss, loss of one event; @factor, on its weight; @counted, which
--   rows count.
-- Columns: labelled; high, 99th percentile of the loss, weighted, of finite ones; weight, sum of w; squares,
--   sum of w^2.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts; the newest label counts.
SELECT
    count() AS labelled,
    quantileExactWeightedIf(0.99)(raw, toUInt64(ceil(1000 * weight)), isFinite(raw)) AS high,
    sum(weight) AS weight_sum,
    sum(weight * weight) AS squares
FROM (
    SELECT weight * (@factor) AS weight, @loss AS raw
    FROM labelled_events FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR has({versions:Array(String)}, toString(version)))
        AND ({segment_index:UInt16} = 0 OR segments[{segment_index:UInt16}] = {segment_value:String})
        AND (@counted) AND NOT isNaN(raw)
)
