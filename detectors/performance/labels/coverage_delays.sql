-- Labels of a model by window and by how late they came.
-- Parameters: model String; recipe UInt64; name String, empty for the truth; since, until DateTime64(3), half-open and on
--   window borders; window_seconds UInt32; upper Array(Float64), ascending upper ends of classes of delays in seconds.
-- Columns: window_start; class, number of the class from 0, the last one for all that is later; rows.
-- Reads labelled_events by the prefix (model, recipe, name) of its key.
SELECT
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    least(
        arrayCount(edge -> edge < toUnixTimestamp64Micro(label_received_at) / 1e6 - toUnixTimestamp64Milli(ts) / 1e3, {upper:Array(Float64)}),
        length({upper:Array(Float64)}) - 1
    ) AS class,
    count() AS rows
FROM labelled_events FINAL
WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
GROUP BY window_start, class
